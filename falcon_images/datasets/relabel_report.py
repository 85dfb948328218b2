"""The report of a relabelling: what each row does, or why it does nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps

_MAX_LISTED = 1000
# Of one value, and of all differences together.
_MAX_SHOWN_CHARACTERS = 1000
_MAX_SHOWN_BYTES = 4 * 1024**2
_MAX_NAMED = 5


@dataclass(frozen=True)
class Difference:
    """One cell with another value than its image has."""

    column: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Warned:
    """One cell that is left, as a spreadsheet most likely made it."""

    column: str
    before: Any
    cell: Any
    reason: str


@dataclass
class Listed:
    """Things that are counted, of which the first are listed."""

    count: int = 0
    items: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0

    def add(self, item: dict[str, Any]) -> None:
        """Count one; list it if there is space for it."""
        self.count += 1
        if len(self.items) < _MAX_LISTED and self.size < _MAX_SHOWN_BYTES:
            self.size += len(dumps(item))
            self.items.append(item)


@dataclass
class RelabelReport:
    """How many rows there are, and which do what."""

    columns: Sequence[str]
    rows: int
    matched: int = 0
    unchanged: int = 0
    differences: Listed = field(default_factory=Listed)
    conflicts: Listed = field(default_factory=Listed)
    warnings: Listed = field(default_factory=Listed)
    unknown: Listed = field(default_factory=Listed)

    def warn(self, number: int, image_id: str, warned: Warned) -> None:
        """Note a cell that is left."""
        entry = {'row': number, '_id': image_id, 'column': warned.column}
        shown = {'before': warned.before, 'cell': warned.cell, 'reason': warned.reason}
        self.warnings.add(entry | shown)

    def differ(
        self, number: int, image_id: str, differences: Sequence[Difference]
    ) -> None:
        """Note a row that changes its image."""
        self.matched += 1
        changes = {
            each.column: {'before': each.before, 'after': each.after}
            for each in differences
        }
        self.differences.add({'row': number, '_id': image_id, 'changes': changes})

    def leave(self, image_ids: Sequence[Any]) -> None:
        """Note images that others changed at this moment."""
        for image_id in image_ids:
            self.conflicts.add({'_id': image_id})

    def require_known(self) -> None:
        """Raise `InvalidRequestError` if there are rows without an image."""
        if not self.unknown.count:
            return
        named = ', '.join(
            f'row {each["row"]} ({each["_id"]})'
            for each in self.unknown.items[:_MAX_NAMED]
        )
        more = ', ...' if self.unknown.count > _MAX_NAMED else ''
        raise InvalidRequestError(
            f'The collection has no image with the _id of {self.unknown.count} rows: '
            f'{named}{more}. Leave them out; dry_run=true lists them. Nothing was '
            'changed.'
        )

    def answer(self) -> dict[str, Any]:
        """Return what a client gets of any relabelling."""
        return {
            'rows': self.rows,
            'matched': self.matched,
            'unchanged': self.unchanged,
            'columns': list(self.columns),
            'conflicts': self.conflicts.items,
            'conflict_count': self.conflicts.count,
            'warnings': self.warnings.items,
            'warning_count': self.warnings.count,
        }

    def preview(self) -> dict[str, Any]:
        """Return what a client gets that only asks."""
        return {
            'dry_run': True,
            **self.answer(),
            'differences': self.differences.items,
            'unknown': self.unknown.items,
            'unknown_count': self.unknown.count,
        }


def shown(value: Any) -> Any:
    """Return a value, or the beginning of its text if that is long."""
    if isinstance(value, str):
        cut = value[:_MAX_SHOWN_CHARACTERS]
        return value if cut == value else f'{cut}...'
    text = dumps(value)
    if len(text) <= _MAX_SHOWN_CHARACTERS:
        return value
    return text[:_MAX_SHOWN_CHARACTERS].decode(errors='ignore') + '...'
