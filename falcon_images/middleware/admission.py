"""Admission: what becomes of a request is said when its headers are there."""

from typing import Any

import cachetools
import falcon
from falcon.routing import CompiledRouter

from falcon_images.middleware.auth import (
    IDENTITY,
    MAX_SEARCHED_BYTES,
    PASSING,
    AuthMiddleware,
    caller_of,
)
from falcon_images.middleware.bodies import (
    SMALL_BYTES,
    BodyLimits,
    media_type,
    responds,
)
from falcon_images.server.verdict import Verdict

# A small body is read nevertheless: so the client can go on with the connection.
_AT_ONCE = Verdict(SMALL_BYTES, is_quick=True)
_WITHOUT_BODY = Verdict(SMALL_BYTES)
# Cameras send to few addresses, over and over.
_REMEMBERED = 1000
_MAX_REMEMBERED_CHARACTERS = 500


class Admission:
    """Says how large a body may be, and which requests are refused without one.

    The application then answers as always; it only never sees a body that is of no use,
    and its threads wait for no token.

    Args:
        quick_path: what is answered there needs nothing that could have to be waited
            for.
    """

    def __init__(
        self,
        router: CompiledRouter,
        options: falcon.RequestOptions,
        limits: BodyLimits,
        auth: AuthMiddleware | None,
        quick_path: str,
    ) -> None:
        self._router = router
        self._options = options
        self._limits = limits
        self._auth = auth
        self._quick_path = quick_path
        # Of requests with a body that need no token: method, path and type.
        self._known: cachetools.LRUCache[tuple[str, str, str], Verdict]
        self._known = cachetools.LRUCache(_REMEMBERED)

    def __call__(self, environ: dict[str, Any], has_body: bool) -> Verdict:
        """Judge a request; the environment is the one that the application will get."""
        if environ['PATH_INFO'].rstrip('/') == self._quick_path:
            return _AT_ONCE
        if self._auth is None:
            return self._remembered(environ) if has_body else _WITHOUT_BODY
        req = self._request(environ)
        answer = environ.get(IDENTITY)
        if answer is None:
            answer = environ[IDENTITY] = self._auth.identify(req)
            if not answer.done():
                return Verdict(SMALL_BYTES, awaited=answer)
        # What comes later changes nothing: the application shall say the same.
        environ[IDENTITY] = caller = caller_of(answer)
        if caller.identity not in PASSING:
            return _AT_ONCE
        return self._of_body(req) if has_body else _WITHOUT_BODY

    def _remembered(self, environ: dict[str, Any]) -> Verdict:
        """Judge a body; one thread asks for all connections."""
        content_type = environ.get('CONTENT_TYPE', '').partition(';')[0]
        key = (environ['REQUEST_METHOD'], environ['PATH_INFO'], content_type)
        verdict = self._known.get(key)
        if verdict is None:
            verdict = self._of_body(self._request(environ))
            if sum(map(len, key)) <= _MAX_REMEMBERED_CHARACTERS:
                self._known[key] = verdict
        return verdict

    def _request(self, environ: dict[str, Any]) -> falcon.Request:
        if len(environ['QUERY_STRING']) <= MAX_SEARCHED_BYTES:
            return falcon.Request(environ, options=self._options)
        # To read it takes so long that others would notice.
        req = falcon.Request(environ | {'QUERY_STRING': ''}, options=self._options)
        req.env = environ
        return req

    def _of_body(self, req: falcon.Request) -> Verdict:
        route = self._router.find(req.path, req=req)
        if route is None or not responds(route[0], req.method):
            return _AT_ONCE
        body = self._limits.of(route[0], req.method)
        if body.types and media_type(req) not in body.types:
            return _AT_ONCE
        return Verdict(max(body.max_bytes, SMALL_BYTES))
