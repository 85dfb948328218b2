"""Lines of JSON as Ultralytics reads data sets: addresses of images, not their bytes.

The first line is the data set with the names of its classes; each other is an image.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from falcon_images.datasets.entry_names import EntryNames
from falcon_images.datasets.run import Run, chunks_of
from falcon_images.datasets.training.annotations import (
    BOXES,
    POINTS,
    POLYGONS,
    Annotations,
    Shape,
    size_of,
)
from falcon_images.datasets.training.contents import Contents, joined, with_extension
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document
from falcon_images.query.export import SPLITS

_BEGINNING = b'{"type":"dataset",'
_CLASSIFY, _DETECT, _SEGMENT = 'classify', 'detect', 'segment'
# How many lines about what is left out are in the first line.
_MOST_NOTES = 1000
_DIGITS = 6


class Ultralytics:
    """One line for the data set, and one for each image."""

    media_type = 'application/x-ndjson'
    extension = '.ndjson'
    beginning = _BEGINNING
    max_documents = 0

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the lines."""
        lines = _Lines(run)
        yield from lines.examples.read()
        yield from lines.pieces()


class _Lines:
    """The lines that are being written."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._annotations = Annotations(run)
        self._names = EntryNames()
        self._contents = Contents()
        self._images = run.new_file()
        self.examples = Examples(run, self._describe)

    def pieces(self) -> Iterator[bytes]:
        """Yield the first line when all others are made, and then those."""
        task = self._task()
        classes = sorted(
            self.examples.labels if task == _CLASSIFY else self._annotations.labels
        )
        numbers = {label: number for number, label in enumerate(classes)}
        for example in self.examples.rows():
            self._images.write(dumps(self._image(example, task, numbers)) + b'\n')
            yield b''
        yield dumps(self._dataset(task, classes)) + b'\n'
        yield from chunks_of(self._images)

    def _describe(self, document: Document, example: Example) -> Any:
        size = size_of(document)
        if size is None:
            self._run.leave_out(example.source, 'its width and height are not known')
            return None
        if self._run.request.options.label_by:
            return size, []
        shapes = self._annotations.read(document, example)
        return size, [list(shape) for shape in shapes]

    def _task(self) -> str:
        if self._run.request.options.label_by:
            return _CLASSIFY
        return _SEGMENT if self._annotations.kinds[POLYGONS] else _DETECT

    def _dataset(self, task: str, classes: list[str]) -> dict[str, Any]:
        request = self._run.request
        lines = [
            f'Conditions: {request.conditions or "none"}',
            f'Documents: {self.examples.count}',
            f'Images left out: {self._run.left_out}',
            *([] if task == _CLASSIFY else self._annotations.lines()),
            *self._contents.lines(request.options, *_rules(task)),
        ]
        return {
            'type': 'dataset',
            'task': task,
            'name': request.collection_name,
            'description': '\n'.join(lines),
            'url': request.address,
            'class_names': {str(n): name for n, name in enumerate(classes)},
            'report': [*self._notes()],
        }

    def _notes(self) -> Iterator[str]:
        self._run.notes.seek(0)
        for _, line in zip(range(_MOST_NOTES), self._run.notes, strict=False):
            yield line.decode().rstrip('\n')

    def _image(
        self, example: Example, task: str, numbers: dict[str, int]
    ) -> dict[str, Any]:
        source, split = example.source, example.split or SPLITS[0]
        name = self._names.take(with_extension(source), source.image_id, split)
        self._contents.add(joined(split, name), example.sha256)
        size, shapes = example.values
        if task == _CLASSIFY:
            annotations: dict[str, Any] = {'classification': [numbers[example.label]]}
        else:
            annotations = _annotations(task, size, shapes, numbers)
        return {
            'type': 'image',
            'file': name,
            'url': f'{self._run.request.address}/images/{quote(source.image_id)}/image',
            'width': size[0],
            'height': size[1],
            'split': split,
            'annotations': annotations,
        }


def _rules(task: str) -> Iterator[str]:
    yield (
        'Images are not in this file, but behind their addresses, and were not looked '
        'at; those without a split are in train.'
    )
    if task == _SEGMENT:
        yield 'As there are polygons, boxes are polygons too; points are left out.'
    elif task == _DETECT:
        yield 'Points are left out.'
    else:
        yield 'Boxes, polygons and points are left out, as label_by was given.'


def _annotations(
    task: str, size: list[int], shapes: list[Any], numbers: dict[str, int]
) -> dict[str, Any]:
    """Return the annotations of an image in parts of its width and height."""
    rows = [
        [numbers[shape.label], *_parts(_numbers(shape, task), size)]
        for shape in (Shape(*each) for each in shapes)
        if shape.kind != POINTS
    ]
    name = 'segments' if task == _SEGMENT else BOXES
    return {name: rows} if rows else {}


def _numbers(shape: Shape, task: str) -> list[float]:
    """Return the centre and the size of a box, or the corners of a polygon."""
    if shape.kind == POLYGONS:
        return shape.numbers
    x, y, w, h = shape.numbers
    if task == _SEGMENT:
        return [x, y, x + w, y, x + w, y + h, x, y + h]
    return [x + w / 2, y + h / 2, w, h]


def _parts(numbers: list[float], size: list[int]) -> list[float]:
    return [
        round(number / size[place % len(size)], _DIGITS)
        for place, number in enumerate(numbers)
    ]
