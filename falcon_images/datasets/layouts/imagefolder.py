"""Folders of images, one for each class and split, with a table of what is known.

That is how `datasets.load_dataset('imagefolder')` and torchvision's `ImageFolder` read
images.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from falcon_images.datasets.archive import ZIP_BEGINNING
from falcon_images.datasets.classes import class_folders
from falcon_images.datasets.columns import (
    LACKING_RULE,
    RULE,
    Columns,
    name_beside_files,
)
from falcon_images.datasets.layouts.image_zip import ImageZip
from falcon_images.datasets.run import Run
from falcon_images.datasets.training.contents import joined
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.formats.json import dumps
from falcon_images.formats.xlsx import flat
from falcon_images.metadata.documents import Document

_TABLE = 'metadata.jsonl'


class ImageFolder:
    """A zip of ``split/class/name``, with ``metadata.jsonl`` in each split."""

    media_type = 'application/zip'
    extension = '.zip'
    beginning = ZIP_BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        folders = _Folders(run)
        yield from folders.examples.read()
        yield from folders.pieces()


class _Folders:
    """The archive that is being written."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._archive = ImageZip(run, _TABLE)
        self._columns = Columns(lacking='')
        self._tables: dict[str, BinaryIO] = {}
        self.examples = Examples(run, self._describe)

    def pieces(self) -> Iterator[bytes]:
        """Yield the images, the tables and the report."""
        folders = class_folders(self.examples.labels)
        by_class = bool(self._run.request.options.label_by)
        for example in self.examples.rows():
            folder = folders[example.label] if by_class else ''
            yield from self._image(example, folder)
        for split, table in self._tables.items():
            yield from self._archive.file(joined(split, _TABLE), table)
        yield from self._archive.end(self.examples.count, RULE, LACKING_RULE)

    def _describe(self, document: Document, example: Example) -> dict[str, Any]:
        shown = flat(self._run.shown(document))
        values: dict[str, Any] = json.loads(dumps(dict(shown)))
        self._columns.see(values, example.split)
        return values

    def _image(self, example: Example, folder: str) -> Iterator[bytes]:
        placed = self._archive.place(example, joined(example.split, folder))
        if placed is None:
            return
        row = {'file_name': joined(folder, placed.name)}
        for name, value in self._columns.row(example.values).items():
            row[name_beside_files(name)] = value
        self._table(example.split).write(dumps(row) + b'\n')
        yield from self._archive.entry(example, placed)

    def _table(self, split: str) -> BinaryIO:
        if split not in self._tables:
            self._tables[split] = self._run.new_file()
        return self._tables[split]
