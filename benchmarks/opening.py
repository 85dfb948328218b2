"""Whether what was exported can be opened, and what is in it."""

import importlib
import tarfile
import zipfile
from pathlib import Path
from typing import IO

_BLOCK_BYTES = 1024**2
_ROW_END = b'</row>'


def opened(path: Path, kind: str) -> str:
    """Read an export as a whole; return what it has.

    Raises:
        ValueError: it is damaged.
    """
    if kind == 'tar':
        with tarfile.open(path, 'r:') as archive:
            return f'{sum(1 for _ in archive):,} entries'
    if kind == 'lines':
        with path.open('rb') as file:
            return f'{sum(1 for _ in file):,} lines'
    if kind == 'parquet':
        read = importlib.import_module('pyarrow.parquet')
        return f'{read.read_metadata(path).num_rows:,} rows'
    return _zip(path, kind)


def _zip(path: Path, kind: str) -> str:
    with zipfile.ZipFile(path) as archive:
        if damaged := archive.testzip():
            raise ValueError(f'{path.name}: {damaged} is damaged.')
        if kind == 'xlsx':
            with archive.open('xl/worksheets/sheet1.xml') as sheet:
                return f'{_count(sheet, _ROW_END):,} rows'
        return f'{len(archive.infolist()):,} entries'


def _count(file: IO[bytes], text: bytes) -> int:
    """Count a text, which may be at the end of one block and the start of the next."""
    found, rest = 0, b''
    while block := file.read(_BLOCK_BYTES):
        block = rest + block
        found += block.count(text)
        rest = block[-len(text) + 1 :]
    return found
