"""What zip archives of every layout share."""

import datetime
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.datasets.archive import EARLIEST, Moment, ZipArchive
from falcon_images.datasets.run import chunks_of


def entry_of_file(
    archive: ZipArchive, name: str, time: Moment, file: BinaryIO
) -> Iterator[bytes]:
    """Yield an entry that has the bytes of a file."""
    size = crc = 0
    for chunk in chunks_of(file):
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    yield archive.begin_entry(name, time, size, crc)
    yield from chunks_of(file)


def moment_of(text: str) -> Moment:
    """Return the moment of a time in ISO 8601, in UTC; the earliest for other text."""
    try:
        return _moment(datetime.datetime.fromisoformat(text))
    except ValueError:
        return EARLIEST


def now(seconds: float) -> Moment:
    """Return the moment of a time of day, in UTC."""
    return _moment(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


def _moment(time: datetime.datetime) -> Moment:
    return time.year, time.month, time.day, time.hour, time.minute, time.second
