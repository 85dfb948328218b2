"""The image file as a resource: conditions, ranges, and headers that keep it safe."""

import re
import unicodedata
from typing import Any, cast
from urllib.parse import quote

import falcon

from falcon_images.image_types.identify import SVG
from falcon_images.resources.conditional import is_not_modified, requested_range
from falcon_images.store.image_files import StoredFile, StoredFiles

Headers = tuple[tuple[str, str], ...]

TRUE = ('1', 'true')
# They keep browsers from running anything that an image could hold.
SAFE_HEADERS = (
    ('Content-Security-Policy', "sandbox; default-src 'none'"),
    ('X-Content-Type-Options', 'nosniff'),
    # Pages that isolate themselves show a picture of another origin only with this.
    ('Cross-Origin-Resource-Policy', 'cross-origin'),
)
# So much is sent with its headers in one go.
_SENT_AT_ONCE_BYTES = 64 * 1024
# Of the hash of an image, where its name says nothing to a client.
_NAME_DIGITS = 12
_SIMPLE_NAME = re.compile('[A-Za-z0-9_. ()-]*')
_NOT_SIMPLE = re.compile('[^A-Za-z0-9_. ()-]')


class ImageFile:
    """One image's file."""

    def __init__(self, files: StoredFiles, is_private: bool) -> None:
        self._files = files
        self._cache_control = lasting(is_private)

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        stored = self._files.find(collection_name, image_id)
        if is_not_modified(req, stored.sha256, stored.time):
            resp.set_headers(self._validators(stored))
            resp.status = falcon.HTTP_304
            return
        selected = requested_range(req, stored.size, stored.sha256, stored.time)
        first, last = selected or (0, stored.size - 1)
        # Opened first: an error must not carry headers that let it be cached.
        self._send(resp, stored, first, last - first + 1)
        resp.set_headers(self._validators(stored))
        resp.set_headers(_description(req, stored))
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
        stored = self._files.find(collection_name, image_id)
        if is_not_modified(req, stored.sha256, stored.time):
            resp.status = falcon.HTTP_304
        else:
            self._files.check(stored)
            resp.content_length = stored.size
            resp.set_headers(_description(req, stored))
        resp.set_headers(self._validators(stored))

    def _send(
        self, resp: falcon.Response, stored: StoredFile, first: int, size: int
    ) -> None:
        if size <= _SENT_AT_ONCE_BYTES:
            resp.data = self._files.read(stored, first, size)
        else:
            part = self._files.part(stored, first, size)
            resp.set_stream(cast(Any, part), size)

    def _validators(self, stored: StoredFile) -> Headers:
        return (
            ('Cache-Control', self._cache_control),
            ('ETag', f'"{stored.sha256}"'),
        )


def _description(req: falcon.Request, stored: StoredFile) -> Headers:
    is_inline = stored.type.startswith('image/') and stored.type != SVG
    is_download = req.get_param('download') in TRUE
    kind = 'inline' if is_inline and not is_download else 'attachment'
    return (
        ('Content-Type', stored.type),
        # RFC 9110, section 15.4.5: not in a 304, which has the ETag.
        ('Last-Modified', falcon.dt_to_http(stored.time)),
        ('Content-Disposition', _disposition(kind, stored)),
        ('Accept-Ranges', 'bytes'),
        *SAFE_HEADERS,
    )


def _disposition(kind: str, stored: StoredFile) -> str:
    otherwise = f'image-{stored.sha256[:_NAME_DIGITS]}'
    return content_disposition(kind, stored.name, otherwise)


def lasting(is_private: bool) -> str:
    """Write the `Cache-Control` of what never changes: who may keep it for a year."""
    who = 'private' if is_private else 'public'
    return f'{who}, max-age=31536000, immutable'


def content_disposition(kind: str, name: str, otherwise: str = 'images') -> str:
    """Write the header of RFC 6266, its name in RFC 8187's form where it must be.

    Args:
        otherwise: stands for a name of which clients that do not know that form would
            get no letter and no digit.
    """
    if _SIMPLE_NAME.fullmatch(name):
        return f'{kind}; filename="{name}"'
    fallback = _ascii_name(name, otherwise)
    encoded = quote(name, safe='', errors='replace')
    return f'{kind}; filename="{fallback}"; filename*=UTF-8\'\'{encoded}'


def _ascii_name(name: str, otherwise: str) -> str:
    letters = unicodedata.normalize('NFKD', name)
    plain = ''.join(each for each in letters if not unicodedata.combining(each))
    fallback = _NOT_SIMPLE.sub('_', plain)
    stem, dot, ending = fallback.rpartition('.')
    if any(map(str.isalnum, stem or fallback)):
        return fallback
    return f'{otherwise}{dot}{ending}' if dot else otherwise
