"""Changes: what is known of one, and how far it is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import bson

from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.documents import Document


class State(StrEnum):
    """How far a change is; the first and the last are not public."""

    SELECTING = 'selecting'
    RUNNING = 'running'
    DONE = 'done'
    REVERTING = 'reverting'
    REVERTED = 'reverted'
    EXPIRING = 'expiring'


@dataclass(frozen=True)
class ChangeRecord:
    """A change, for whoever holds its lease, if `token` is that of the record.

    `uuid` is of the collection, unlike others that had, or will have, its name; `done`
    is the number of the last batch of ids that is in `changed`. Where it `has_edits`,
    images came to it one by one.
    """

    id: Any
    collection_name: str
    uuid: Any
    kind: ChangeKind
    state: State
    filter: Document
    patch: Document | None
    is_merge: bool
    changed: int
    done: int
    token: Any
    has_edits: bool = False

    @property
    def is_noted(self) -> bool:
        """Whether its before-images alone say which images it is about."""
        return self.has_edits or self.kind is ChangeKind.IMPORT


def change_of(record: Document) -> ChangeRecord:
    """Read a change's record."""
    return ChangeRecord(
        id=record['_id'],
        collection_name=record['collection'],
        uuid=record['uuid'],
        kind=ChangeKind(record['kind']),
        state=State(record['state']),
        filter=bson.decode(record['filter']),
        patch=record['patch'],
        is_merge=record['is_merge'],
        changed=record['changed'],
        done=record.get('done', -1),
        token=record.get('lease', {}).get('token'),
        has_edits='edits' in record,
    )
