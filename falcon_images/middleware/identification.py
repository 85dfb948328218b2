"""The identification service, which says whether a token is known, and whose it is."""

import contextlib
import enum
import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import cachetools
import requests
from requests.adapters import HTTPAdapter

from falcon_images.middleware.caller_names import name_in, read_within

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


@dataclass(frozen=True)
class Caller:
    """Who sent a request; the name is empty where nobody says it."""

    identity: Identity
    name: str = ''


def settled(identity: Identity) -> 'Future[Caller]':
    """Make an answer that is there already."""
    return _settled(Caller(identity))


def _settled(caller: Caller) -> 'Future[Caller]':
    answer: Future[Caller] = Future()
    answer.set_result(caller)
    return answer


_UNAVAILABLE = settled(Identity.UNAVAILABLE)


class Identification:
    """The identification service, asked over HTTP; a yes is remembered for a while.

    Args:
        name_member: the member of its JSON that has a name; empty if none is read.
    """

    def __init__(self, url: str, name_member: str = '') -> None:
        self._url = url
        self._name_member = name_member
        self._session = _Session()
        self._threads = _Threads()
        self._known: cachetools.TTLCache[bytes, Future[Caller]] = cachetools.TTLCache(
            _MAX_REMEMBERED, _REMEMBERED_SECONDS
        )
        self._known_once: cachetools.TTLCache[bytes, bool] = cachetools.TTLCache(
            _MAX_REMEMBERED, _KNOWN_ONCE_SECONDS
        )
        self._asked: dict[bytes, Future[Caller]] = {}
        self._lock = threading.Lock()
        self._places = threading.Semaphore(_MAX_QUESTIONS)
        self._places_of_known = threading.Semaphore(_MAX_QUESTIONS_ABOUT_KNOWN)

    def ask(self, token: str) -> 'Future[Caller]':
        """Begin to find out whether a token is known; this waits for nothing.

        What is returned becomes known, refused or unavailable, in general within
        `ANSWER_SECONDS`.
        """
        key = hashlib.sha256(token.encode()).digest()
        with self._lock:
            if known := self._known.get(key):
                return known
            # Many requests with one new token wait for one answer.
            return self._asked.get(key) or self._ask(key, token)

    def _ask(self, key: bytes, token: str) -> 'Future[Caller]':
        is_known_once = key in self._known_once
        places = self._places_of_known if is_known_once else self._places
        if not places.acquire(blocking=False):
            return _UNAVAILABLE
        answer: Future[Caller] = Future()

        def run() -> None:
            caller = self._caller(token)
            # Before anybody hears the answer, or the next would take it for theirs.
            with self._lock:
                del self._asked[key]
                self._remember(key, caller)
            places.release()
            answer.set_result(caller)

        # A service that answers byte by byte keeps no time-out of a socket, so the
        # question has a thread of its own, for which nobody waits longer than agreed.
        try:
            self._threads.do(run)
        except RuntimeError:
            places.release()
            return _UNAVAILABLE
        self._asked[key] = answer
        return answer

    def _caller(self, token: str) -> Caller:
        try:
            status, body = self._session.ask(self._url, token, bool(self._name_member))
        except Exception:  # its text has the URL: it goes nowhere
            return Caller(Identity.UNAVAILABLE)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _TRY_LATER:
            return Caller(Identity.UNAVAILABLE)
        if not _is_success(status):
            return Caller(Identity.REFUSED)
        return Caller(Identity.KNOWN, name_in(body, self._name_member, token))

    def _remember(self, key: bytes, caller: Caller) -> None:
        if caller.identity is Identity.KNOWN:
            self._known[key], self._known_once[key] = _settled(caller), True
        elif caller.identity is Identity.REFUSED:
            self._known_once.pop(key, None)


def _is_success(status: int) -> bool:
    return status // 100 == 2  # noqa: PLR2004 - the class of success


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

    def ask(self, url: str, token: str, has_name: bool) -> tuple[int, bytes]:
        """Return the status of the answer, and its body if a name is to be in it.

        What `requests` raises is raised here too.
        """
        headers = {'Authorization': f'Bearer {token}'}
        if has_name:
            # It is read as it comes, and no further than to a bound.
            headers['Accept-Encoding'] = 'identity'
        with self.get(
            url,
            headers=headers,
            # Without this, a user in the URL would take the token's place.
            auth=lambda request: request,
            timeout=(_CONNECT_SECONDS, ANSWER_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            status = response.status_code
            if not has_name or not _is_success(status):
                return status, b''
            return status, read_within(response.raw, ANSWER_SECONDS)

    def resolve_redirects(
        self, *args: object, **kwargs: object
    ) -> Iterator[requests.Response]:
        # Even where redirects are not followed, their addresses would be parsed.
        return iter(())
