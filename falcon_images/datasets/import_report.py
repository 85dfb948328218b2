"""The report of an import: what became of each entry of the archive."""

from dataclasses import dataclass, field
from typing import Any

_MAX_LISTED = 1000
_MAX_NAME_CHARACTERS = 300


@dataclass
class ImportReport:
    """How many images came, were changed, or are as they were, and what was left."""

    collection_name: str
    is_dry_run: bool = False
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped_count: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)

    def skip(self, name: str, reason: str, image_id: str | None = None) -> None:
        """Count what is left out; the first are listed with their reasons."""
        self.skipped_count += 1
        if len(self.skipped) < _MAX_LISTED:
            entry = {'name': _readable(name), 'reason': reason}
            self.skipped.append({'_id': image_id, **entry} if image_id else entry)

    def answer(self, change_id: Any = None) -> dict[str, Any]:
        """Return the report as a client gets it.

        Args:
            change_id: the change that has what was done; None if nothing was.
        """
        answer: dict[str, Any] = {'dry_run': True} if self.is_dry_run else {}
        return answer | {
            'collection': self.collection_name,
            'imported': self.imported,
            'updated': self.updated,
            'unchanged': self.unchanged,
            'skipped': self.skipped,
            'skipped_count': self.skipped_count,
            'change': change_id,
        }


def _readable(name: str) -> str:
    """Return a name of which all can be written as text in UTF-8."""
    return name[:_MAX_NAME_CHARACTERS].encode(errors='replace').decode()
