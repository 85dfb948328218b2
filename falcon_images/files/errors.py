"""What a disk refuses, as an error of ours and as a line in the log."""

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from pathlib import PurePath

from falcon_images.errors import StorageFullError, StorageUnavailableError
from falcon_images.files.layout import (
    DOUBTS,
    IMAGES,
    INCOMING,
    QUARANTINE,
    SNAPSHOTS,
    THUMBNAILS,
)
from falcon_images.telemetry.rare_warnings import RareWarnings

_FULL = frozenset((errno.ENOSPC, getattr(errno, 'EDQUOT', errno.ENOSPC), errno.EFBIG))
# The folders of the store; what is above them is nobody's business.
_FOLDERS = (IMAGES, INCOMING, DOUBTS, THUMBNAILS, QUARANTINE, SNAPSHOTS)

logger = logging.getLogger(__name__)
_warnings = RareWarnings(logger)


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Raise `StorageFullError` or `StorageUnavailableError` for what a disk refuses.

    The log says why, once a minute for each reason.
    """
    try:
        yield
    except OSError as ex:
        _warn(ex)
        if ex.errno in _FULL:
            raise StorageFullError(
                'The disk is full, so nothing was stored; make room and send it again.'
            ) from ex
        raise StorageUnavailableError(
            'The disk does not work; send the request again in a while.'
        ) from ex


def path_in_store(name: object) -> str:
    """Return a path from the folder of the store on, or what can be said without it."""
    if not isinstance(name, str | bytes | os.PathLike):
        return 'an open file'
    parts = PurePath(os.fsdecode(name)).parts
    for index in range(len(parts) - 1, -1, -1):
        if parts[index] in _FOLDERS:
            return '/'.join(parts[index:])
    return 'a file outside the store'


def _warn(ex: OSError) -> None:
    reason = errno.errorcode.get(ex.errno or 0, 'no number')
    where = path_in_store(ex.filename)
    kind = (ex.errno, where.partition('/')[0])
    _warnings.warn(
        kind, 'The disk refused: %s (%s) for %s', ex.strerror or ex, reason, where
    )
