"""Patches: what a bulk update does to each document."""

from dataclasses import dataclass
from typing import Any

from falcon_images.changes.edit import Edit, EditKind, checked_edit
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.documents import Document
from falcon_images.query.selection import Selection


@dataclass(frozen=True)
class BulkPatch:
    """Properties to set, dotted names inside objects; or a merge patch (RFC 7396)."""

    values: Document
    is_merge: bool

    def apply(self, document: Document) -> Document:
        """Change a document; raise `InvalidRequestError` if the patch does not fit."""
        try:
            return Edit(_kind(self.is_merge), self.values).apply(document)
        except TooLargeError as ex:
            raise InvalidRequestError(str(ex)) from ex

    @property
    def fields(self) -> list[str]:
        """The fields of a document by which it is known whether the patch fits."""
        if self.is_merge:
            return []
        return sorted({path.split('.')[0] for path in self.values if '.' in path})


def checked_patch(values: dict[str, Any], is_merge: bool) -> BulkPatch:
    """Make a patch of a body; system fields in it are ignored.

    Raises:
        InvalidRequestError: a property has a name that it cannot have.
        TooLargeError: it has too many values.
    """
    return BulkPatch(checked_edit(_kind(is_merge), values).values, is_merge)


def _kind(is_merge: bool) -> EditKind:
    return EditKind.MERGE if is_merge else EditKind.SET


def record_of(
    collection_name: str, selection: Selection, patch: BulkPatch | None
) -> Document:
    """Return what the record of a bulk change has of its request."""
    return {
        'collection': collection_name,
        'kind': (ChangeKind.UPDATE if patch else ChangeKind.DELETE).value,
        'conditions': selection.conditions,
        'patch': patch.values if patch else None,
        'is_merge': patch.is_merge if patch else False,
    }
