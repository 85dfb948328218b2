"""Files of the package that browsers load: pages, scripts, styles, pictures."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import falcon

from falcon_images.resources.compression import FixedAnswer

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


class StaticFiles:
    """The files in a folder and below, each by its path from there; read once.

    For routes such as ``/ui`` and ``/ui/{name:path}``. Names are looked up among those
    that were found at the start, so none leads out of the folder. Files of other types
    than those above are left out. A file below a folder with a version number in its
    name never changes, and browsers may keep it, as one that is made and asked for with
    its version as the query; they ask again for all others.

    Args:
        made: contents that are in no file, or instead of that of one.
        version: that of those that are made.
        index: the file that is meant when no name is given.
    """

    def __init__(
        self,
        folder: Path,
        made: Mapping[str, bytes] | None = None,
        version: str = '',
        index: str = 'index.html',
    ) -> None:
        self._index = index
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob('*')
            if path.suffix in _TYPES
        }
        self._versioned = frozenset(made or {}) if version else frozenset()
        self._version = version
        contents |= made or {}
        self._files = {
            name: _answer(name, content) for name, content in contents.items()
        }

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, name: str = ''
    ) -> None:
        file = self._files.get(name or self._index)
        if file is None:
            raise falcon.HTTPNotFound
        is_version = name in self._versioned and req.query_string == self._version
        file.send(req, resp, _YEAR if is_version else None)
        resp.set_headers(
            {
                'Content-Security-Policy': CONTENT_SECURITY_POLICY,
                'Referrer-Policy': 'no-referrer',
                'X-Content-Type-Options': 'nosniff',
            }
        )

    on_head = on_get


def _answer(name: str, content: bytes) -> FixedAnswer:
    media_type = _TYPES[PurePosixPath(name).suffix]
    return FixedAnswer(content, media_type, _YEAR if _VERSIONED.match(name) else _ASK)
