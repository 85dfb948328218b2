"""Answers that scripts of any page may read."""

from typing import Any

import falcon


class OpenAnswers(falcon.CORSMiddleware[Any, Any]):
    """Says so in every answer, also to a request that names no origin.

    A browser that loaded a picture for a page asks without an origin, and keeps the
    answer; a script that wants the picture later is given what was kept.
    """

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        """Set the headers of CORS."""
        if req.get_header('Origin') is not None:
            super().process_response(req, resp, resource, req_succeeded)
            return
        resp.set_header('Access-Control-Allow-Origin', '*')
        if self.expose_headers:
            resp.set_header('Access-Control-Expose-Headers', self.expose_headers)
