"""The envelope of a form: its delimiters and the headers of its parts.

As RFC 2046 (section 5.1) and RFC 7578 define them.
"""

import re
from collections import deque
from urllib.parse import unquote

from falcon_images.errors import InvalidRequestError
from falcon_images.settings import Limits

_FILE_NAME = re.compile(rb';\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_BARE_FILE_NAME = re.compile(rb';\s*filename\s*=\s*([^\s;"]+)', re.IGNORECASE)
# RFC 8187, section 3.2: charset'language'percent-encoded
_EXTENDED_FILE_NAME = re.compile(
    rb";\s*filename\*\s*=\s*([\w-]+)'[\w-]*'([^\s;]*)", re.IGNORECASE
)
_ESCAPE = re.compile(r'\\(["\\])')


class Boundaries:
    """The delimiters and headers of a form, read beside the parser.

    The parser neither bounds the headers of a part nor tells of a missing end or of a
    part without a name. It takes the backslashes out of file names, and text behind
    the end for more of the last part.
    """

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._delimiter = b'\r\n--' + boundary
        self._limits = limits
        self._in_header = False
        # The first delimiter may stand at the very start, without a line break.
        self._rest = b'\r\n'
        self._parts = 0
        self.headers: deque[bytes] = deque()
        self.closed = False

    def feed(self, chunk: bytes) -> bytes:
        """Read on, and return what of the chunk belongs to the form."""
        if self.closed:
            return b''
        data = self._rest + chunk
        at = 0
        while True:
            found = self._header(data, at) if self._in_header else self._next(data, at)
            if found is None:
                return chunk
            if self.closed:
                return chunk[: found - (len(data) - len(chunk))]
            at = found

    def _next(self, data: bytes, at: int) -> int | None:
        start = data.find(self._delimiter, at)
        end = start + len(self._delimiter)
        if start < 0 or end + 2 > len(data):
            keep = max(at, len(data) - len(self._delimiter) - 1) if start < 0 else start
            self._rest = data[keep:]
            return None
        after = data[end : end + 2]
        if after == b'--':
            self.closed = True
            return end + 2
        if after == b'\r\n':
            self._in_header = True
            self._parts += 1
            if self._parts > self._limits.max_parts:
                raise InvalidRequestError(
                    f'The form has more than {self._limits.max_parts} parts '
                    '(MAX_PARTS); send fewer fields, or one field "json".'
                )
        return end

    def _header(self, data: bytes, at: int) -> int | None:
        end = data.find(b'\r\n\r\n', at)
        if (end if end >= 0 else len(data)) - at > self._limits.max_part_header_bytes:
            raise InvalidRequestError(
                'The header of a part has more than '
                f'{self._limits.max_part_header_bytes} bytes (MAX_PART_HEADER_BYTES).'
            )
        if end < 0:
            self._rest = data[at:]
            return None
        self.headers.append(data[at:end])
        self._in_header = False
        return end + 4


def file_name(header: bytes) -> str | None:
    """Tell a part's file name as it was sent; None if the part is not a file.

    The parser drops backslashes (``C:\\images\\a.jpg``) and prefers the poorer of two
    names; here only those go that escape a quote or another backslash.
    """
    if extended := _EXTENDED_FILE_NAME.search(header):
        return unquote(extended[2].decode(), encoding=extended[1].decode())
    if quoted := _FILE_NAME.search(header):
        return _ESCAPE.sub(r'\1', quoted[1].decode())
    bare = _BARE_FILE_NAME.search(header)
    return bare[1].decode() if bare else None
