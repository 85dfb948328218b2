"""Lists of documents, written as JSON into a file that is then sent."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from falcon_images.files import disk_errors
from falcon_images.json_text import dumps
from falcon_images.metadata import Document

# Lists up to this size stay in memory, longer ones go to a temporary file.
_SPOOLED_BYTES = 1024**2


@dataclass(frozen=True)
class Listing:
    """A JSON array of documents: its file, its size in bytes, their count."""

    file: IO[bytes]
    size: int
    count: int


def write_list(documents: Iterator[Document]) -> Listing:
    """Write documents as they are read, in memory that does not grow with them.

    A file, because the server sends it without holding a thread, however slow the
    client reads. Whoever calls closes it.
    """
    with disk_errors():
        file = tempfile.SpooledTemporaryFile(max_size=_SPOOLED_BYTES)  # noqa: SIM115
        try:
            count = _write_array(file, documents)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Listing(file, size, count)


def _write_array(file: IO[bytes], documents: Iterator[Document]) -> int:
    count = 0
    file.write(b'[')
    for document in documents:
        file.write(b',' if count else b'')
        file.write(dumps(document))
        count += 1
    file.write(b']')
    return count
