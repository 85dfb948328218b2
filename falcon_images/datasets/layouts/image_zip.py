"""Zips of images for training: what those of several layouts share."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from falcon_images.datasets.archive import ZipArchive
from falcon_images.datasets.entry_names import EntryNames
from falcon_images.datasets.image_bytes import CheckedBytes
from falcon_images.datasets.layouts.zipped import entry_of_file, moment_of, now
from falcon_images.datasets.report import report
from falcon_images.datasets.run import Run
from falcon_images.datasets.training.contents import (
    README,
    Contents,
    joined,
    with_extension,
)
from falcon_images.datasets.training.examples import Example


class Placed(NamedTuple):
    """An image that has its place in an archive."""

    name: str
    path: str
    image: CheckedBytes


class ImageZip:
    """A zip that is being written: images, tables, and a report at its end.

    Args:
        reserved: the names of what it has beside images begin so, in small letters.
    """

    def __init__(self, run: Run, *reserved: str) -> None:
        self._run = run
        self._archive = ZipArchive(run.new_file())
        self._names = EntryNames(*reserved, README.lower())
        self._now = now(run.began_at)
        self.contents = Contents()

    def place(self, example: Example, folder: str) -> Placed | None:
        """Read an image, and give it a name in a folder; None if it is left out."""
        source = example.source
        image = self._run.image(source)
        if image is None:
            return None
        name = self._names.take(with_extension(source), source.image_id, folder)
        if name != source.name:
            self._run.rename(source, name)
        path = joined(folder, name)
        self.contents.add(path, image.sha256)
        return Placed(name, path, image)

    def entry(self, example: Example, placed: Placed) -> Iterator[bytes]:
        """Yield the entry of an image."""
        time, image = moment_of(example.source.time), placed.image
        yield self._archive.begin_entry(placed.path, time, image.size, image.crc)
        yield from image.chunks

    def file(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        """Yield an entry that has the bytes of a file."""
        return entry_of_file(self._archive, name, self._now, file)

    def end(self, documents: int, *rules: str) -> Iterator[bytes]:
        """Yield the report, with the rules of the layout, and the end."""
        file = self._run.new_file()
        lines = self.contents.lines(self._run.request.options, *rules)
        report(file, self._run, documents, lines)
        yield from self.file(README, file)
        yield from self._archive.end()
