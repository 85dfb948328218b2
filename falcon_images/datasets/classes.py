"""Classes and splits: in which folder an image is."""

import hashlib
from typing import Any
from urllib.parse import unquote

from falcon_images.datasets.entry_names import alike, legal_name
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps, sorted_dumps
from falcon_images.metadata.documents import Document
from falcon_images.metadata.values import to_json_type
from falcon_images.query.export import SPLITS, Options

_MAX_CLASSES = 10_000
_MAX_BYTES = 200
_HASH_DIGITS = 12
_SPACE = 2**64


def value_at(document: Document, path: str) -> Any:
    """Return the value of a dotted name; None if there is none.

    Raises:
        InvalidRequestError: it is a list or an object, or in a list.
    """
    value: Any = document
    for name in path.split('.'):
        if isinstance(value, list):
            break
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, dict | list):
        raise InvalidRequestError(
            f'The property {path[:40]!r} of the image {document["_id"]} is a list or '
            'an object; choose a property with one value.'
        )
    return value


def label_of(document: Document, path: str) -> str | None:
    """Return the class of an image as text; None if it has none."""
    value = value_at(document, path)
    return None if value is None else text_of(value)


def text_of(value: Any) -> str:
    """Return a value that is no list and no object as text."""
    if isinstance(value, str):
        return value
    known = value if isinstance(value, bool | int | float) else to_json_type(value)
    return known if isinstance(known, str) else dumps(known).decode()


def class_folders(labels: set[str]) -> dict[str, str]:
    """Return a folder for each class: its text, so that all systems take it.

    What they refuse is percent-encoded. Of those that are the same to a system that
    knows no case, the first in the order of text keeps it, and others get a hash.
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(labels):
        folder = _escaped(label)
        if alike(folder) in taken or len(folder.encode()) > _MAX_BYTES:
            kept = folder.encode()[:_MAX_BYTES].decode(errors='ignore')
            folder = f'{kept}%~{_digest(label)}'
        taken.add(alike(folder))
        folders[label] = folder
    return folders


def class_of_folder(folder: str) -> str:
    """Return the class for which an export makes a folder, else the folder's name.

    That of a class whose name was too long is not known any more.
    """
    kept, _, digest = folder.rpartition('%~')
    for text in filter(None, (folder, kept)):
        label = '' if text == '%' else unquote(text)
        if text == folder and _escaped(label) == folder:
            return label
        if _digest(label) == digest and _escaped(label) == kept:
            return label
    return folder


def check_classes(labels: set[str]) -> None:
    """Raise `InvalidRequestError` if there are more than anybody trains."""
    if len(labels) > _MAX_CLASSES:
        raise InvalidRequestError(
            f'label_by names a property with more than {_MAX_CLASSES} values; choose '
            'one that is a class.'
        )


def group_of(document: Document, options: Options, seconds: float | None) -> str | None:
    """Return what keeps images together; None for those that have no such thing."""
    if options.group_seconds:
        if seconds is None:
            return None
        return f'time:{int(seconds // options.group_seconds)}'
    value = value_at(document, options.group_by) if options.group_by else None
    return None if value is None else sorted_dumps(value).decode()


def split_of(group: str, shares: tuple[int, ...]) -> str:
    """Return the split of a group: by a hash, so that it never moves."""
    if not shares:
        return ''
    digest = hashlib.sha256(group.encode('utf-8', 'surrogatepass')).digest()
    place = int.from_bytes(digest[:8]) * sum(shares)
    bound = 0
    for name, share in zip(SPLITS, shares, strict=False):
        bound += share
        if place < bound * _SPACE:
            return name
    raise AssertionError('the shares are all of it')


def _digest(label: str) -> str:
    return hashlib.sha256(label.encode()).hexdigest()[:_HASH_DIGITS]


def _escaped(label: str) -> str:
    """Percent-encode what a system refuses in the name of a folder."""
    text = ''.join(_percent(char) if _is_refused(char) else char for char in label)
    if not text:
        return '%'
    if text[-1].isspace() or text[-1] == '.':
        text = text[:-1] + _percent(text[-1])
    # Names that begin with a dot are hidden, and devices have names too.
    if text[0] == '.' or legal_name(text) != text:
        text = _percent(text[0]) + text[1:]
    return text


def _is_refused(char: str) -> bool:
    return char == '%' or legal_name(f'a{char}a') != f'a{char}a'


def _percent(char: str) -> str:
    return ''.join(f'%{byte:02X}' for byte in char.encode())
