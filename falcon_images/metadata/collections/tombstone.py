"""A tombstone: what is known of a deleted collection, and how far it is with it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from falcon_images.metadata.documents import Document


class TombstoneState(StrEnum):
    """How far it is with a deleted collection; only one that is DELETED is public."""

    DELETING = 'deleting'
    DELETED = 'deleted'
    REVERTING = 'reverting'
    EXPIRING = 'expiring'


@dataclass(frozen=True)
class Tombstone:
    """A deleted collection: the name it had, and the key that it has now.

    `token` is that of the lease, for whoever holds it.
    """

    id: Any
    collection_name: str
    key: str
    uuid: Any
    documents: int
    token: Any


def public_tombstone(record: Document) -> Document:
    """Return what is public of a tombstone's record."""
    return {
        'name': record['collection'],
        'documents': record['documents'],
        'change': record['_id'],
        'time': record['time'],
        'until': record['until'],
    }


def tombstone_of(record: Document) -> Tombstone:
    """Read a tombstone's record."""
    return Tombstone(
        id=record['_id'],
        collection_name=record['collection'],
        key=record['key'],
        uuid=record.get('uuid'),
        documents=record['documents'],
        token=record.get('lease', {}).get('token'),
    )
