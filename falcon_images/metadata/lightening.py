"""Lightening: documents with more values than can be deleted in one step lose some."""

from collections.abc import Iterator

from falcon_images.metadata.documents import Document
from falcon_images.properties import MAX_VALUES, SYSTEM_FIELDS, values_in

_NOT_IN_PATHS = frozenset('.$\0')


def lightening(document: Document) -> Iterator[Document]:
    """Make updates that take the properties of a document, not too much in each."""
    properties = {
        name: value for name, value in document.items() if name not in SYSTEM_FIELDS
    }
    return _removals('', properties)


def _removals(prefix: str, members: Document) -> Iterator[Document]:
    for name, value in members.items():
        # Others, which clients of today cannot send, go with the document.
        if name and _NOT_IN_PATHS.isdisjoint(name):
            path = prefix + name
            if isinstance(value, dict) and values_in(value) > MAX_VALUES:
                yield from _removals(f'{path}.', value)
            yield {'$unset': {path: ''}}
