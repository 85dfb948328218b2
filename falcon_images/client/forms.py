"""A multipart form with one file that is sent as it is read."""

import io
import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from urllib.parse import quote

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

Fields = Sequence[tuple[str, str]]


class FormBody:
    """The body of a request: fields, then a file, which is never in memory whole.

    Args:
        fields: names and values, in order.
        part: the name of the part that the file is.
        file_name: the name that is sent with it.
        file: is read from its beginning; the caller closes it.
    """

    def __init__(
        self, fields: Fields, part: str, file_name: str, file: BinaryIO
    ) -> None:
        self._boundary = choose_boundary()
        head = b''.join(self._field(name, value) for name, value in fields)
        head += self._head(part, file_name)
        tail = f'\r\n--{self._boundary}--\r\n'.encode()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        self._pieces: list[BinaryIO] = [io.BytesIO(head), file, io.BytesIO(tail)]
        self._size = len(head) + size + len(tail)

    @property
    def content_type(self) -> str:
        """Return the content type of the form."""
        return f'multipart/form-data; boundary={self._boundary}'

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(64 * 1024):
            yield piece

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer than asked for where two pieces meet."""
        while self._pieces:
            if piece := self._pieces[0].read(size):
                return piece
            del self._pieces[0]
        return b''

    def _field(self, name: str, value: str) -> bytes:
        field = RequestField(name, value)
        field.make_multipart()
        return self._opened(field) + value.encode() + b'\r\n'

    def _head(self, part: str, file_name: str) -> bytes:
        disposition = f'form-data; name="{part}"; {_file_name(file_name)}'
        headers = {'Content-Disposition': disposition}
        return self._opened(RequestField(part, b'', headers=headers))

    def _opened(self, field: RequestField) -> bytes:
        return f'--{self._boundary}\r\n{field.render_headers()}'.encode()


def _file_name(name: str) -> str:
    """Return the parameter with a file's name, which arrives as it is."""
    # Linux has names that are no text.
    sendable = name.encode('utf-8', 'backslashreplace').decode()
    if set(sendable).isdisjoint('"\\%\r\n'):
        return f'filename="{sendable}"'
    return f"filename*=UTF-8''{quote(sendable)}"
