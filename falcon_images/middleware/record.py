"""The record of a request: what those who see it on its way know of it together."""

import contextlib
import random
import re
import time
from dataclasses import dataclass

import falcon

_ID_BITS = 128
_REQUEST_ID = re.compile('[A-Za-z0-9._:-]{1,128}')


@dataclass(slots=True)
class RequestRecord:
    """What is known of a request, from its first middleware to its last.

    Attributes:
        id: the client's ``X-Request-ID`` if it is plain, else a new one.
        started: when it came, by the clock that `time.perf_counter` reads.
        place: the place in the budget of threads that it has.
        is_upload: it is among the uploads that are counted as in flight.
        stored_bytes: the bytes of each new image that came of it.
        seconds: how long it took, once it is answered.
        bytes_sent: the bytes of its answer's body.
    """

    id: str
    started: float
    place: contextlib.ExitStack | None = None
    is_upload: bool = False
    stored_bytes: tuple[int, ...] = ()
    seconds: float | None = None
    bytes_sent: int = 0

    def measure(self, resp: falcon.Response) -> float:
        """Return how long the request took; who asks first ends the measurement."""
        if self.seconds is None:
            self.seconds = time.perf_counter() - self.started
            self.bytes_sent = _length(resp)
        return self.seconds


def record_of(req: falcon.Request) -> RequestRecord:
    """Return the record of a request; who asks first begins it."""
    try:
        record: RequestRecord = req.context.record
    except AttributeError:
        record = req.context.record = RequestRecord(_id_of(req), time.perf_counter())
    return record


def _id_of(req: falcon.Request) -> str:
    given = req.get_header('X-Request-ID')
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    # Not a secret; the system's random numbers would be a call for each request.
    return f'{random.getrandbits(_ID_BITS):032x}'


def _length(resp: falcon.Response) -> int:
    if resp.content_length is not None:
        return int(resp.content_length)
    return len(resp.render_body() or b'')
