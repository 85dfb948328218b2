"""The image file as a resource: conditions, ranges, and headers that keep it safe."""

import re
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import falcon

from falcon_images.conditional import is_not_modified, requested_range
from falcon_images.image_types import SVG
from falcon_images.settings import Settings
from falcon_images.stored_files import StoredFile, StoredFiles

TRUE = ('1', 'true')
# They keep browsers from running anything that an image could hold.
SAFE_HEADERS = {
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'X-Content-Type-Options': 'nosniff',
}
_SIMPLE_NAME = re.compile('[A-Za-z0-9_. ()-]*')
_NOT_SIMPLE = re.compile('[^A-Za-z0-9_. ()-]')


class ImageFile:
    """One image's file."""

    def __init__(self, files: StoredFiles, settings: Settings) -> None:
        self._files = files
        self._cache_control = lasting(settings)

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        stored = self._files.find(collection_name, image_id)
        if is_not_modified(req, stored.sha256, stored.time):
            self._set_validators(resp, stored)
            resp.status = falcon.HTTP_304
            return
        selected = requested_range(req, stored.size, stored.sha256, stored.time)
        first, last = selected or (0, stored.size - 1)
        # Opened first: an error must not carry headers that let it be cached.
        file = self._files.open(stored, first, last)
        resp.set_stream(cast(Any, file), last - first + 1)
        self._set_validators(resp, stored)
        self._describe(req, resp, stored)
        if selected:
            resp.content_range = (first, last, stored.size)
            resp.status = falcon.HTTP_206

    def on_head(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        self.on_get(req, resp, collection_name, image_id)
        if resp.stream:
            cast(BinaryIO, resp.stream).close()
            resp.stream = None

    def _set_validators(self, resp: falcon.Response, stored: StoredFile) -> None:
        resp.cache_control = self._cache_control
        resp.etag = stored.sha256
        resp.last_modified = stored.time

    def _describe(
        self, req: falcon.Request, resp: falcon.Response, stored: StoredFile
    ) -> None:
        download = req.get_param('download') in TRUE
        shown = stored.type.startswith('image/') and stored.type != SVG
        kind = 'inline' if shown and not download else 'attachment'
        resp.content_type = stored.type
        resp.accept_ranges = 'bytes'
        resp.set_headers(
            {
                'Content-Disposition': content_disposition(kind, stored.name),
                **SAFE_HEADERS,
            }
        )


def lasting(settings: Settings) -> list[str]:
    """Tell who may keep for a year what never changes, as `Cache-Control` does."""
    who = 'private' if settings.use_authentication else 'public'
    return [who, 'max-age=31536000', 'immutable']


def content_disposition(kind: str, name: str) -> str:
    """Write the header of RFC 6266, its name in RFC 8187's form where it must be."""
    if _SIMPLE_NAME.fullmatch(name):
        return f'{kind}; filename="{name}"'
    fallback = _NOT_SIMPLE.sub('_', name)
    encoded = quote(name, safe='', errors='replace')
    return f'{kind}; filename="{fallback}"; filename*=UTF-8\'\'{encoded}'
