"""A zip of images with their boxes, polygons and points, as COCO's tools read them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.datasets.archive import ZIP_BEGINNING
from falcon_images.datasets.entry_names import Hashes
from falcon_images.datasets.layouts.image_zip import ImageZip
from falcon_images.datasets.run import Run, chunks_of
from falcon_images.datasets.training.annotations import (
    BOXES,
    POINTS,
    POLYGONS,
    Annotations,
    Shape,
    area_of,
    size_of,
)
from falcon_images.datasets.training.contents import joined
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.datasets.training.image_numbers import image_number
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document

_IMAGES, _WITHOUT_SPLITS = 'images', 'default'
_VISIBLE = 2
_RULES = (
    'Categories are numbered from 1 in the order of their text. The number of an image '
    'is made of its _id, and so is the same in every export; that of an annotation is '
    'not.',
    'A point is an annotation with one keypoint, a box has no segmentation.',
)


class Coco:
    """A zip of ``images/split/name`` and ``annotations/instances_split.json``."""

    media_type = 'application/zip'
    extension = '.zip'
    beginning = ZIP_BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        writing = _Instances(run)
        yield from writing.examples.read()
        yield from writing.pieces()


@dataclass(frozen=True)
class _Tables:
    """The files in which images and annotations of one split wait."""

    images: BinaryIO
    annotations: BinaryIO


class _Instances:
    """The archive that is being written."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._archive = ImageZip(run)
        self._annotations = Annotations(run)
        self._tables: dict[str, _Tables] = {}
        self._numbers = Hashes()
        self._count = 0
        self.examples = Examples(run, self._describe)

    def pieces(self) -> Iterator[bytes]:
        """Yield the images, their annotations and the report."""
        labels = sorted(self._annotations.labels)
        categories = {label: number for number, label in enumerate(labels, start=1)}
        for example in self.examples.rows():
            yield from self._image(example, categories)
        if not self._tables:
            self._table('')
        for split, tables in self._tables.items():
            name = f'annotations/instances_{split or _WITHOUT_SPLITS}.json'
            file = self._instances(tables, categories)
            yield from self._archive.file(name, file)
        rules = (*self._annotations.lines(), *_RULES)
        yield from self._archive.end(self.examples.count, *rules)

    def _describe(self, document: Document, example: Example) -> Any:
        size = size_of(document)
        if size is None:
            self._run.leave_out(example.source, 'its width and height are not known')
            return None
        shapes = self._annotations.read(document, example)
        return size, [list(shape) for shape in shapes]

    def _image(self, example: Example, categories: dict[str, int]) -> Iterator[bytes]:
        placed = self._archive.place(example, joined(_IMAGES, example.split))
        if placed is None:
            return
        (width, height), shapes = example.values
        number = image_number(example.source.image_id, self._numbers)
        row = {
            'id': number,
            'file_name': placed.name,
            'width': width,
            'height': height,
            '_id': example.source.image_id,
        }
        if self._run.request.options.label_by:
            row['label'] = example.label
        tables = self._table(example.split)
        _add(tables.images, row)
        for shape in (Shape(*each) for each in shapes):
            self._count += 1
            numbers = {
                'id': self._count,
                'image_id': number,
                'category_id': categories[shape.label],
            }
            _add(tables.annotations, numbers | _annotation(shape))
        yield from self._archive.entry(example, placed)

    def _table(self, split: str) -> _Tables:
        if split not in self._tables:
            self._tables[split] = _Tables(self._run.new_file(), self._run.new_file())
        return self._tables[split]

    def _instances(self, tables: _Tables, categories: dict[str, int]) -> BinaryIO:
        file = self._run.new_file()
        info = {'description': f'Collection {self._run.request.collection_name}'}
        file.write(b'{"info":' + dumps(info) + b',"licenses":[],"categories":')
        file.write(dumps([*self._categories(categories)]) + b',\n"images":[\n')
        _copy(chunks_of(tables.images), file)
        file.write(b'\n],\n"annotations":[\n')
        _copy(chunks_of(tables.annotations), file)
        file.write(b'\n]}\n')
        return file

    def _categories(self, categories: dict[str, int]) -> Iterator[dict[str, Any]]:
        with_points = self._annotations.kinds[POINTS]
        for label, number in categories.items():
            category = {'id': number, 'name': label, 'supercategory': ''}
            if label in with_points:
                category |= {'keypoints': ['point'], 'skeleton': []}
            yield category


def _annotation(shape: Shape) -> dict[str, Any]:
    numbers = shape.numbers
    members: dict[str, Any] = {'iscrowd': 0, 'segmentation': []}
    if shape.kind == BOXES:
        members |= {'bbox': numbers, 'area': numbers[2] * numbers[3]}
    elif shape.kind == POLYGONS:
        members |= {'segmentation': [numbers], 'area': area_of(numbers)}
        members |= {'bbox': _bounds(numbers)}
    else:
        members |= {'bbox': [*numbers, 0, 0], 'area': 0}
        members |= {'keypoints': [*numbers, _VISIBLE], 'num_keypoints': 1}
    return members if shape.score is None else members | {'score': shape.score}


def _bounds(corners: list[float]) -> list[float]:
    """Return the smallest box that a polygon is in."""
    left, top = min(corners[::2]), min(corners[1::2])
    return [left, top, max(corners[::2]) - left, max(corners[1::2]) - top]


def _add(file: BinaryIO, row: dict[str, Any]) -> None:
    """Add a member to an array."""
    file.write((b',\n' if file.tell() else b'') + dumps(row))


def _copy(chunks: Iterable[bytes], file: BinaryIO) -> None:
    for chunk in chunks:
        file.write(chunk)
