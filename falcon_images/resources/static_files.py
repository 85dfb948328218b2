"""Files of the package that browsers load: pages, scripts, styles, pictures."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import falcon

from falcon_images.resources.conditional import is_not_modified

# Everything comes from the service itself, and nothing runs that is written in a page.
CONTENT_SECURITY_POLICY = '; '.join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        # Files are saved through a frame, in which the page reads why one is refused.
        "frame-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_VERSIONED = re.compile(r'[^/]*\d\.\d+\.\d+/')
_YEAR = ['public', 'max-age=31536000', 'immutable']
_ASK = ['no-cache']
_TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
}


@dataclass(frozen=True)
class _File:
    content: bytes
    type: str
    tag: str
    cache_control: list[str]


class StaticFiles:
    """The files in a folder and below, each by its path from there; read once.

    For routes such as ``/ui`` and ``/ui/{name:path}``. Names are looked up among those
    that were found at the start, so none leads out of the folder. Files of other types
    than those above are left out. A file below a folder with a version number in its
    name never changes, and browsers may keep it; they ask again for all others.

    Args:
        index: the file that is meant when no name is given.
    """

    def __init__(self, folder: Path, index: str = 'index.html') -> None:
        self._index = index
        self._files = {
            (name := path.relative_to(folder).as_posix()): _read(path, name)
            for path in folder.rglob('*')
            if path.suffix in _TYPES
        }

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, name: str = ''
    ) -> None:
        file = self._files.get(name or self._index)
        if file is None:
            raise falcon.HTTPNotFound
        is_known = is_not_modified(req, file.tag)
        resp.etag = file.tag
        resp.cache_control = file.cache_control
        resp.set_headers(
            {
                'Content-Security-Policy': CONTENT_SECURITY_POLICY,
                'Referrer-Policy': 'no-referrer',
                'X-Content-Type-Options': 'nosniff',
            }
        )
        if is_known:
            resp.status = falcon.HTTP_304
            return
        resp.content_type = file.type
        resp.data = file.content

    on_head = on_get


def _read(path: Path, name: str) -> _File:
    content = path.read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:32]
    is_versioned = _VERSIONED.match(name) is not None
    return _File(content, _TYPES[path.suffix], tag, _YEAR if is_versioned else _ASK)
