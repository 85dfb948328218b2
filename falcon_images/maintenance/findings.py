"""What a check finds, and how far it goes."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

GRACE_SECONDS = 600.0

# Is called with what was looked at, and how many more.
OnStep = Callable[[str, int], None]


class CheckError(Exception):
    """The check cannot be made; the text says what to do."""


class FindingKind(enum.StrEnum):
    """What can be wrong."""

    MISSING = 'missing'
    WRONG_SIZE = 'wrong size'
    DAMAGED = 'damaged'
    ORPHANED = 'orphaned'
    STALE_THUMBNAIL = 'stale thumbnail'
    UNREADABLE = 'unreadable'
    # Nothing is wrong with it, as far as the check knows.
    NOT_LOOKED_AT = 'not looked at'


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, and what was done about it."""

    kind: FindingKind
    place: str
    is_repaired: bool = False
    note: str = ''


@dataclass(frozen=True)
class Extent:
    """How far a check goes: reading every byte, moving files."""

    is_deep: bool = False
    repairs: bool = False
    # Files that are younger may be of uploads that are under way.
    grace_seconds: float = GRACE_SECONDS

    def has_age(self, age: float | None, on_step: OnStep) -> bool:
        """Return whether a file of that age is to be judged; None is one that went."""
        if age is None:
            return False
        is_old = age >= self.grace_seconds
        if not is_old:
            on_step('waiting', 1)
        return is_old
