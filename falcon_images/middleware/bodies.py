"""Bodies of requests: which responders take one, how large, and of what type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from falcon_images.errors import TooLargeError
from falcon_images.server.verdict import NOT_TAKEN

FORM = 'multipart/form-data'
JSON = 'application/json'
MERGE_PATCH = 'application/merge-patch+json'
URLENCODED = 'application/x-www-form-urlencoded'

# A request that needs no body may have so many bytes of one nevertheless.
SMALL_BYTES = 8192


@dataclass(frozen=True)
class Body:
    """The body that a responder takes.

    Args:
        max_bytes: those that it may have.
        too_large: the sentence for a client that sends more.
        types: the media types that it may have; any if there are none.
    """

    max_bytes: int
    too_large: str
    types: tuple[str, ...] = ()


# Of a class of resources and a method.
Bodies = Mapping[tuple[type, str], Body]

_NONE = Body(
    SMALL_BYTES, f'This request takes no body of more than {SMALL_BYTES} bytes.'
)


class BodyLimits:
    """Middleware that refuses bodies which no responder takes, by the headers alone."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies

    def of(self, resource: object, method: str) -> Body:
        """Return what may be sent to a resource."""
        return self._bodies.get((type(resource), method), _NONE)

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        params: dict[str, Any],
    ) -> None:
        """Refuse a body of the wrong type, or one with too many bytes."""
        if not responds(resource, req.method):
            return
        body = self.of(resource, req.method)
        if body.types and media_type(req) not in body.types:
            raise falcon.HTTPUnsupportedMediaType(
                description=f'Send the body as {" or ".join(body.types)}.'
            )
        if body.types and not _is_unpacked(req):
            raise falcon.HTTPUnsupportedMediaType(
                description='Send the body unpacked: Content-Encoding must be '
                'identity, or left out.',
                headers={'Accept-Encoding': 'identity'},
            )
        if (req.content_length or 0) > body.max_bytes or req.env.get(NOT_TAKEN):
            raise TooLargeError(body.too_large)


def _is_unpacked(req: falcon.Request) -> bool:
    packings = (req.get_header('Content-Encoding') or '').lower().split(',')
    return all(packing.strip() in ('', 'identity') for packing in packings)


def responds(resource: object, method: str) -> bool:
    """Return whether a resource has a responder of its own for a method."""
    return hasattr(resource, f'on_{method.lower()}')


def media_type(req: falcon.Request) -> str:
    """Return the type of the body, without its parameters."""
    return (req.content_type or '').partition(';')[0].strip().lower()
