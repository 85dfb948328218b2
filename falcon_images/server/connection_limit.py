"""How many connections the process may have."""

import contextlib
import select
import sys

# Windows can wait for 512 sockets at most, but has no small limit of open files.
_MAX_CONNECTIONS = 2000 if hasattr(select, 'poll') else 500
_MAX_OPEN_FILES = 4096
# For the database's connections, the log, files that are written, and libraries.
_RESERVED_FILES = 96
# A connection's socket, and the file it sends or the body that arrives.
_FILES_PER_CONNECTION = 2


def connection_limit() -> int:
    """Raise the limit of open files if possible; return how many connections fit."""
    for_connections = _open_files() - _RESERVED_FILES
    return max(1, min(_MAX_CONNECTIONS, for_connections // _FILES_PER_CONNECTION))


if sys.platform == 'win32':

    def _open_files() -> int:
        return _MAX_OPEN_FILES

else:
    import resource

    def _open_files() -> int:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = min(_known(hard), _MAX_OPEN_FILES)
        if _known(soft) < wanted:
            # Some systems refuse a limit that they allow.
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                soft = wanted
        return _known(soft)

    def _known(limit: int) -> int:
        return _MAX_OPEN_FILES if limit == resource.RLIM_INFINITY else limit
