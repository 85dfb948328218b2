"""Folders of images, one for each class and split, with a table of what is known.

That is how `datasets.load_dataset('imagefolder')` and torchvision's `ImageFolder` read
images.
"""

import datetime
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from falcon_images.datasets.archive import ZIP_BEGINNING, ZipArchive
from falcon_images.datasets.classes import (
    check_classes,
    class_folders,
    group_of,
    label_of,
    split_of,
)
from falcon_images.datasets.columns import RULE, Columns
from falcon_images.datasets.entry_names import EntryNames, Hashes
from falcon_images.datasets.gathering import time_text
from falcon_images.datasets.image_bytes import ImageSource, source_of
from falcon_images.datasets.layouts.zipped import entry_of_file, moment_of, now
from falcon_images.datasets.report import report
from falcon_images.datasets.run import Run, steps
from falcon_images.files.keys import image_key
from falcon_images.formats.json import dumps
from falcon_images.formats.xlsx import flat
from falcon_images.metadata.documents import Document

_TABLE = 'metadata.jsonl'
_README = 'README.txt'
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class ImageFolder:
    """A zip of ``split/class/name``, with ``metadata.jsonl`` in each split."""

    media_type = 'application/zip'
    extension = '.zip'
    beginning = ZIP_BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        examples = _Examples(run)
        yield from examples.read()
        yield from _Folders(run, examples).pieces()


class _Examples:
    """The images that are wanted, and what decides on their folders."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._options = run.request.options
        self._rows = run.new_file()
        self._pictures = Hashes()
        self._repeated: set[str] = set()
        self.labels: set[str] = set()
        self.columns = Columns('file_name')
        self.count = 0

    def read(self) -> Iterator[bytes]:
        """Read all documents."""
        for documents in steps(self._run.documents):
            for document in documents:
                self._add(document)
            check_classes(self.labels)
            yield b''

    def rows(self) -> Iterator[tuple[ImageSource, str, str, dict[str, Any]]]:
        """Yield each image with its class, its group, and its values."""
        owners = self._owners()
        for source, sha256, label, group, values in self._all():
            owner, owning_group = owners.get(sha256, ('', group))
            if owning_group == group:
                yield source, label, group, values
            else:
                self._run.leave_out(
                    source, f'another group has this picture, in {owner}'
                )

    def _add(self, document: Document) -> None:
        self.count += 1
        time = document.get('time')
        source = source_of(document, time_text(time))
        path = self._options.label_by
        label = label_of(document, path) if path else ''
        if label is None:
            self._run.leave_out(source, f'it has no {path}')
            return
        sha256 = self._run.digest(source)
        if sha256 is None:
            return
        group = group_of(document, self._options, _seconds(time)) or sha256
        if not self._pictures.add(sha256):
            self._repeated.add(sha256)
        self.labels.add(label)
        values = json.loads(dumps(dict(flat(self._run.shown(document)))))
        self.columns.see(values)
        row = (list(source), sha256, label, group, values)
        self._rows.write(dumps(row) + b'\n')

    def _all(self) -> Iterator[tuple[ImageSource, str, str, str, dict[str, Any]]]:
        self._rows.seek(0)
        for line in self._rows:
            source, *others = json.loads(line)
            yield ImageSource(*source), *others

    def _owners(self) -> dict[str, tuple[str, str]]:
        """Return, for pictures that are there more than once, the first image."""
        owners: dict[str, tuple[str, str]] = {}
        if self._options.keeps_duplicates or not self._repeated:
            return owners
        for source, sha256, _, group, _ in self._all():
            if sha256 in self._repeated:
                own = (source.image_id, group)
                owners[sha256] = min(owners.get(sha256, own), own)
        return owners


class _Folders:
    """The archive that is being written."""

    def __init__(self, run: Run, examples: _Examples) -> None:
        self._run = run
        self._examples = examples
        self._archive = ZipArchive(run.new_file())
        self._names = EntryNames(_TABLE, _README.lower())
        self._classes = class_folders(examples.labels)
        self._tables: dict[str, BinaryIO] = {}
        self._counts: Counter[str] = Counter()
        self._manifest = hashlib.sha256()
        self._now = now(run.began_at)

    def pieces(self) -> Iterator[bytes]:
        """Yield the images, the tables and the report."""
        for source, label, group, values in self._examples.rows():
            split = split_of(group, self._run.request.options.shares)
            yield from self._image(source, split, label, values)
        for split, table in self._tables.items():
            yield from entry_of_file(
                self._archive, _joined(split, _TABLE), self._now, table
            )
        file = self._run.new_file()
        report(file, self._run, self._examples.count, self._lines())
        yield from entry_of_file(self._archive, _README, self._now, file)
        yield from self._archive.end()

    def _image(
        self, source: ImageSource, split: str, label: str, values: dict[str, Any]
    ) -> Iterator[bytes]:
        image = self._run.image(source)
        if image is None:
            return
        by_class = bool(self._run.request.options.label_by)
        folder = self._classes[label] if by_class else ''
        within = _joined(split, folder)
        name = self._names.take(_with_extension(source), source.image_id, within)
        if name != source.name:
            self._run.rename(source, name)
        path = _joined(within, name)
        self._manifest.update(f'{image.sha256}  {path}\n'.encode())
        self._counts[within or '.'] += 1
        row = {'file_name': _joined(folder, name), **self._examples.columns.row(values)}
        self._table(split).write(dumps(row) + b'\n')
        time = moment_of(source.time)
        yield self._archive.begin_entry(path, time, image.size, image.crc)
        yield from image.chunks

    def _table(self, split: str) -> BinaryIO:
        if split not in self._tables:
            self._tables[split] = self._run.new_file()
        return self._tables[split]

    def _lines(self) -> Iterator[str]:
        yield 'Images in each folder:'
        for folder, count in sorted(self._counts.items()):
            yield f'  {folder}: {count}'
        if self._run.request.options.shares:
            yield (
                'The split of an image is a hash of its group, or of its bytes where '
                'it has none: it never moves when others come, and equal bytes are in '
                'one split unless duplicates=keep was asked for.'
            )
        yield RULE
        yield f'SHA-256 of the lines "SHA256  PATH" of all images: {self._digest}'

    @property
    def _digest(self) -> str:
        return self._manifest.hexdigest()


def _joined(folder: str, name: str) -> str:
    return f'{folder}/{name}' if folder and name else folder or name


def _with_extension(source: ImageSource) -> str:
    """Return the name of an image, by which programs know that it is one."""
    if '.' in source.name:
        return source.name
    dot, extension = image_key('', source.image_id, source.type).rpartition('.')[1:]
    return f'{source.name or source.image_id}{dot}{extension}' if dot else source.name


def _seconds(time: Any) -> float | None:
    if not isinstance(time, datetime.datetime):
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.UTC)
    seconds: float = (time - _EPOCH).total_seconds()
    return seconds
