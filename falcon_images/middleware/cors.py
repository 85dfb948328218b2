"""Answers that scripts of any page may read."""

from collections.abc import Iterable
from typing import Any

import falcon


class OpenAnswers:
    """Says so in every answer, also to a request that names no origin.

    A browser that loaded a picture for a page asks without an origin, and keeps the
    answer; a script that wants the picture later is given what was kept.
    """

    def __init__(self, exposed_headers: Iterable[str]) -> None:
        self._exposed_headers = ', '.join(exposed_headers)
        self._cors: Any = falcon.CORSMiddleware(expose_headers=self._exposed_headers)

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Set the headers of CORS."""
        if req.get_header('Origin') is not None:
            self._cors.process_response(req, resp, resource, req_succeeded)
            return
        resp.set_header('Access-Control-Allow-Origin', '*')
        resp.set_header('Access-Control-Expose-Headers', self._exposed_headers)
