"""Bodies of JSON: how they are read, and how documents are answered."""

from typing import Any

import falcon

from falcon_images.errors import TooLargeError
from falcon_images.formats.etags import tag
from falcon_images.formats.json import dumps, loads_object
from falcon_images.properties import check_depth
from falcon_images.settings import Limits
from falcon_images.uploads.encodings import decoded_text
from falcon_images.uploads.headers import read_value


def send_document(resp: falcon.Response, document: dict[str, Any]) -> None:
    """Answer with a document and its entity tag."""
    resp.data = dumps(document)
    resp.set_header('ETag', f'"{tag(resp.data)}"')


def read_object(req: falcon.Request, limits: Limits) -> dict[str, Any]:
    """Read the object that a body is.

    Raises:
        InvalidRequestError: it is none, or its objects are nested too deep.
        TooLargeError: it has more bytes than the limit.
    """
    limit = limits.max_properties_bytes
    body = req.bounded_stream.read(limit + 1)
    if len(body) > limit:
        raise TooLargeError(
            f'The body has more than {limit} bytes (MAX_PROPERTIES_BYTES).'
        )
    charset = read_value(req.content_type or '').parameters.get('charset')
    text = decoded_text(body, charset, 'The body') if charset else body
    properties = loads_object(text, 'The body', limits)
    check_depth(properties, limits.max_json_depth)
    return properties
