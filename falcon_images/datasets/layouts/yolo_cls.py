"""Folders of images as Ultralytics' models for classification read them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from falcon_images.datasets.archive import ZIP_BEGINNING
from falcon_images.datasets.classes import class_folders
from falcon_images.datasets.layouts.image_zip import ImageZip
from falcon_images.datasets.run import Run
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.metadata.documents import Document
from falcon_images.query.export import SPLITS


class YoloCls:
    """A zip of ``train/class/name``, and of ``val`` and ``test`` with splits."""

    media_type = 'application/zip'
    extension = '.zip'
    beginning = ZIP_BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        examples, archive = Examples(run, _nothing), ImageZip(run)
        yield from examples.read()
        folders = class_folders(examples.labels)
        for example in examples.rows():
            # Without splits, all are for training.
            folder = f'{example.split or SPLITS[0]}/{folders[example.label]}'
            if placed := archive.place(example, folder):
                yield from archive.entry(example, placed)
        rules = _rules(archive.contents.folders())
        yield from archive.end(examples.count, *rules)


def _nothing(_: Document, __: Example) -> Any:
    return ()


def _rules(folders: Iterable[str]) -> Iterator[str]:
    """Yield what programs do not notice that number the folders of each split."""
    classes = defaultdict(set)
    for folder in folders:
        split, _, name = folder.partition('/')
        classes[split].add(name)
    everything = set().union(*classes.values())
    for split, found in sorted(classes.items()):
        if missing := sorted(everything - found):
            yield f'Classes without an image in {split}: {", ".join(missing)}'
