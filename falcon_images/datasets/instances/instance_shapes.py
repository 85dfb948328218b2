"""What an annotation of COCO is as a box, polygons or points of an image."""

from collections.abc import Iterator
from typing import Any

from falcon_images.datasets.training.annotations import (
    BOXES,
    POINTS,
    POLYGONS,
    shapes_of,
)
from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Document

_BOX_NUMBERS = 4
_POINT_NUMBERS = 3
_MIN_POLYGON_NUMBERS = 6

Member = tuple[str, dict[str, Any]]


def annotation_members(annotation: dict[str, Any]) -> list[Member]:
    """Return the boxes, polygons and points of an annotation, without labels.

    What is drawn as a mask of pixels is a box, as properties have no masks.

    Raises:
        InvalidRequestError: it is none of these.
    """
    members = [*_points(annotation.get('keypoints'))]
    members += _polygons(annotation.get('segmentation'))
    if not members:
        members.append(_box(annotation.get('bbox')))
    score = annotation.get('score')
    if score is not None:
        members = [(kind, {**member, 'score': score}) for kind, member in members]
    return members


def without_known(properties: Document, stored: Document, label: str) -> dict[str, Any]:
    """Return properties without the annotations that an image has already.

    These may have more than an archive can say, which is not to be lost.

    Args:
        stored: the document of the image.
        label: what annotations without a label are called in the archive.
    """
    has = shapes_of(stored, label)
    sent = shapes_of({**properties, '_file': stored.get('_file')}, label)
    known = {
        kind
        for kind in (BOXES, POLYGONS, POINTS)
        if [each for each in has if each.kind == kind]
        == [each for each in sent if each.kind == kind]
    }
    return {name: value for name, value in properties.items() if name not in known}


def _points(numbers: Any) -> Iterator[Member]:
    if not numbers:
        return
    for x, y, visibility in _grouped(numbers, _POINT_NUMBERS, 'keypoints'):
        if visibility:
            yield POINTS, {'x': x, 'y': y}


def _polygons(polygons: Any) -> Iterator[Member]:
    if not isinstance(polygons, list):
        return
    for numbers in polygons:
        points = [list(pair) for pair in _grouped(numbers, 2, 'segmentation')]
        if 2 * len(points) < _MIN_POLYGON_NUMBERS:
            raise InvalidRequestError('A polygon in "segmentation" has no 3 points.')
        yield POLYGONS, {'points': points}


def _box(numbers: Any) -> Member:
    groups = _grouped(numbers, _BOX_NUMBERS, 'bbox')
    if len(groups) != 1:
        raise InvalidRequestError('The "bbox" is not x, y, width and height.')
    return BOXES, dict(zip(('x', 'y', 'w', 'h'), groups[0], strict=True))


def _grouped(numbers: Any, size: int, name: str) -> list[tuple[float, ...]]:
    if (
        not isinstance(numbers, list)
        or len(numbers) % size
        or not all(type(number) in (int, float) for number in numbers)
    ):
        raise InvalidRequestError(f'The "{name}" is no list of {size} numbers each.')
    return list(zip(*[iter(numbers)] * size, strict=True))
