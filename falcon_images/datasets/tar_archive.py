"""Tar archives, written entry by entry; nothing of them is kept in memory.

Headers are those of Python's `tarfile`: POSIX's, with names in UTF-8.
"""

import tarfile

_COMMENT = 'Images with their documents; README, the last entry, says what is left out.'
# A comment for all entries, which readers pass over: so every archive has one
# beginning, which can be sent before any document is read.
TAR_BEGINNING = tarfile.TarInfo.create_pax_global_header({'comment': _COMMENT})


class TarArchive:
    """The frame of a tar archive: whoever calls sends the bytes between the headers."""

    def __init__(self) -> None:
        self._position = len(TAR_BEGINNING)

    def begin_entry(self, name: str, seconds: int, size: int) -> bytes:
        """Return the header of an entry; `size` bytes and `padding` must follow it."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mtime = size, max(seconds, 0)
        header = entry.tobuf(tarfile.PAX_FORMAT, 'utf-8', 'surrogateescape')
        self._position += len(header) + size + len(self.padding(size))
        return header

    def padding(self, size: int) -> bytes:
        """Return what follows the bytes of an entry."""
        return bytes(-size % tarfile.BLOCKSIZE)

    def end(self) -> bytes:
        """Return what comes after the last entry."""
        size = 2 * tarfile.BLOCKSIZE
        return bytes(size + -(self._position + size) % tarfile.RECORDSIZE)
