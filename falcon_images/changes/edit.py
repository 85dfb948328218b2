"""An edit: what is done to the properties of one image."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from falcon_images.metadata.documents import Document
from falcon_images.properties import (
    MAX_VALUES,
    SYSTEM_FIELDS,
    check_paths,
    check_properties,
    check_update,
    check_values,
    merge_patch,
    set_properties,
    values_in,
    without_system_fields,
)


class EditKind(StrEnum):
    """How properties become others."""

    REPLACE = 'replace'
    SET = 'set'
    MERGE = 'merge'


@dataclass(frozen=True)
class Edit:
    """Properties that replace all others, are set, or are a merge patch (RFC 7396)."""

    kind: EditKind
    values: Document

    def apply(self, document: Document) -> Document:
        """Change a document.

        Raises:
            InvalidRequestError, TooLargeError: the properties do not fit it.
        """
        count = values_in(document)
        changed: Document = _WAYS[self.kind](document, self.values)
        # Those that have more from earlier on may become fewer.
        check_values(changed, max(count, MAX_VALUES))
        return changed


def checked_edit(kind: EditKind, values: dict[str, Any]) -> Edit:
    """Make an edit of a body; system fields in it are ignored.

    Raises:
        InvalidRequestError: a property has a name that it cannot have.
        TooLargeError: it has too many values.
    """
    values = without_system_fields(values)
    check_values(values)
    if kind is EditKind.SET:
        check_update(values)
        check_paths(values)
    else:
        check_properties(values)
    return Edit(kind, values)


def _replaced(document: Document, values: Document) -> Document:
    system = {name: document[name] for name in SYSTEM_FIELDS if name in document}
    return system | values


_WAYS = {
    EditKind.REPLACE: _replaced,
    EditKind.SET: set_properties,
    EditKind.MERGE: merge_patch,
}
