"""A tar of samples, as WebDataset and `datasets.load_dataset('webdataset')` read it.

A sample is files that follow each other and are the same up to the first dot of their
names: an image, its document, and the number of its class.
"""

import datetime
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from falcon_images.datasets.entry_names import EntryNames, legal_name
from falcon_images.datasets.image_bytes import CheckedBytes, ImageSource
from falcon_images.datasets.report import report
from falcon_images.datasets.run import Run, chunks_of
from falcon_images.datasets.tar_archive import TAR_BEGINNING, TarArchive
from falcon_images.datasets.training.contents import Contents, joined
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.files.keys import image_key
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document

# What has no dot in its name is no sample.
_CLASSES, _README = 'CLASSES', 'README'
_RULE = (
    'Each image is a sample: KEY.jpg (or the extension of another type), KEY.json with '
    'its document, and with label_by KEY.cls with the number of its class: its place, '
    'from 0, in the list in CLASSES.'
)


class WebDataset:
    """A tar of ``split/key.jpg``, ``split/key.json`` and ``split/key.cls``."""

    media_type = 'application/x-tar'
    extension = '.tar'
    beginning = TAR_BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        samples = _Samples(run)
        yield TAR_BEGINNING
        yield from samples.examples.read()
        yield from samples.pieces()


class _Samples:
    """The archive that is being written."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._archive = TarArchive()
        self._names = EntryNames()
        self._contents = Contents()
        self._now = int(run.began_at)
        self.examples = Examples(run, self._describe)

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples, the list of classes and the report."""
        classes = sorted(self.examples.labels) if self._by_class else []
        numbers = {label: number for number, label in enumerate(classes)}
        for example in self.examples.rows():
            if image := self._run.image(example.source):
                yield from self._sample(example, image, numbers.get(example.label))
        if self._by_class:
            yield from self._entry(_CLASSES, self._now, dumps(classes))
        yield from self._report()
        yield self._archive.end()

    @property
    def _by_class(self) -> bool:
        return bool(self._run.request.options.label_by)

    def _describe(self, document: Document, _: Example) -> Any:
        return json.loads(dumps(self._run.shown(document)))

    def _sample(
        self, example: Example, image: CheckedBytes, number: int | None
    ) -> Iterator[bytes]:
        stem, extension = _parts(example.source)
        key = self._names.take(stem, example.source.image_id, example.split)
        if f'{key}.{extension}' != example.source.name:
            self._run.rename(example.source, f'{key}.{extension}')
        key, time = joined(example.split, key), _seconds(example.source.time)
        path = f'{key}.{extension}'
        self._contents.add(path, image.sha256)
        yield self._archive.begin_entry(path, time, image.size)
        yield from image.chunks
        yield self._archive.padding(image.size)
        yield from self._entry(f'{key}.json', time, dumps(example.values))
        if number is not None:
            yield from self._entry(f'{key}.cls', time, str(number).encode())

    def _entry(self, name: str, time: int, content: bytes) -> Iterator[bytes]:
        yield self._archive.begin_entry(name, time, len(content))
        yield content + self._archive.padding(len(content))

    def _report(self) -> Iterator[bytes]:
        file = self._run.new_file()
        lines = self._contents.lines(self._run.request.options, _RULE)
        report(file, self._run, self.examples.count, lines)
        size = file.tell()
        yield self._archive.begin_entry(_README, self._now, size)
        yield from chunks_of(file)
        yield self._archive.padding(size)


def _parts(source: ImageSource) -> tuple[str, str]:
    """Return the name of an image without dots, and the extension of its type."""
    name = PurePosixPath(legal_name(source.name))
    of_type = PurePosixPath(image_key('', source.image_id, source.type)).suffix
    # Types have one extension each, which programs know; legacy images have no type.
    extension = (of_type or name.suffix.lower())[1:]
    stem = name.stem.replace('.', '_') or source.image_id
    return stem, extension if extension.isalnum() else 'img'


def _seconds(text: str) -> int:
    """Return a time in ISO 8601 as tar archives have it; the earliest for others."""
    try:
        return int(datetime.datetime.fromisoformat(text).timestamp())
    except ValueError:
        return 0
