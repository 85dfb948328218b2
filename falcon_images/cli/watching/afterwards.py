"""What happens to a file that is stored: it stays, is moved, or is deleted."""

import enum
import shutil
from pathlib import Path

from falcon_images.cli.sending.files import Found


class Afterwards(enum.StrEnum):
    """What is done with a file that is stored."""

    KEEP = 'keep'
    MOVE = 'move'
    DELETE = 'delete'


class Tidying:
    """Does with stored files what is told.

    Args:
        what: is done.
        target: the folder for files that are moved.
    """

    def __init__(self, what: Afterwards, target: Path | None) -> None:
        self._what = what
        self._target = target

    @property
    def keeps(self) -> bool:
        """Return whether files stay where they are."""
        return self._what is Afterwards.KEEP

    def tidy(self, found: Found) -> None:
        """Move or delete a file, if it is still as it was stored.

        Raises:
            OSError: the system refuses; it can be done again.
        """
        facts = found.path.stat()
        if (facts.st_size, facts.st_mtime_ns) != (found.size, found.changed_ns):
            return
        if self._what is Afterwards.DELETE:
            found.path.unlink()
        elif self._what is Afterwards.MOVE and self._target:
            self._move(found, self._target)

    def _move(self, found: Found, target: Path) -> None:
        wanted = target / found.relative
        wanted.parent.mkdir(parents=True, exist_ok=True)
        try:
            found.path.rename(_free(wanted))
        except OSError:
            # Another disk: whole under another name first.
            self._copy(found, wanted)

    def _copy(self, found: Found, wanted: Path) -> None:
        part = wanted.with_name(f'{wanted.name}.part')
        try:
            shutil.copy2(found.path, part)
            part.replace(_free(wanted))
        finally:
            part.unlink(missing_ok=True)
        found.path.unlink()


def _free(wanted: Path) -> Path:
    """Return a name that no other file has."""
    number, path = 1, wanted
    while path.exists():
        number += 1
        path = wanted.with_name(f'{wanted.stem}-{number}{wanted.suffix}')
    return path
