"""The identification service, which says whether a token is known."""

import contextlib
import enum
import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import cachetools
import requests
from requests.adapters import HTTPAdapter

_CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 4.5
_REMEMBERED_SECONDS = 60
_MAX_REMEMBERED = 10_000
_MAX_QUESTIONS = 32
# For tokens that were known in the last day; the others leave these places alone.
_MAX_QUESTIONS_ABOUT_KNOWN = 16
_KNOWN_ONCE_SECONDS = 24 * 3600
_IDLE_SECONDS = 5.0
_TRY_LATER = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class Identity(enum.Enum):
    """What is known of the sender of a request."""

    NOT_NEEDED = enum.auto()
    KNOWN = enum.auto()
    MISSING = enum.auto()
    REFUSED = enum.auto()
    UNAVAILABLE = enum.auto()


def settled(identity: Identity) -> 'Future[Identity]':
    """Make an answer that is there already."""
    answer: Future[Identity] = Future()
    answer.set_result(identity)
    return answer


_KNOWN = settled(Identity.KNOWN)
_UNAVAILABLE = settled(Identity.UNAVAILABLE)


class Identification:
    """The identification service, asked over HTTP; a yes is remembered for a while."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = _Session()
        self._threads = _Threads()
        self._known: cachetools.TTLCache[bytes, bool] = cachetools.TTLCache(
            _MAX_REMEMBERED, _REMEMBERED_SECONDS
        )
        self._known_once: cachetools.TTLCache[bytes, bool] = cachetools.TTLCache(
            _MAX_REMEMBERED, _KNOWN_ONCE_SECONDS
        )
        self._asked: dict[bytes, Future[Identity]] = {}
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_MAX_QUESTIONS)
        self._places_of_known = threading.Semaphore(_MAX_QUESTIONS_ABOUT_KNOWN)

    def ask(self, token: str) -> 'Future[Identity]':
        """Begin to find out whether a token is known; this waits for nothing.

        What is returned becomes known, refused or unavailable, in general within
        `ANSWER_SECONDS`.
        """
        key = hashlib.sha256(token.encode()).digest()
        with self._lock:
            if key in self._known:
                return _KNOWN
            # Many requests with one new token wait for one answer.
            return self._asked.get(key) or self._ask(key, token)

    def _ask(self, key: bytes, token: str) -> 'Future[Identity]':
        is_known_once = key in self._known_once
        places = self._places_of_known if is_known_once else self._places
        if not places.acquire(blocking=False):
            return _UNAVAILABLE
        answer: Future[Identity] = Future()

        def run() -> None:
            identity = self._identity(token)
            # Before anybody hears the answer, or the next would take it for theirs.
            with self._lock:
                del self._asked[key]
                self._remember(key, identity)
            places.release()
            answer.set_result(identity)

        # A service that answers byte by byte keeps no time-out of a socket, so the
        # question has a thread of its own, for which nobody waits longer than agreed.
        try:
            self._threads.do(run)
        except RuntimeError:
            places.release()
            return _UNAVAILABLE
        self._asked[key] = answer
        return answer

    def _identity(self, token: str) -> Identity:
        try:
            status = self._session.ask(self._url, token)
        except Exception:  # its text has the URL: it goes nowhere
            return Identity.UNAVAILABLE
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
            return Identity.UNAVAILABLE
        is_success = status // 100 == 2  # noqa: PLR2004 - the class of success
        return Identity.KNOWN if is_success else Identity.REFUSED

    def _remember(self, key: bytes, identity: Identity) -> None:
        if identity is Identity.KNOWN:
            self._known[key] = self._known_once[key] = True
        elif identity is Identity.REFUSED:
            self._known_once.pop(key, None)


class _Threads:
    """Threads for which nobody waits, neither to start, most times, nor to end."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    def do(self, work: Callable[[], None]) -> None:
        """Let a thread do something; raise `RuntimeError` if none can be started."""
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._run, daemon=True).start()
        self._work.put(work)

    def _run(self) -> None:
        while True:
            with contextlib.suppress(queue.Empty):
                self._work.get(timeout=_IDLE_SECONDS)()
                self._idle.release()
                continue
            # Unless somebody has counted on this one just now.
            if self._idle.acquire(blocking=False):
                return


class _Session(requests.Session):
    """A session that brings nothing of one token to the question about the next."""

    def __init__(self) -> None:
        super().__init__()
        adapter = HTTPAdapter(pool_maxsize=_MAX_QUESTIONS + _MAX_QUESTIONS_ABOUT_KNOWN)
        self.mount('http://', adapter)
        self.mount('https://', adapter)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        # Only its own requests carry a token: none of .netrc, no proxy of the machine.
        self.trust_env = False

    def ask(self, url: str, token: str) -> int:
        """Return the status of the answer; raise what `requests` raises."""
        with self.get(
            url,
            headers={'Authorization': f'Bearer {token}'},
            # Without this, a user in the URL would take the token's place.
            auth=lambda request: request,
            timeout=(_CONNECT_SECONDS, ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            return response.status_code

    def resolve_redirects(
        self, *args: object, **kwargs: object
    ) -> Iterator[requests.Response]:
        # Even where redirects are not followed, their addresses would be parsed.
        return iter(())
