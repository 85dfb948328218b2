"""Documents of uploads, and what proves that one is a retry of another."""

import datetime
import hashlib
from typing import Any

from falcon_images.formats.json import dumps, sorted_dumps
from falcon_images.metadata.documents import Document
from falcon_images.metadata.names import check_collection_name
from falcon_images.metadata.values import new_id, now
from falcon_images.properties import check_values
from falcon_images.uploads.form import Upload


def new_document(
    upload: Upload, image_id: Any = None, time: datetime.datetime | None = None
) -> Document:
    """Make the document of an upload, with the id and the time that it had, if any."""
    return {
        '_id': image_id or new_id(),
        'time': time or now(),
        'image': upload.name,
        '_file': {
            'size': upload.size,
            'type': upload.facts.type,
            'sha256': upload.sha256,
            'width': upload.facts.width,
            'height': upload.facts.height,
            'whole': upload.facts.whole,
        },
        **upload.properties,
    }


def upload_document(collection_name: str, upload: Upload, key: str | None) -> Document:
    """Make the document of an upload, as it can be stored with a key."""
    check_collection_name(collection_name)
    document = new_document(upload)
    check_values(document)
    if key:
        document['_file']['upload'] = {'key': key, 'digest': digest(upload)}
    return document


def digest(upload: Upload) -> str:
    """Return what is the same for a retry, in whatever order its fields come."""
    return hashlib.sha256(sorted_dumps(_sent(upload))).hexdigest()


def old_digest(upload: Upload) -> str:
    """Return the digest that documents of version 1 have: it depends on the order."""
    return hashlib.sha256(dumps(_sent(upload))).hexdigest()


def _sent(upload: Upload) -> list[Any]:
    return [upload.sha256, upload.name, upload.properties]
