"""Annotations: boxes, polygons and points that documents have, in pixels of images.

They are properties of the form ``boxes: [{x, y, w, h, label, score}]``,
``polygons: [{points: [[x, y], ...], label}]`` and ``points: [{x, y, label}]``. The
pixels are those of the array as stored, the origin is its top left.
"""

import contextlib
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from falcon_images.datasets.classes import text_of
from falcon_images.datasets.image_bytes import ImageSource
from falcon_images.datasets.run import Run
from falcon_images.datasets.training.examples import Example
from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Document

BOXES, POLYGONS, POINTS = 'boxes', 'polygons', 'points'
RULE = (
    'Boxes, polygons and points are pixels of the image as it is stored, from its top '
    'left; what sticks out of the image is cut off. One that has no label of its own '
    'has the class of its image (label_by), else the label "object".'
)
_SINGULAR = {BOXES: 'box', POLYGONS: 'polygon', POINTS: 'point'}
_NO_LABEL = 'object'
_MAX_LABELS = 10_000
_MIN_CORNERS = 3
_PAIR = 2


class Shape(NamedTuple):
    """A box (x, y, width, height), a polygon (x, y, x, y, ...) or a point (x, y)."""

    kind: str
    label: str
    numbers: list[float]
    score: float | None


class MalformedShapeError(Exception):
    """A box, polygon or point that is none; the text says why."""


class Annotations:
    """Reads the annotations of images, and notes those that cannot be used.

    `labels` has every label, and `kinds` what there is of each.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._left_out = self._cut = 0
        self.labels: set[str] = set()
        self.kinds: dict[str, set[str]] = {kind: set() for kind in _SINGULAR}

    def read(self, document: Document, example: Example) -> list[Shape]:
        """Return the annotations of an image, none of them outside of it.

        Those that have no label have the class of the image.
        """
        size, source = size_of(document), example.source
        found = []
        for kind, name, value in _members(document):
            try:
                shape = _shape(kind, value, example.label or _NO_LABEL)
                inside = _inside(shape, *size) if size else shape
            except MalformedShapeError as ex:
                self._left_out += 1
                self._note(f'{_SINGULAR[kind]} left out', source, f'{name}: {ex}')
                continue
            if inside != shape:
                self._cut += 1
                self._note(f'{_SINGULAR[kind]} cut', source, f'{name} sticks out')
            self._add(inside)
            found.append(inside)
        return found

    def lines(self) -> Iterator[str]:
        """Yield the lines of a report."""
        yield f'Boxes, polygons and points left out: {self._left_out}'
        yield f'Boxes and polygons that stick out of their image, cut: {self._cut}'
        yield RULE

    def _add(self, shape: Shape) -> None:
        self.labels.add(shape.label)
        self.kinds[shape.kind].add(shape.label)
        if len(self.labels) > _MAX_LABELS:
            raise InvalidRequestError(
                f'Boxes, polygons and points have more than {_MAX_LABELS} different '
                'labels; choose with conditions.'
            )

    def _note(self, what: str, source: ImageSource, why: str) -> None:
        self._run.note(what, source.image_id, source.name, why)


def shapes_of(document: Document, label: str) -> list[Shape]:
    """Return the annotations that an export has of an image.

    Args:
        label: that of those that have none, if there is one.
    """
    size, found = size_of(document), []
    for kind, _, value in _members(document):
        with contextlib.suppress(MalformedShapeError):
            shape = _shape(kind, value, label or _NO_LABEL)
            found.append(_inside(shape, *size) if size else shape)
    return found


def size_of(document: Document) -> tuple[int, int] | None:
    """Return the width and the height of an image; None if they are not known."""
    facts = document.get('_file')
    facts = facts if isinstance(facts, dict) else {}
    width, height = facts.get('width'), facts.get('height')
    if isinstance(width, int) and isinstance(height, int) and width > 0 < height:
        return int(width), int(height)
    return None


def _members(document: Document) -> Iterator[tuple[str, str, Any]]:
    """Yield each annotation with its kind, and with a name for it."""
    for kind in _SINGULAR:
        members = document.get(kind)
        if isinstance(members, list):
            for number, member in enumerate(members):
                yield kind, f'{kind}[{number}]', member
        elif members is not None:
            yield kind, kind, members


def _shape(kind: str, value: Any, label: str) -> Shape:
    if not isinstance(value, dict):
        raise MalformedShapeError('it is no object')
    own = value.get('label')
    if isinstance(own, dict | list):
        raise MalformedShapeError('its label is a list or an object')
    if own not in (None, ''):
        label = text_of(own)
    score = value.get('score')
    score = None if score is None else _number(value, 'score')
    if kind == POLYGONS:
        return Shape(kind, label, _corners(value.get('points')), score)
    names = ('x', 'y', 'w', 'h') if kind == BOXES else ('x', 'y')
    return Shape(kind, label, [_number(value, name) for name in names], score)


def _corners(points: Any) -> list[float]:
    if not isinstance(points, list) or len(points) < _MIN_CORNERS:
        raise MalformedShapeError(f'it has no {_MIN_CORNERS} points')
    numbers: list[float] = []
    for point in points:
        if not isinstance(point, list) or len(point) != _PAIR:
            raise MalformedShapeError('a point of it is no [x, y]')
        numbers += [_number(dict(zip('xy', point, strict=True)), n) for n in 'xy']
    return numbers


def _number(members: dict[str, Any], name: str) -> float:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedShapeError(f'{name} is no number')
    if not math.isfinite(value):
        raise MalformedShapeError(f'{name} is not finite')
    return value


def _inside(shape: Shape, width: int, height: int) -> Shape:
    """Return the part of a shape that is in the image."""
    if shape.kind == BOXES:
        return shape._replace(numbers=_box_inside(shape.numbers, width, height))
    bounds = (width, height)
    numbers = [
        min(max(number, 0), bounds[place % _PAIR])
        for place, number in enumerate(shape.numbers)
    ]
    if shape.kind == POINTS and numbers != shape.numbers:
        raise MalformedShapeError('it is outside of the image')
    if shape.kind == POLYGONS and not area_of(numbers):
        raise MalformedShapeError('it has no area in the image')
    return shape._replace(numbers=numbers)


def _box_inside(numbers: list[float], width: int, height: int) -> list[float]:
    x, y, w, h = numbers
    if w <= 0 or h <= 0:
        raise MalformedShapeError('its width or its height is not above 0')
    if x >= 0 and y >= 0 and x + w <= width and y + h <= height:
        return numbers
    left, top = max(x, 0), max(y, 0)
    w, h = min(x + w, width) - left, min(y + h, height) - top
    if w <= 0 or h <= 0:
        raise MalformedShapeError('it is outside of the image')
    return [left, top, w, h]


def area_of(corners: list[float]) -> float:
    """Return the area of a polygon (x, y, x, y, ...)."""
    xs, ys = corners[::2], corners[1::2]
    pairs = zip(xs, ys, xs[1:] + xs[:1], ys[1:] + ys[:1], strict=True)
    return abs(sum(x * below - right * y for x, y, right, below in pairs)) / 2
