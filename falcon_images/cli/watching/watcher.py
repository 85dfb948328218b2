"""The loop of a watcher: look, send what is whole, tidy, and wait."""

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from falcon_images.cli.printing import printable
from falcon_images.cli.sending.files import Found, Walk, reason_of, shown
from falcon_images.cli.sending.journal import Journal
from falcon_images.cli.sending.outcomes import ARRIVED, FileOutcome, Result
from falcon_images.cli.sending.sender import Sender, StoppedError
from falcon_images.cli.watching.afterwards import Tidying
from falcon_images.cli.watching.status import write_status
from falcon_images.cli.watching.waiting import WaitingFiles
from falcon_images.cli.watching.wakeups import Wakeups

# How many files are sent in one go, for each that is sent at once.
_BATCH = 4
# Between two looks at files that wait, and at whole folders without any news.
_LOOK_SECONDS = 0.5
_STATUS_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 60.0
_ANSWERS = 'It answers.'

logger = logging.getLogger('falcon_images.watch')


@dataclass(frozen=True)
class Pace:
    """How often a watcher looks.

    Args:
        walk_seconds: between two looks through whole folders.
        parallel: how many files are sent at once.
    """

    walk_seconds: float
    parallel: int


class Watcher:
    """Sends what appears in folders, for ever.

    Args:
        folders: are watched, with all below them.
        sender: sends one file.
        journal: knows what was sent before.
        tidying: is done with files that are stored.
        waiting: the files that are not.
        wakeups: wait for changes.
        pace: how often it looks.
        status: the file that says how it is.
        any_name: whether files are taken whatever their ending is.
        stop: ends it.
    """

    def __init__(  # noqa: PLR0913 - each is a part of it
        self,
        folders: Sequence[Path],
        *,
        sender: Sender,
        journal: Journal,
        tidying: Tidying,
        waiting: WaitingFiles,
        wakeups: Wakeups,
        pace: Pace,
        status: Path,
        any_name: bool,
        stop: threading.Event,
    ) -> None:
        self._folders = [*map(str, folders)]
        self._sender = sender
        self._journal = journal
        self._tidying = tidying
        self._waiting = waiting
        self._wakeups = wakeups
        self._pace = pace
        self._status = status
        self._any_name = any_name
        self._stop = stop
        self._counts = Counter[str]()
        self._service = _ANSWERS
        self._troubles: set[tuple[str, str]] = set()
        self._pause = 0.0
        self._next_status = 0.0

    def run(self) -> None:
        """Watch until it is stopped."""
        next_walk = 0.0
        with ThreadPoolExecutor(self._pace.parallel, 'sender') as pool:
            while not self._stop.is_set():
                begun = time.monotonic()
                if begun >= next_walk:
                    self._walk()
                    took = time.monotonic() - begun
                    next_walk = begun + max(self._pace.walk_seconds, 2 * took)
                self._waiting.look()
                self._send_all(pool)
                self._tell()
                if self._rest(next_walk):
                    next_walk = min(next_walk, time.monotonic() + _LOOK_SECONDS)

    def _rest(self, next_walk: float) -> bool:
        """Wait until there is something to do; return whether there is news."""
        if self._pause:
            self._stop.wait(self._pause)
            return True
        left = max(_LOOK_SECONDS, next_walk - time.monotonic())
        return self._wakeups.wait(_LOOK_SECONDS if len(self._waiting) else left)

    def _walk(self) -> None:
        """Look through all folders for what is not sent yet."""
        troubles: set[tuple[str, str]] = set()

        def note(path: str, reason: str) -> None:
            troubles.add((path, reason))
            if (path, reason) not in self._troubles:
                logger.warning('%s: %s', printable(path), reason)

        for found in Walk(self._folders, note, any_name=self._any_name):
            if self._stop.is_set():
                return
            if not self._is_sent(found):
                self._waiting.see(found)
        self._troubles = troubles

    def _is_sent(self, found: Found) -> bool:
        """Return whether a file was stored before; it is tidied then."""
        try:
            if not self._journal.known([found]):
                return False
        except sqlite3.Error as ex:
            logger.warning('What was sent cannot be looked up: %s', ex)
            return False
        if not self._tidying.keeps:
            self._tidy(found)
        return True

    def _send_all(self, pool: ThreadPoolExecutor) -> None:
        batch: list[Found] = []
        for found, only_by_time in self._waiting.ready():
            if only_by_time:
                logger.warning(
                    '%s has not changed for long, and is taken as it is', _name(found)
                )
            batch.append(found)
            if len(batch) >= _BATCH * self._pace.parallel:
                if not self._send(pool, batch):
                    return
                batch = []
        self._send(pool, batch)

    def _send(self, pool: ThreadPoolExecutor, batch: Iterable[Found]) -> bool:
        """Send files side by side; return whether the service took them."""
        futures = [(found, pool.submit(self._sender.send, found)) for found in batch]
        answers = True
        for found, future in futures:
            try:
                self._done(future.result())
                self._says(_ANSWERS)
            except StoppedError as ex:
                answers = False
                self._says(str(ex))
                self._waiting.later(found, str(ex))
        if futures:
            self._pause = 0.0 if answers else self._longer()
        return answers and not self._stop.is_set()

    def _longer(self) -> float:
        return min(max(2 * self._pause, 1.0), _LONGEST_PAUSE_SECONDS)

    def _says(self, text: str) -> None:
        if text != self._service and not self._stop.is_set():
            logger.log(
                logging.INFO if text == _ANSWERS else logging.WARNING,
                'The service: %s',
                text,
            )
            self._service = text

    def _done(self, result: Result) -> None:
        found = result.found
        self._counts[result.outcome] += 1
        if result.outcome in ARRIVED:
            logger.info('%s: %s %s', result.outcome, _name(found), result.image_id)
            self._note(result)
        elif result.outcome is FileOutcome.FAILED:
            logger.warning('%s: %s', _name(found), result.note)
            self._waiting.later(found, result.note)
        else:
            logger.error('%s: %s: %s', result.outcome, _name(found), result.note)
            self._waiting.over(found, f'{result.outcome}: {result.note}')

    def _note(self, result: Result) -> None:
        found = result.found
        try:
            self._journal.add(result)
            self._journal.save()
        except sqlite3.Error as ex:
            logger.warning('What was sent cannot be noted: %s', ex)
            self._waiting.over(found, 'It is sent.')
        else:
            self._waiting.forget(found)
        if not self._tidying.keeps:
            self._tidy(found)

    def _tidy(self, found: Found) -> None:
        try:
            self._tidying.tidy(found)
        except FileNotFoundError:
            pass
        except OSError as ex:
            logger.warning('%s stays where it is: %s', _name(found), reason_of(ex))

    def _tell(self) -> None:
        now = time.monotonic()
        if now < self._next_status:
            return
        self._next_status = now + _STATUS_SECONDS
        write_status(self._status, self._service, self._counts, self._waiting.reasons())


def _name(found: Found) -> str:
    return printable(shown(found.path))
