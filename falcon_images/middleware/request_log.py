"""The log: one line a request, and an id to find it by."""

import logging
import time
from urllib.parse import quote

import falcon

from falcon_images.middleware.record import record_of
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.log_lines import FOLLOWED

# Arguments that have names are fields of their own where the log is JSON.
_LINE = (
    '%(method)s %(path)s %(status)s %(milliseconds)s ms %(bytes)s bytes %(request_id)s'
)

logger = logging.getLogger(__name__)


class RequestLog:
    """Logs method, path, status, duration, bytes and request id; never the query."""

    def __init__(self, background: Background) -> None:
        self._background = background

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.set_header('X-Request-ID', record_of(req).id)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        record = record_of(req)
        seconds = record.measure(resp)
        if logger.isEnabledFor(logging.INFO):
            self._background.do(
                _log,
                time.time(),
                (req.method, req.path, resp.status_code),
                (seconds, record.bytes_sent, record.id),
            )


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
