"""Lists in a file that nobody else has, so that memory does not grow with them."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from urllib.parse import quote

from falcon_images.files.errors import disk_errors

_OPTIONS = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
"""


def list_database(path: str, tables: str, cache_kib: int) -> sqlite3.Connection:
    """Open a database, with its tables, in an empty file that nobody else uses.

    Args:
        cache_kib: the most of it that is in memory.
    """
    with list_errors():
        database = sqlite3.connect(_address(path), uri=True)
        database.execute(f'PRAGMA cache_size = -{cache_kib}')
        database.executescript(_OPTIONS + tables)
        database.execute('BEGIN')
    return database


@contextlib.contextmanager
def list_errors() -> Iterator[None]:
    """Raise what a full or broken disk makes the list fail with, as other files do."""
    with disk_errors():
        try:
            yield
        except sqlite3.Error as ex:
            is_full = getattr(ex, 'sqlite_errorname', '') == 'SQLITE_FULL'
            raise OSError(errno.ENOSPC if is_full else errno.EIO, str(ex)) from ex


def _address(path: str) -> str:
    """Return the address of a file that is not locked: nobody else has it."""
    path = os.path.abspath(path).replace(os.sep, '/')  # noqa: PTH100
    root = '' if path.startswith('/') else '/'
    return f'file://{root}{quote(path)}?nolock=1'
