"""Entity tags (RFC 9110, section 8.8.3) of documents and other texts."""

import hashlib
import re

from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document

# The column of exports that says how a document was.
TAG = '_tag'
_TAG_DIGITS = 32
# With letters before it, so that no spreadsheet takes one for a number.
_COLUMN_TAG = 'etag-'
_GIVEN = re.compile(f'(?:{_COLUMN_TAG}|")?([0-9a-f]{{{_TAG_DIGITS}}})"?')


def document_tag(document: Document) -> str:
    """Return the entity tag of a document: it changes when anything in it does."""
    return tag(dumps(document))


def tag(text: bytes) -> str:
    """Return the entity tag of a document's JSON text, in hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()[:_TAG_DIGITS]


def column_tag(document: Document) -> str:
    """Return the tag of a document as a table has it."""
    return f'{_COLUMN_TAG}{document_tag(document)}'


def tag_in(text: str) -> str:
    """Return the entity tag that a cell has; empty if it has none."""
    match = _GIVEN.fullmatch(text)
    return match[1] if match else ''
