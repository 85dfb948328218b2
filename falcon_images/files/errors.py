"""What a disk refuses, as an error of ours."""

import contextlib
import errno
from collections.abc import Iterator

from falcon_images.errors import StorageFullError, StorageUnavailableError

_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Raise `StorageFullError` or `StorageUnavailableError` for what a disk refuses."""
    try:
        yield
    except OSError as ex:
        if ex.errno in _FULL:
            raise StorageFullError(
                'The disk is full, so nothing was stored; make room and send it again.'
            ) from ex
        raise StorageUnavailableError(
            'The disk does not work; send the request again in a while.'
        ) from ex
