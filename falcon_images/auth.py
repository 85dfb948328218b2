"""Authentication: a token is known when the identification service says so."""

import hashlib
import re
import threading
from http import HTTPStatus

import cachetools
import falcon
import requests
from requests.adapters import HTTPAdapter

_TOKEN = re.compile(r'[\x21-\x7e]{1,8192}')
_CONNECT_SECONDS = 2
_READ_SECONDS = 3
_RETRY_AFTER_SECONDS = 5
_REMEMBERED_SECONDS = 60
_MAX_REMEMBERED = 10_000
_MAX_CONNECTIONS = 32
_PROTECTED = '/collections'
_TRY_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_COOKIES_AND_PARAMS = ('jwt', 'token')


class RefusedError(Exception):
    """The identification service does not know the token."""


class IdentificationUnavailableError(Exception):
    """The identification service is down, slow or failing."""


class Identification:
    """The identification service, asked over HTTP; a yes is remembered for a while."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_maxsize=_MAX_CONNECTIONS)
        self._session.mount('http://', adapter)
        self._session.mount('https://', adapter)
        # Only its own requests carry a token: none of .netrc, no proxy of the machine.
        self._session.trust_env = False
        self.check = cachetools.cached(
            cachetools.TTLCache(_MAX_REMEMBERED, _REMEMBERED_SECONDS),
            key=lambda token: hashlib.sha256(token.encode()).digest(),
            # Many requests with one new token wait for one answer.
            condition=threading.Condition(),
        )(self._check)

    def _check(self, token: str) -> bool:
        status = self._status(token)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
            raise IdentificationUnavailableError
        if status // 100 != 2:  # noqa: PLR2004 - the class of success
            raise RefusedError
        return True

    def _status(self, token: str) -> int:
        try:
            with self._session.get(
                self._url,
                headers={'Authorization': f'Bearer {token}'},
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                # A page to log in at, found by following, is no yes.
                allow_redirects=False,
                stream=True,
            ) as response:
                return response.status_code
        except requests.RequestException as ex:
            # The text of that error has the URL: it goes nowhere.
            raise IdentificationUnavailableError from ex


class AuthMiddleware:
    """Lets requests to collections pass only with a token that is known."""

    def __init__(self, identification: Identification) -> None:
        self._identification = identification

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        params: dict[str, object],
    ) -> None:
        """Check the token; decided by the route, which no spelling of a path evades."""
        protected = (req.uri_template or '').startswith(_PROTECTED)
        if not protected or req.method == 'OPTIONS':
            return
        token = _token(req)
        if not token:
            raise falcon.HTTPUnauthorized(
                title='Token required',
                description='Send the header "Authorization: Bearer <token>".',
                challenges=['Bearer'],
            )
        try:
            if not _TOKEN.fullmatch(token):
                raise RefusedError
            self._identification.check(token)
        except RefusedError as ex:
            raise falcon.HTTPForbidden(
                title='Token refused',
                description='The token is not known; log in again to get another.',
            ) from ex
        except IdentificationUnavailableError as ex:
            raise falcon.HTTPServiceUnavailable(
                title='Identification unavailable',
                description='Tokens cannot be checked now; try again in some seconds.',
                retry_after=_RETRY_AFTER_SECONDS,
            ) from ex


def _token(req: falcon.Request) -> str:
    words = (req.auth or '').split()
    if len(words) > 1:
        return words[1]
    # Cookies travel with requests that other sites make, so they may only read.
    if req.method not in ('GET', 'HEAD'):
        return ''
    candidates = [req.cookies.get(name) for name in _COOKIES_AND_PARAMS]
    candidates += [req.get_param(name) for name in _COOKIES_AND_PARAMS]
    return next((token for token in candidates if token), '')
