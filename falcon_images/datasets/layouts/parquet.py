"""Documents alone as an Apache Parquet file, by pyarrow, which is an extra."""

import importlib
import importlib.util
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from falcon_images.datasets.columns import Columns
from falcon_images.datasets.run import Run, steps
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.csv import column_order
from falcon_images.formats.json import dumps
from falcon_images.formats.xlsx import flat

# Larger groups take tens of megabytes, and so does the list of many smaller ones.
_GROUP_ROWS = 2_500
_GROUP_BYTES = 1024**2
# Of each column so much waits until it is written.
_PAGE_BYTES = 64 * 1024
_COLUMNS_OF_NONE = ('_id', 'time', 'image')
# The names of pyarrow's functions that make a type.
_TYPES = {bool: 'bool_', int: 'int64', float: 'float64', str: 'string'}


class Parquet:
    """A table with a column for each property, each of one type."""

    media_type = 'application/vnd.apache.parquet'
    extension = '.parquet'
    beginning = b'PAR1'
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the file, a group of rows after the other."""
        columns, rows = Columns(), run.new_file()
        for documents in steps(run.documents):
            for document in documents:
                values = json.loads(dumps(dict(flat(run.shown(document)))))
                columns.see(values)
                rows.write(dumps(values) + b'\n')
            yield b''
        if not columns.types():
            columns.see(dict.fromkeys(_COLUMNS_OF_NONE))
        yield from _written(columns, rows)


def require_pyarrow() -> None:
    """Raise `InvalidRequestError` if pyarrow is not installed."""
    if importlib.util.find_spec('pyarrow') is None:
        raise InvalidRequestError(
            'format=parquet needs the package pyarrow, which is not installed where '
            'the service runs: pip install -r requirements-parquet.txt; or take '
            'format=csv.'
        )


class _Sink:
    """A file for pyarrow, whose bytes are taken from it as they are written."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []
        self._position = 0

    def write(self, data: Any) -> int:
        """Add bytes at the end."""
        self._written.append(bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._position

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def take(self) -> bytes:
        """Return the bytes that were not taken yet."""
        data = b''.join(self._written)
        self._written.clear()
        return data


def _written(columns: Columns, rows: BinaryIO) -> Iterator[bytes]:
    # An extra: the service begins and runs without it.
    pyarrow = importlib.import_module('pyarrow')
    parquet = importlib.import_module('pyarrow.parquet')
    types = sorted(columns.types().items(), key=lambda each: column_order(each[0]))
    schema = pyarrow.schema(
        [(name, getattr(pyarrow, _TYPES[each])()) for name, each in types]
    )
    # The pool of pyarrow keeps memory that nothing uses any more.
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    # Of several threads that read in turn, each would keep memory for itself.
    pyarrow.set_io_thread_count(1)
    rows.seek(0)
    sink = _Sink()
    with parquet.ParquetWriter(
        sink,
        schema,
        data_page_size=_PAGE_BYTES,
        dictionary_pagesize_limit=_PAGE_BYTES,
    ) as writer:
        for lines in _groups(columns, rows):
            writer.write_table(_table(lines, schema))
            yield sink.take()
    yield sink.take()


def _groups(columns: Columns, rows: BinaryIO) -> Iterator[bytes]:
    """Yield some rows at once, with all columns, as lines of JSON."""
    lines = bytearray()
    count = 0
    for line in rows:
        lines += dumps(columns.row(json.loads(line))) + b'\n'
        count += 1
        if count == _GROUP_ROWS or len(lines) >= _GROUP_BYTES:
            yield bytes(lines)
            lines.clear()
            count = 0
    if lines:
        yield bytes(lines)


def _table(lines: bytes, schema: Any) -> Any:
    # Of Python's own values, pyarrow makes a table only after it has loaded pandas,
    # if that is installed, which takes 50 MB.
    reader = importlib.import_module('pyarrow.json')
    source = importlib.import_module('pyarrow').BufferReader(lines)
    return reader.read_json(
        source,
        reader.ReadOptions(use_threads=False, block_size=len(lines)),
        reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior='ignore'),
    )
