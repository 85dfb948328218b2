"""Lists of documents, written into a file that is then sent."""

import itertools
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO

from falcon_images.csv_text import write_csv
from falcon_images.files import disk_errors
from falcon_images.json_text import dumps
from falcon_images.metadata import Document

# Lists up to this size stay in memory, longer ones go to a temporary file.
_SPOOLED_BYTES = 1024**2
# Few, because each may be as large as MongoDB allows.
_WRITTEN_AT_ONCE = 16


@dataclass(frozen=True)
class Listing:
    """A list of documents: its file, its size in bytes, their count."""

    file: IO[bytes]
    size: int
    count: int


def write_list(documents: Iterable[Document], media_type: str) -> Listing:
    """Write documents as they are read, in memory that does not grow with them.

    A file, because the server sends it without holding a thread, however slow the
    client reads. Whoever calls closes it.

    Args:
        media_type: one of `MEDIA_TYPES`.
    """
    with disk_errors():
        file = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115
        try:
            count = _WRITERS[media_type](file, documents)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Listing(file, size, count)


def _write_array(file: IO[bytes], documents: Iterable[Document]) -> int:
    count = 0
    remaining = iter(documents)
    while some := list(itertools.islice(remaining, _WRITTEN_AT_ONCE)):
        # An array each, without its end, and a comma for the beginning of the next.
        text = dumps(some)[:-1]
        file.write(b',' + text[1:] if count else text)
        count += len(some)
    file.write(b']' if count else b'[]')
    return count


def _write_lines(file: IO[bytes], documents: Iterable[Document]) -> int:
    count = 0
    for document in documents:
        file.write(dumps(document) + b'\n')
        count += 1
    return count


_WRITERS: dict[str, Callable[[IO[bytes], Iterable[Document]], int]] = {
    'application/json': _write_array,
    'application/x-ndjson': _write_lines,
    'text/csv': write_csv,
}
# The first is that of clients that take any, or none of them.
MEDIA_TYPES = tuple(_WRITERS)
