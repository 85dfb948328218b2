"""Archives as they are read: what is in them, and each entry checked for itself.

Nothing is unpacked under a name of the archive: names are only compared.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from falcon_images.datasets.archive_names import normal_name
from falcon_images.datasets.archives.damages import DAMAGED, damaged
from falcon_images.datasets.archives.entry_list import (
    ArchiveEntry,
    EntryList,
    ListedEntry,
)
from falcon_images.datasets.archives.tar_entries import is_tar, stored, tar_entries
from falcon_images.datasets.archives.zip_entries import (
    LOCAL_HEADER_BYTES,
    directory_entries,
    find_directory,
    unpacked,
)
from falcon_images.errors import (
    InvalidRequestError,
    NotAnArchiveError,
    TooLargeError,
)

MAX_ENTRIES = 2_000_000
# How many times its size an archive may have when it is unpacked, or so many bytes.
_MAX_RATIO = 100
_MIN_UNPACKED_BYTES = 1024**3
# Where several images have one name, all but one have their ids in the archive's names.
_WITH_ID = re.compile(r'_([0-9a-f]{24})(_[0-9]+)?(\.[^./]*)?$')
_COMPRESSED = {
    b'\x1f\x8b': 'gzip',
    b'BZh': 'bzip2',
    b'\xfd7zXZ': 'xz',
    b'\x28\xb5\x2f\xfd': 'zstd',
}

Found = tuple[ArchiveEntry, list[str]]


class ArchiveReader:
    """The entries of a zip or tar archive, found by name.

    Args:
        listing: an empty one, which has the entries afterwards.
    """

    def __init__(self, file: BinaryIO, size: int, listing: EntryList) -> None:
        self._file = file
        self._size = size
        self.listing = listing
        self._unpack: Callable[[BinaryIO, ArchiveEntry], Iterator[bytes]] = unpacked
        if directory := find_directory(file, size):
            _check_count(directory.entries)
            listing.add(self._listed(directory_entries(file, directory)))
            self._check_sizes()
            self._check_places()
        elif is_tar(file):
            self._unpack = stored
            listing.add(self._listed(tar_entries(file, size)))
        else:
            raise _no_archive(file)
        self.is_tar = self._unpack is stored

    def names(self) -> Iterator[str]:
        """Yield the names of all files, in the order of the archive."""
        return self.listing.names()

    def name_of(self, name: str) -> str | None:
        """Return the name under which a file is listed here; None if it is not."""
        return self.listing.known_as(normal_name(name))

    def read(self, name: str, max_bytes: int) -> Iterator[bytes]:
        """Yield the bytes of an entry; they are whole when this ends.

        Raises:
            InvalidRequestError: it is damaged, or of a kind that is not taken.
            TooLargeError: it has more bytes than a limit.
        """
        entry, *others = self.listing.of_name(name)
        if others:
            raise InvalidRequestError('The archive has several files of this name.')
        if entry.refusal:
            raise InvalidRequestError(entry.refusal)
        if entry.place + entry.packed_size > self._size:
            raise damaged(DAMAGED)
        if entry.size > max_bytes:
            raise TooLargeError(f'It has more than {max_bytes} bytes.')
        return self._unpack(self._file, entry)

    def _listed(self, found: Iterator[Found]) -> Iterator[ListedEntry]:
        for number in itertools.count(1):
            each = next(found, None)
            if each is None:
                return
            _check_count(number)
            entry, others = each
            match = _WITH_ID.search(entry.name)
            yield ListedEntry(entry, tuple(others), match[1] if match else None)

    def _check_sizes(self) -> None:
        limit = max(_MAX_RATIO * self._size, _MIN_UNPACKED_BYTES)
        if self.listing.unpacked_size() > limit:
            raise TooLargeError(
                f'The archive says that it has more than {_MAX_RATIO} times its size '
                'when it is unpacked; send the images in several archives, or one by '
                'one.'
            )

    def _check_places(self) -> None:
        """Raise `InvalidRequestError` if entries share bytes, as those of bombs do."""
        end = 0
        for place, packed_size in self.listing.places():
            if place < end:
                raise InvalidRequestError(
                    'Files of the archive overlap each other in it; make it anew.'
                )
            end = place + LOCAL_HEADER_BYTES + packed_size


def _check_count(count: int) -> None:
    if count > MAX_ENTRIES:
        raise TooLargeError(
            f'An archive can have {MAX_ENTRIES:,} files at most; send several archives.'
        )


def _no_archive(file: BinaryIO) -> Exception:
    file.seek(0)
    beginning = file.read(6)
    if beginning.startswith(b'PK'):
        return damaged()
    for magic, name in _COMPRESSED.items():
        if beginning.startswith(magic):
            return NotAnArchiveError(
                f'The file is compressed with {name}; send a zip archive, or a tar '
                'archive that is not compressed.'
            )
    return NotAnArchiveError(
        'The file is not an archive that is taken: send a zip or a tar archive.'
    )
