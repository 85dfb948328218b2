"""Many uploads of one request: each becomes an image, or is told why it does not."""

from collections.abc import Iterable, Iterator

from falcon_images.errors import (
    DatabaseUnavailableError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from falcon_images.metadata.names import check_collection_name
from falcon_images.store.additions import Added, Additions
from falcon_images.uploads.form import Upload

_NOT_TRIED = (
    'This image was not tried, because one before it could not be stored; send it '
    'again in a few seconds.'
)


def add_many(
    additions: Additions,
    collection_name: str,
    uploads: Iterable[Upload | Exception],
    key: str | None = None,
    dedupe: bool = False,
) -> Iterator[Added | Exception]:
    """Store uploads in their order, and yield what came of each.

    When the database or the disk fails, those that follow are not tried: to wait for
    each of them would take longer than a client waits.

    Args:
        uploads: what is wrong with one, where it cannot be stored, takes its place.
        key: the idempotency key of all; a retry has the same images in the same order.

    Raises:
        InvalidRequestError: no collection can have that name.
    """
    check_collection_name(collection_name)
    return _added(additions, collection_name, uploads, key, dedupe)


def _added(
    additions: Additions,
    collection_name: str,
    uploads: Iterable[Upload | Exception],
    key: str | None,
    dedupe: bool,
) -> Iterator[Added | Exception]:
    not_tried: Exception | None = None
    for number, upload in enumerate(uploads):
        if isinstance(upload, Exception):
            yield upload
            continue
        if not_tried:
            yield not_tried
            continue
        try:
            own_key = _own_key(key, number)
            added = additions.add(collection_name, upload, own_key, dedupe)
        except Exception as ex:
            not_tried = _of_others(ex)
            yield ex
        else:
            yield added


def _own_key(key: str | None, number: int) -> str | None:
    """Return the key of one image; no header can have such a key."""
    return None if key is None else f'{key}\n{number}'


def _of_others(ex: Exception) -> Exception | None:
    """Return what becomes of the images after one that failed; None: they are tried."""
    if isinstance(ex, DatabaseUnavailableError):
        return DatabaseUnavailableError(_NOT_TRIED)
    if isinstance(ex, StorageFullError):
        return StorageFullError(_NOT_TRIED)
    if isinstance(ex, StorageError):
        return StorageUnavailableError(_NOT_TRIED)
    return None
