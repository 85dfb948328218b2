"""Entity tags (RFC 9110, section 8.8.3) of documents and other texts."""

import hashlib

from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document

_TAG_DIGITS = 32


def document_tag(document: Document) -> str:
    """Return the entity tag of a document: it changes when anything in it does."""
    return tag(dumps(document))


def tag(text: bytes) -> str:
    """Return the entity tag of a document's JSON text, in hexadecimal digits."""
    return hashlib.sha256(text).hexdigest()[:_TAG_DIGITS]
