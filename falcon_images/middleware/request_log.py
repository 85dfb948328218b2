"""The log: one line a request, and an id to find it by."""

import logging
import random
import re
import time
from urllib.parse import quote

import falcon

from falcon_images.telemetry.background import Background
from falcon_images.telemetry.log_lines import FOLLOWED

_ID_BITS = 128
_REQUEST_ID = re.compile('[A-Za-z0-9._:-]{1,128}')
# Arguments that have names are fields of their own where the log is JSON.
_LINE = (
    '%(method)s %(path)s %(status)s %(milliseconds)s ms %(bytes)s bytes %(request_id)s'
)

logger = logging.getLogger(__name__)


class RequestLog:
    """Logs method, path, status, duration, bytes and request id; never the query.

    The id is the client's ``X-Request-ID`` if it is plain, else a new one.
    """

    def __init__(self, background: Background) -> None:
        self._background = background

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = req.get_header('X-Request-ID')
        is_plain = given is not None and _REQUEST_ID.fullmatch(given)
        req.context.id = given if is_plain else _new_id()
        req.context.started = time.perf_counter()
        resp.set_header('X-Request-ID', req.context.id)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        req.context.seconds = time.perf_counter() - req.context.started
        req.context.bytes_sent = _length(resp)
        if logger.isEnabledFor(logging.INFO):
            self._background.do(
                _log,
                time.time(),
                (req.method, req.path, resp.status_code),
                (req.context.seconds, req.context.bytes_sent, req.context.id),
            )


def _new_id() -> str:
    # Not a secret; the system's random numbers would be a call for each request.
    return f'{random.getrandbits(_ID_BITS):032x}'


def _log(
    time_of_day: float, asked: tuple[str, str, int], answered: tuple[float, int, str]
) -> None:
    method, path, status = asked
    seconds, bytes_sent, request_id = answered
    fields = {
        'method': method,
        'path': quote(path),
        'status': status,
        'milliseconds': round(seconds * 1000, 1),
        'bytes': bytes_sent,
        'request_id': request_id,
    }
    record = logger.makeRecord(logger.name, logging.INFO, '', 0, _LINE, (fields,), None)
    # It is the time of the answer, not of the line.
    record.created = time_of_day
    record.msecs = time_of_day % 1 * 1000
    setattr(record, FOLLOWED, True)
    logger.handle(record)


def _length(resp: falcon.Response) -> int:
    if resp.content_length is not None:
        return int(resp.content_length)
    return len(resp.render_body() or b'')
