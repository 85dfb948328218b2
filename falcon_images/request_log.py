"""The log: one line a request, and an id to find it by."""

import logging
import re
import secrets
import time
from urllib.parse import quote

import falcon

_ID_BYTES = 16
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

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        given = req.get_header('X-Request-ID')
        is_plain = given is not None and _REQUEST_ID.fullmatch(given)
        req.context.id = given if is_plain else secrets.token_hex(_ID_BYTES)
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
        logger.info(
            _LINE,
            {
                'method': req.method,
                'path': quote(req.path),
                'status': resp.status_code,
                'milliseconds': round(req.context.seconds * 1000, 1),
                'bytes': req.context.bytes_sent,
                'request_id': req.context.id,
            },
        )


def _length(resp: falcon.Response) -> int:
    if resp.content_length is not None:
        return int(resp.content_length)
    return len(resp.render_body() or b'')
