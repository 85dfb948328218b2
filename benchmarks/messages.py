"""Requests written out as bytes, so that a client has only to send them."""

import json
from typing import Any

from benchmarks.fixtures import LABEL, UPLOADED, Parts
from benchmarks.load import Request

_BOUNDARY = '----------------------------limit'
_FIELD = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{LABEL}"\r\n\r\n'
    f'{UPLOADED}\r\n'
)
_FILE = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="image"; '
    'filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
)
_END = f'\r\n--{_BOUNDARY}--\r\n'


def get(
    path: str, length: int | None = None, status: int = 200, **headers: str
) -> Request:
    """Write a GET; `_` in a header's name stands for `-`."""
    return Request(((_head('GET', path, headers), 1),), status, length, status != 304)


def head(path: str, length: int | None = None) -> Request:
    """Write a HEAD, whose answer tells a length and has no body."""
    return Request(((_head('HEAD', path, {}), 1),), length=length, has_body=False)


def delete(path: str) -> Request:
    """Write a DELETE."""
    return Request(((_head('DELETE', path, {}), 1),))


def patch(path: str, values: dict[str, Any]) -> Request:
    """Write a PATCH that sets properties."""
    body = json.dumps(values).encode()
    headers = {'Content_Type': 'application/json', 'Content_Length': str(len(body))}
    return Request(((_head('PATCH', path, headers) + body, 1),))


def upload(path: str, content: Parts) -> Request:
    """Write the form of an upload, with a property that marks it."""
    size = sum(len(part) * times for part, times in content)
    headers = {
        'Content_Type': f'multipart/form-data; boundary={_BOUNDARY}',
        'Content_Length': str(len(_FIELD) + len(_FILE) + size + len(_END)),
    }
    beginning = _head('POST', path, headers) + (_FIELD + _FILE).encode()
    (first, _), *others = content
    # Few and large parts: each is a call of the system.
    return Request(((beginning + first, 1), *others, (_END.encode(), 1)))


def _head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f'{method} {path} HTTP/1.1', 'Host: 127.0.0.1']
    lines += [f'{name.replace("_", "-")}: {value}' for name, value in headers.items()]
    return '\r\n'.join([*lines, '', '']).encode()
