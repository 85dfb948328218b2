"""Archives as they are read: what is in them, and each entry checked for itself.

Nothing is unpacked under a name of the archive: names are only compared.
"""

import contextlib
import errno
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from falcon_images.datasets.archive_names import (
    entry_names,
    is_of_system,
    leads_elsewhere,
    normal_name,
)
from falcon_images.errors import (
    InvalidRequestError,
    NotAnArchiveError,
    TooLargeError,
)

MAX_ENTRIES = 125_000
_MAX_DIRECTORY_BYTES = 32 * 1024**2
# How many times its size an archive may have when it is unpacked, or so many bytes.
_MAX_RATIO = 100
_MIN_UNPACKED_BYTES = 1024**3
_CHUNK_BYTES = 65536
# How each entry of the directory begins.
_ENTRY = b'PK\1\2'
_IS_ENCRYPTED = 0x1
_LOCAL_HEADER_BYTES = 30
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What `zipfile` and its decompressors raise for what is damaged or hostile.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError),
    *(NotImplementedError, ValueError, OverflowError, LookupError),
)


class _BoundedReads:
    """A file of which no directory is read that is longer than one may be."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES:
            raise too_many_entries()
        data = self._file.read(size)
        if data.count(_ENTRY) > MAX_ENTRIES:
            raise too_many_entries()
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class ArchiveReader:
    """The entries of a zip archive, found by name."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._zip = _opened(file)
        entries = self._zip.infolist()
        _check_sizes(entries, size)
        _check_places(entries)
        self._by_name: dict[str, zipfile.ZipInfo] = {}
        self._by_other_name: dict[str, str] = {}
        self._repeated: set[str] = set()
        for info in entries:
            self._add(info)
        # What nobody asks for is half of the memory of a long list.
        self._zip.NameToInfo.clear()
        self._zip.filelist.clear()

    def _add(self, info: zipfile.ZipInfo) -> None:
        name, *others = entry_names(info)
        if is_of_system(name):
            return
        if name in self._by_name:
            self._repeated.add(name)
        self._by_name[name] = info
        info.filename, info.date_time = info.orig_filename, _NO_TIME
        for other in others:
            self._by_other_name.setdefault(other, name)

    def names(self) -> list[str]:
        """List the names of all files, in the order of the archive."""
        return list(self._by_name)

    def size_of(self, name: str) -> int:
        """Return how many bytes the archive says that a file has."""
        return self._by_name[name].file_size

    def name_of(self, name: str) -> str | None:
        """Return the name under which a file is listed here; None if it is not."""
        name = normal_name(name)
        return name if name in self._by_name else self._by_other_name.get(name)

    def read(self, name: str, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes of an entry; they are whole when this ends.

        Raises:
            InvalidRequestError: it is damaged, or of a kind that is not taken.
            TooLargeError: it has more bytes than a limit.
        """
        info = self._by_name[name]
        self._check(name, info)
        if info.file_size > max_bytes:
            raise TooLargeError(f'It has more than {max_bytes} bytes.')
        size = 0
        with _damages('It is damaged, or cut off.'), self._zip.open(info) as entry:
            while chunk := entry.read(_CHUNK_BYTES):
                size += len(chunk)
                yield chunk
            if size != info.file_size:
                raise EOFError

    def _check(self, name: str, info: zipfile.ZipInfo) -> None:
        mode = info.external_attr >> 16
        if name in self._repeated:
            raise InvalidRequestError('The archive has several files of this name.')
        if leads_elsewhere(name):
            raise InvalidRequestError('Its name leads out of the archive.')
        if info.flag_bits & _IS_ENCRYPTED:
            raise InvalidRequestError('It is encrypted; save it without a password.')
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise InvalidRequestError('It is a link, or no file.')
        if info.compress_type not in _METHODS:
            raise InvalidRequestError(
                'It is compressed in a way that is not taken; use Deflate.'
            )


def too_many_entries() -> TooLargeError:
    """Make the error of an archive whose list of files is too long."""
    return TooLargeError(
        f'An archive can have {MAX_ENTRIES:,} files at most; send several archives.'
    )


def _opened(file: BinaryIO) -> zipfile.ZipFile:
    file.seek(0)
    is_begun = file.read(2) == b'PK'
    if not is_begun and not zipfile.is_zipfile(file):
        raise NotAnArchiveError(
            'The file is not an archive that is taken: send a zip archive.'
        )
    with _damages('The archive is cut off or damaged; send it again.'):
        return zipfile.ZipFile(cast(Any, _BoundedReads(file)))


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    unpacked = sum(info.file_size for info in entries)
    if unpacked > max(_MAX_RATIO * size, _MIN_UNPACKED_BYTES):
        raise TooLargeError(
            f'The archive says that it has more than {_MAX_RATIO} times its size when '
            'it is unpacked; send the images in several archives, or one by one.'
        )


def _check_places(entries: list[zipfile.ZipInfo]) -> None:
    """Raise `InvalidRequestError` if entries share bytes, as those of bombs do."""
    end = 0
    for info in sorted(entries, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise InvalidRequestError(
                'Files of the archive overlap each other in it; make it anew.'
            )
        end = info.header_offset + _LOCAL_HEADER_BYTES + info.compress_size


@contextlib.contextmanager
def _damages(text: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGES as ex:
        raise InvalidRequestError(text) from ex
    except OSError as ex:
        # A place before the beginning of the file.
        if ex.errno == errno.EINVAL:
            raise InvalidRequestError(text) from ex
        raise
