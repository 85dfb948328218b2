"""Pairs: documents that a change has still to do, with what is made of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from falcon_images.changes.patch import BulkPatch
from falcon_images.metadata.changes.before_images import ChangeKind
from falcon_images.metadata.changes.bulk import (
    MAX_DOCUMENT_BYTES,
    BulkDocuments,
    RawDocument,
    sha256_of,
    transformed,
)
from falcon_images.metadata.changes.change import ChangeRecord
from falcon_images.metadata.changes.pending_ids import Prepared
from falcon_images.metadata.documents import Document

# A document, and what is made of it; None means that it is deleted.
Pair = tuple[RawDocument, RawDocument | None]
Make = Callable[[Document], Document]


def pairs_of(
    bulk: BulkDocuments,
    change: ChangeRecord,
    ids: Sequence[Any],
    hashes: Mapping[Any, bytes],
    prepared: Mapping[Any, Prepared],
) -> Iterator[Pair]:
    """Read documents that are still to be changed, and make what they become.

    Args:
        hashes: the SHA-256 of those that have before-images.
        prepared: what is made of each, if that is not the same for all.
    """
    for document in bulk.read(change.collection_name, ids, change.filter):
        if len(document.raw) > MAX_DOCUMENT_BYTES:
            continue
        if change.kind is ChangeKind.DELETE:
            yield document, None
        elif make := _maker(change, document, hashes, prepared):
            after = transformed(document, make)
            if after is not None:
                yield document, after


def size_of(pair: Pair) -> int:
    """Return how many bytes a pair has."""
    before, after = pair
    return len(before.raw) + (len(after.raw) if after else 0)


def _maker(
    change: ChangeRecord,
    document: RawDocument,
    hashes: Mapping[Any, bytes],
    prepared: Mapping[Any, Prepared],
) -> Make | None:
    """Return what makes another document of one; None if it is to stay as it is.

    One that is not as its before-image was changed by an earlier attempt, or by
    somebody else after it.
    """
    image_id, sha256 = document['_id'], sha256_of(document)
    if hashes.get(image_id) not in (None, sha256):
        return None
    if each := prepared.get(image_id):
        return BulkPatch(each.values, False).apply if each.was == sha256 else None
    return BulkPatch(change.patch or {}, change.is_merge).apply
