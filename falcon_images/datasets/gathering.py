"""Gathering: all documents of an export, read at once, however slow the client is.

A cursor of the database is not kept waiting for a client; the documents wait in files.
"""

import json
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from falcon_images.datasets.image_bytes import ImageSource, source_of
from falcon_images.datasets.run import Run
from falcon_images.formats.csv import column_order
from falcon_images.formats.json import dumps
from falcon_images.formats.xlsx import MAX_COLUMNS, flat
from falcon_images.metadata.documents import Document
from falcon_images.metadata.values import to_json_type

# After so many documents, whoever waits may look whether the client is still there.
_STEP = 500
# Proxies give up answers in which nothing comes for a minute.
_QUIET_SECONDS = 5.0

Send = Callable[[ImageSource], Iterator[bytes]]


class Gathering:
    """The documents of an export: as a JSON array in a file, and what their files are.

    `count`, `columns`, and `size` and `crc` of the array are known when all is read.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._array = run.new_file()
        self._sources = run.new_file()
        self._names: set[str] = set()
        self.count = self.size = self.crc = self.columns_left_out = 0

    def read(self, send: Send) -> Iterator[bytes]:
        """Read all documents, and yield what `send` makes of few images meanwhile.

        So the client gets bytes from the first moment on, and now and then.
        """
        quiet_since = -_QUIET_SECONDS
        for document in self._run.documents:
            source = source_of(document, time_text(document.get('time')))
            self._add(document)
            if time.monotonic() - quiet_since >= _QUIET_SECONDS:
                self._sources.write(b'\n')
                yield from send(source)
                quiet_since = time.monotonic()
            else:
                self._sources.write(dumps(list(source)) + b'\n')
            if self.count % _STEP == 0:
                yield b''
        self._write(b'\n]\n' if self.count else b'[]\n')

    @property
    def columns(self) -> list[str]:
        """The names of all members, in the order of a table."""
        return sorted(self._names or {'_id', 'time', 'image'}, key=column_order)

    def array(self) -> Any:
        """Return the file of the array."""
        return self._array

    def rows(self) -> Iterator[tuple[bytes, ImageSource | None]]:
        """Yield each document as JSON, and its file unless that was sent already."""
        self._array.seek(0)
        self._array.readline()
        self._sources.seek(0)
        for line in self._sources:
            text = self._array.readline().rstrip(b',\n')
            yield text, ImageSource(*json.loads(line)) if line != b'\n' else None

    def _add(self, document: Document) -> None:
        shown = self._run.shown(document)
        self._write((b',\n' if self.count else b'[\n') + dumps(shown))
        self.count += 1
        for name, _ in flat(shown):
            if name not in self._names:
                self._add_column(name)

    def _add_column(self, name: str) -> None:
        if len(self._names) < MAX_COLUMNS:
            self._names.add(name)
        else:
            self.columns_left_out += 1

    def _write(self, text: bytes) -> None:
        self.crc = zlib.crc32(text, self.crc)
        self.size += len(text)
        self._array.write(text)


def time_text(value: Any) -> str:
    """Return a time in ISO 8601; an empty text for what is none."""
    text = to_json_type(value) if value is not None else ''
    return text if isinstance(text, str) else ''
