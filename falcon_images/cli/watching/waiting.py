"""Files that are not sent yet, and what each of them waits for."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from falcon_images.cli.sending.files import Found, reason_of
from falcon_images.cli.watching.whole import is_open_for_writing, is_whole

# How many are looked at; all others wait in the folder for their turn.
MOST_WAITING = 10_000
_MOST_OVER = 10_000
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_WHOLE, _SETTLED = 'It is sent now.', 'It is sent now, as it is.'
_NEW, _WRITTEN = 'It is new.', 'It is being written.'
# Between two looks into a file that was not whole.
_LOOK_SECONDS = 5.0


class Why(NamedTuple):
    """What a file waits for.

    Args:
        path: of the file.
        reason: as a sentence.
        seconds: how long it is known.
    """

    path: Path
    reason: str
    seconds: float


@dataclass
class _Waiting:
    found: Found
    first_seen: float
    unchanged_since: float
    reason: str = _NEW
    pause: float = 0.0
    not_before: float = 0.0


class WaitingFiles:
    """What appeared and is not sent, until it is whole and the service takes it.

    Args:
        quiet_seconds: how long a file is unchanged before it is looked into.
        settle_seconds: how long it is unchanged before it is taken though its format
            does not show that it is whole.
    """

    def __init__(self, quiet_seconds: float, settle_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._settle_seconds = settle_seconds
        self._files: dict[Path, _Waiting] = {}
        self._over: dict[Path, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._files)

    def see(self, found: Found) -> None:
        """Note that a file is there, as it is now."""
        over = self._over.get(found.path)
        if over and _state(over.found) == _state(found):
            return
        self._over.pop(found.path, None)
        now = time.monotonic()
        known = self._files.get(found.path)
        if known is None:
            if len(self._files) < MOST_WAITING:
                self._files[found.path] = _Waiting(found, now, now)
        elif _state(known.found) != _state(found):
            known.found, known.unchanged_since = found, now
            known.reason, known.pause, known.not_before = _WRITTEN, 0, 0

    def look(self) -> None:
        """See all that is known again; what has gone is forgotten."""
        for path in [path for path in self._over if not os.path.lexists(path)]:
            del self._over[path]
        for path, known in [*self._files.items()]:
            try:
                facts = path.stat()
            except FileNotFoundError:
                del self._files[path]
            except OSError as ex:
                known.reason = reason_of(ex)
            else:
                root = known.found.root
                self.see(Found(path, root, facts.st_size, facts.st_mtime_ns))

    def ready(self) -> Iterator[tuple[Found, bool]]:
        """Yield files to be sent, and whether only time says that they are whole."""
        now = time.monotonic()
        for known in [*self._files.values()]:
            quiet = now - known.unchanged_since
            if now < known.not_before or quiet < self._quiet_seconds:
                continue
            try:
                known.reason = self._missing(known.found.path, quiet)
            except OSError as ex:
                self.later(known.found, reason_of(ex))
                continue
            if known.reason in (_WHOLE, _SETTLED):
                yield known.found, known.reason == _SETTLED
            else:
                known.not_before = now + min(self._quiet_seconds, _LOOK_SECONDS)

    def _missing(self, path: Path, quiet: float) -> str:
        """Return why a file is not sent, or that it is sent now."""
        if is_open_for_writing(path):
            return 'Another program has it open.'
        if is_whole(path):
            return _WHOLE
        return _SETTLED if quiet >= self._settle_seconds else 'Its end is missing.'

    def later(self, found: Found, reason: str) -> None:
        """Note that a file is to be tried again, each time later, up to a minute."""
        if known := self._files.get(found.path):
            known.reason = reason
            pause = max(2 * known.pause, _FIRST_PAUSE_SECONDS)
            known.pause = min(pause, _LONGEST_PAUSE_SECONDS)
            known.not_before = time.monotonic() + known.pause

    def over(self, found: Found, reason: str) -> None:
        """Note that a file is not tried again until it changes."""
        if known := self._files.pop(found.path, None):
            known.reason = reason
            self._over[found.path] = known
            while len(self._over) > _MOST_OVER:
                del self._over[next(iter(self._over))]

    def forget(self, found: Found) -> None:
        """Drop a file that is sent."""
        self._files.pop(found.path, None)

    def reasons(self) -> list[Why]:
        """Return what each file waits for, those that wait longest first."""
        now = time.monotonic()
        found = [
            Why(path, each.reason, now - each.first_seen)
            for files in (self._over, self._files)
            for path, each in files.items()
        ]
        return sorted(found, key=lambda why: -why.seconds)


def _state(found: Found) -> tuple[int, int]:
    return found.size, found.changed_ns
