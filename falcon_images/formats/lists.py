"""Lists of documents, written into a file that is then sent."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from falcon_images.files.errors import disk_errors
from falcon_images.formats.csv import write_csv, write_spreadsheet
from falcon_images.formats.json import dumps
from falcon_images.formats.list_spool import ListSpool, SpooledFile
from falcon_images.metadata.documents import Document

# Documents are joined up to this size before they are written.
_WRITTEN_BYTES = 64 * 1024
# As fast as a disk writes, and within a fifth of the best there is.
_PACKING_LEVEL = 2
_GZIP_BITS = 16 + zlib.MAX_WBITS
# CSV as programs for tables open it best, where plain CSV is for programs.
SPREADSHEET = 'text/csv; header=present'


@dataclass(frozen=True)
class Listing:
    """A list of documents: its file, its size in bytes, their count."""

    file: SpooledFile
    size: int
    count: int


def write_list(
    documents: Iterable[Document], media_type: str, spool: ListSpool
) -> Listing:
    """Write documents as they are read, in memory that does not grow with them.

    A file, because the server sends it without holding a thread, however slow the
    client reads. Whoever calls closes it.

    Args:
        media_type: one of `MEDIA_TYPES`, or of the values of `FORMATS`.
        spool: where the file waits to be sent.

    Raises:
        StorageFullError, StorageUnavailableError: the disk does not take it.
        TooBusyError: too many lists wait to be sent.
    """
    with disk_errors():
        file = spool.file()
        try:
            count = _WRITERS[media_type](file, documents)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Listing(file, size, count)


def packed(listing: Listing) -> Listing:
    """Compress a list by gzip, in memory that does not grow with it.

    Raises:
        StorageFullError, StorageUnavailableError: the disk does not take it.
        TooBusyError: too many lists wait to be sent.
    """
    with listing.file as plain, disk_errors():
        file = plain.another()
        try:
            _pack(plain, file)
            size = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Listing(file, size, listing.count)


def _pack(plain: SpooledFile, file: SpooledFile) -> None:
    packer = zlib.compressobj(_PACKING_LEVEL, wbits=_GZIP_BITS)
    while piece := plain.read(_WRITTEN_BYTES):
        file.write(packer.compress(piece))
    file.write(packer.flush())


def _write_array(file: SpooledFile, documents: Iterable[Document]) -> int:
    count = size = 0
    # Joined, the empty first text gives a comma, which in the first piece is a bracket.
    texts = [b'']
    for document in documents:
        text = dumps(document)
        texts.append(text)
        size += len(text)
        if size > _WRITTEN_BYTES:
            count += _write_together(file, texts, is_first=not count)
            texts, size = [b''], 0
    count += _write_together(file, texts, is_first=not count)
    file.write(b']')
    return count


def _write_together(file: SpooledFile, texts: list[bytes], *, is_first: bool) -> int:
    text = b','.join(texts)
    file.write(b'[' + text[1:] if is_first else text)
    return len(texts) - 1


def _write_lines(file: SpooledFile, documents: Iterable[Document]) -> int:
    count = 0
    for document in documents:
        file.write(dumps(document) + b'\n')
        count += 1
    return count


_WRITERS: dict[str, Callable[[SpooledFile, Iterable[Document]], int]] = {
    'application/json': _write_array,
    'application/x-ndjson': _write_lines,
    'text/csv': write_csv,
    SPREADSHEET: write_spreadsheet,
}
# The first is for clients that accept any type, or none of these.
MEDIA_TYPES = ('application/json', 'application/x-ndjson', 'text/csv')
# What the parameter `format` may say.
FORMATS = {
    'json': 'application/json',
    'ndjson': 'application/x-ndjson',
    'csv': SPREADSHEET,
}
