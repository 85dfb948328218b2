"""Answers that are compressed by gzip for the clients that take it."""

import functools
import gzip
import hashlib
from collections.abc import Sequence

import falcon

from falcon_images.resources.conditional import is_not_modified

_TAG_DIGITS = 32
_PACKED_ALREADY = ('image/png',)


def takes_gzip(req: falcon.Request) -> bool:
    """Return whether a client takes gzip at least as gladly as plain bytes.

    That is what ``Accept-Encoding`` is for (RFC 9110, section 12.5.3); a weight that
    cannot be read is one of 0.
    """
    weights = {'identity': 0.0}
    for member in (req.get_header('Accept-Encoding') or '').lower().split(','):
        name, _, weight = member.partition(';')
        weights[name.strip()] = _weight(weight)
    wanted = weights.get('gzip', weights.get('x-gzip', weights.get('*', 0.0)))
    return wanted > 0 and wanted >= weights['identity']


def _weight(text: str) -> float:
    name, _, value = text.strip().partition('=')
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == 'q' else 0.0
    except ValueError:
        return 0.0


class FixedAnswer:
    """An answer that is always the same, plain or compressed as a client takes it.

    It is compressed once, when it is first asked for, and has a tag of its own then: to
    the byte, it is another one.
    """

    def __init__(
        self, content: bytes, media_type: str, cache_control: Sequence[str]
    ) -> None:
        self.content = content
        self.tag = hashlib.sha256(content).hexdigest()[:_TAG_DIGITS]
        self._media_type = media_type
        self._cache_control = list(cache_control)
        self._is_packable = media_type not in _PACKED_ALREADY

    def send(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        cache_control: Sequence[str] | None = None,
    ) -> None:
        """Answer a GET or HEAD.

        Args:
            cache_control: instead of what is said otherwise.
        """
        is_packed = self._is_packable and takes_gzip(req)
        etag = f'{self.tag}-gzip' if is_packed else self.tag
        is_known = is_not_modified(req, etag)
        resp.etag = etag
        resp.cache_control = list(cache_control or self._cache_control)
        if self._is_packable:
            resp.append_header('Vary', 'Accept-Encoding')
        if is_known:
            resp.status = falcon.HTTP_304
            return
        resp.content_type = self._media_type
        resp.data = self._packed if is_packed else self.content
        if is_packed:
            resp.set_header('Content-Encoding', 'gzip')

    @functools.cached_property
    def _packed(self) -> bytes:
        return gzip.compress(self.content, mtime=0)
