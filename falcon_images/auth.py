"""Authentication: a token is known when the identification service says so."""

import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import cachetools
import falcon
import requests
from requests.adapters import HTTPAdapter

_TOKEN = re.compile(r'[\x21-\x7e]{1,8192}')
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 4.5
_RETRY_AFTER_SECONDS = 5
_REMEMBERED_SECONDS = 60
_MAX_REMEMBERED = 10_000
_MAX_QUESTIONS = 32
_PROTECTED = 'collections'
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
        self._session = _Session()
        self._known: cachetools.TTLCache[bytes, bool] = cachetools.TTLCache(
            _MAX_REMEMBERED, _REMEMBERED_SECONDS
        )
        self._asked: dict[bytes, Future[int]] = {}
        self._lock = threading.Lock()
        self._questions = threading.Semaphore(_MAX_QUESTIONS)

    def check(self, token: str) -> None:
        """Return if the token is known.

        Raises:
            RefusedError: it is not.
            IdentificationUnavailableError: there was no answer in time.
        """
        key = hashlib.sha256(token.encode()).digest()
        with self._lock:
            if key in self._known:
                return
            # Many requests with one new token wait for one answer.
            answer = self._asked.get(key) or self._ask(key, token)
        status = _status(answer)
        if status // 100 != 2:  # noqa: PLR2004 - the class of success
            raise RefusedError
        with self._lock:
            self._known[key] = True

    def _ask(self, key: bytes, token: str) -> 'Future[int]':
        if not self._questions.acquire(blocking=False):
            raise IdentificationUnavailableError
        answer: Future[int] = Future()
        self._asked[key] = answer

        def run() -> None:
            status, error = 0, None
            try:
                status = self._session.ask(self._url, token)
            except Exception as ex:
                error = ex
            # Before anybody hears the answer, or the next would take it for theirs.
            with self._lock:
                del self._asked[key]
            self._questions.release()
            if error:
                answer.set_exception(error)
            else:
                answer.set_result(status)

        # A service that answers byte by byte keeps no time-out of a socket, so the
        # question has a thread of its own, for which nobody waits longer than agreed.
        threading.Thread(target=run, daemon=True).start()
        return answer


class _Session(requests.Session):
    """A session that tells nothing of one token to the question about the next."""

    def __init__(self) -> None:
        super().__init__()
        adapter = HTTPAdapter(pool_maxsize=_MAX_QUESTIONS)
        self.mount('http://', adapter)
        self.mount('https://', adapter)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # Only its own requests carry a token: none of .netrc, no proxy of the machine.
        self.trust_env = False

    def ask(self, url: str, token: str) -> int:
        """Tell the status of the answer; raise what `requests` raises."""
        with self.get(
            url,
            headers={'Authorization': f'Bearer {token}'},
            # Without this, a user in the URL would take the token's place.
            auth=lambda request: request,
            timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code

    def resolve_redirects(
        self, *args: object, **kwargs: object
    ) -> Iterator[requests.Response]:
        # Even where redirects are not followed, their addresses would be parsed.
        return iter(())


def _status(answer: 'Future[int]') -> int:
    try:
        status = answer.result(_ANSWER_SECONDS)
    # The text of such an error has the URL: it goes nowhere.
    except (requests.RequestException, ValueError, OSError, TimeoutError) as ex:
        raise IdentificationUnavailableError from ex
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
        raise IdentificationUnavailableError
    return status


class AuthMiddleware:
    """Lets requests to collections pass only with a token that is known."""

    def __init__(self, identification: Identification) -> None:
        self._identification = identification

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Check the token of a request to anything below the protected path."""
        # As the router reads it, which passes over slashes at the beginning.
        first = req.path.lstrip('/').partition('/')[0]
        if first != _PROTECTED or req.method == 'OPTIONS':
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
