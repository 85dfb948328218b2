"""Requests to one service, sent again where that is safe."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from falcon_images import __version__
from falcon_images.client.errors import (
    AnswerError,
    ClientError,
    UnreachableError,
    error_of,
)
from falcon_images.client.forms import FormBody

_FIRST_REFUSAL = 300
# What says: later. 507 too, as somebody may make space on a full disk.
_TRY_AGAIN = (408, 425, 429, 502, 503, 504, 507)
_CUT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)
_HTTP_1_1 = 11
_CONNECT_SECONDS = 30
# What a service may need for a body after it has arrived: it is hashed and synced.
_BYTES_PER_SECOND = 5_000_000
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 30.0

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class RequestParts:
    """What a request is besides its address.

    Args:
        parameters: of the address.
        headers: beside those of every request.
        json: the body, if it is JSON.
        form: makes the body, if it is a form: once for each time that it is sent.
        is_repeatable: whether to send it again when it may have been done already.
        is_streamed: whether the caller reads the answer's body as it comes.
        more_seconds: that the answer may take, as there is much to do before it.
    """

    parameters: Parameters = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Callable[[], FormBody] | None = None
    is_repeatable: bool = True
    is_streamed: bool = False
    more_seconds: float = 0


class Transport:
    """Sends requests to one service, from any number of threads.

    Args:
        url: of the service.
        token: for `Authorization`; none is sent if it is empty.
        ca: a file with certificates that are trusted instead of the public ones.
        connections: how many requests are under way at once, at most.
        timeout_seconds: how long an answer may take.
        retry_seconds: how long a request that failed is sent again.
        stop: ends all waiting when it is set.
    """

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        *,
        token: str = '',
        ca: str = '',
        connections: int = 8,
        timeout_seconds: float = 60,
        retry_seconds: float = 60,
        stop: threading.Event | None = None,
    ) -> None:
        self.url = url.rstrip('/')
        self._timeout_seconds = timeout_seconds
        self._retry_seconds = retry_seconds
        self._stop = stop or threading.Event()
        self._session = _session(token, connections)
        if ca:
            self._session.verify = ca

    def send(self, method: str, path: str, query: RequestParts | None = None) -> Any:
        """Return the answer to a request, as `requests` has it.

        Raises:
            AnswerError: the service refused it.
            UnreachableError: it was not answered in time.
        """
        query = query or RequestParts()
        wait, first_failure = _FIRST_WAIT_SECONDS, 0.0
        while True:
            try:
                return self._sent(method, path, query)
            except _TryAgainError as ex:
                now = time.monotonic()
                first_failure = first_failure or now
                delay = max(ex.seconds, wait * random.uniform(0.5, 1))  # noqa: S311
                is_late = now + delay - first_failure > self._retry_seconds
                if is_late or not (query.is_repeatable or ex.is_unsent):
                    raise ex.error from ex
            if self._stop.wait(delay):
                raise UnreachableError('The request was given up.')
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)

    def close(self) -> None:
        """End all connections."""
        self._session.close()

    def _sent(self, method: str, path: str, query: RequestParts) -> requests.Response:
        try:
            answer = self._answer(method, path, query)
        except requests.exceptions.SSLError as ex:
            raise ClientError(
                f'The certificate of {self.url} is not trusted; name the file of the '
                'authority that signed it.'
            ) from ex
        except _CUT as ex:
            raise self._no_answer(ex) from ex
        except requests.RequestException as ex:
            raise ClientError(f'{self.url} cannot be asked: {ex}') from ex
        if method != 'HEAD' and _is_cut(answer):
            raise self._no_answer(requests.ConnectionError())
        if answer.status_code in _TRY_AGAIN:
            raise _TryAgainError(error_of(answer), _retry_after(answer))
        if answer.status_code >= _FIRST_REFUSAL:
            raise error_of(answer)
        return answer

    def _answer(self, method: str, path: str, query: RequestParts) -> requests.Response:
        form = query.form() if query.form else None
        headers = dict(query.headers)
        seconds = self._timeout_seconds + query.more_seconds
        if form is not None:
            headers['Content-Type'] = form.content_type
            seconds += len(form) / _BYTES_PER_SECOND
        return self._session.request(
            method,
            self.url + path,
            params=list(query.parameters),
            headers=headers,
            json=query.json,
            data=form,
            timeout=(_CONNECT_SECONDS, seconds),
            # A redirected upload would become a GET, and seem to be done.
            allow_redirects=False,
            stream=query.is_streamed,
        )

    def _no_answer(self, ex: Exception) -> '_TryAgainError':
        reason = 'timed out' if isinstance(ex, requests.Timeout) else 'no connection'
        error = UnreachableError(f'{self.url} does not answer ({reason}).')
        return _TryAgainError(error, is_unsent=_is_unsent(ex))


class _TryAgainError(Exception):
    def __init__(
        self,
        error: AnswerError | UnreachableError,
        seconds: float = 0,
        *,
        is_unsent: bool = False,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.seconds = seconds
        self.is_unsent = is_unsent


def _is_cut(answer: requests.Response) -> bool:
    """Return whether an answer ended in its headers; it seems to have no body then."""
    lengths = ('Content-Length', 'Transfer-Encoding')
    is_framed = any(name in answer.headers for name in lengths)
    return not is_framed and answer.raw.version == _HTTP_1_1


def _is_unsent(ex: Exception) -> bool:
    """Return whether a request failed before there was a connection."""
    reason = getattr(ex.args[0], 'reason', None) if ex.args else None
    return isinstance(ex, requests.ConnectTimeout) or isinstance(
        reason, NewConnectionError
    )


class _Bearer(requests.auth.AuthBase):
    """The token for `Authorization`; so none of `.netrc` is ever sent instead."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers['Authorization'] = f'Bearer {self._token}'
        return request


def _session(token: str, connections: int) -> requests.Session:
    session = requests.Session()
    adapter = HTTPAdapter(pool_maxsize=connections, pool_block=False)
    session.mount('http://', adapter)
    session.mount('https://', adapter)
    session.auth = _Bearer(token)
    session.headers['User-Agent'] = f'falcon-images/{__version__}'
    # Threads share the session, and no cookie is needed.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def is_temporary(ex: ClientError) -> bool:
    """Return whether the same request may well succeed later."""
    if isinstance(ex, AnswerError):
        return ex.status in _TRY_AGAIN
    return isinstance(ex, UnreachableError)


def _retry_after(answer: requests.Response) -> float:
    text = answer.headers.get('Retry-After', '')
    return min(float(text), _LONGEST_WAIT_SECONDS) if text.isdecimal() else 0
