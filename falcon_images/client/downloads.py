"""Files that come from the service: whole under their name, or not there."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import requests

from falcon_images.client.errors import UnreachableError
from falcon_images.client.transport import RequestParts, Transport

_PIECE_BYTES = 256 * 1024
_MOST_CUTS = 20
_PARTIAL = 206
Observe = Callable[[int], None]


def download(
    transport: Transport,
    path: str,
    query: RequestParts,
    target: Path,
    observe: Observe = lambda count: None,
) -> int:
    """Write an answer to a file, and return its size.

    Until it is whole it has another name; a connection that is cut is taken up where it
    was, if the service can answer with a part.
    """
    part = target.with_name(f'{target.name}.part')
    try:
        with part.open('wb') as file:
            _fill(file, transport, path, query, observe)
            size = file.tell()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return size


def _fill(
    file: BinaryIO,
    transport: Transport,
    path: str,
    query: RequestParts,
    observe: Observe,
) -> None:
    for _ in range(_MOST_CUTS):
        answer = transport.send('GET', path, _from(query, file.tell()))
        if answer.status_code != _PARTIAL:
            file.seek(0)
            file.truncate()
        with contextlib.suppress(_Cut):
            for piece in _pieces(answer):
                observe(file.write(piece))
            return
    raise UnreachableError('The connection was cut again and again.')


class _Cut(Exception):  # noqa: N818 - an event, told to nobody
    """A connection ended before the answer did."""


def _pieces(answer: Any) -> Iterator[bytes]:
    try:
        yield from answer.iter_content(_PIECE_BYTES)
    except requests.RequestException as ex:
        raise _Cut from ex
    finally:
        answer.close()


def _from(query: RequestParts, start: int) -> RequestParts:
    headers = {**query.headers, **({'Range': f'bytes={start}-'} if start else {})}
    return RequestParts(query.parameters, headers, is_streamed=True)
