"""Bodies of JSON: how they are read, and how documents are answered."""

from typing import Any

import falcon

from falcon_images.errors import TooLargeError
from falcon_images.formats.json import dumps, loads_object, tag
from falcon_images.metadata.documents import Document
from falcon_images.properties import check_depth
from falcon_images.settings import Settings
from falcon_images.uploads.encodings import decoded_text
from falcon_images.uploads.headers import read_value


def send_document(resp: falcon.Response, document: Document) -> None:
    """Answer with a document and its entity tag."""
    resp.data = dumps(document)
    resp.set_header('ETag', f'"{tag(resp.data)}"')


def read_object(req: falcon.Request, settings: Settings) -> dict[str, Any]:
    limit = settings.max_properties_bytes
    body = req.bounded_stream.read(limit + 1)
    if len(body) > limit:
        raise TooLargeError(
            f'The body has more than {limit} bytes (MAX_PROPERTIES_BYTES).'
        )
    charset = read_value(req.content_type or '').parameters.get('charset')
    text = decoded_text(body, charset, 'The body') if charset else body
    properties = loads_object(text, 'The body', settings)
    check_depth(properties, settings.max_json_depth)
    return properties
