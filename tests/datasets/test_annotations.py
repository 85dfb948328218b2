"""Whatever clients have stored as boxes, polygons and points, an export goes on."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from falcon_images.datasets.image_bytes import source_of
from falcon_images.datasets.run import Request, Run
from falcon_images.datasets.training.annotations import (
    BOXES,
    POINTS,
    POLYGONS,
    Annotations,
    Shape,
)
from falcon_images.datasets.training.examples import Example
from tests.support.memory_files import MemoryFiles

WIDTH, HEIGHT = 64, 48
INTEGERS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats() | st.text(max_size=3)
NEAR = st.floats(min_value=-10, max_value=80) | SCALARS
BOX = st.fixed_dictionaries(dict.fromkeys('xywh', NEAR), optional={'label': SCALARS})
CORNERS = st.lists(st.lists(NEAR, min_size=2, max_size=2) | SCALARS, max_size=6)
POLYGON = st.fixed_dictionaries({'points': CORNERS | SCALARS})
POINT = st.fixed_dictionaries(dict.fromkeys('xy', NEAR), optional={'score': SCALARS})
ODD = SCALARS | st.dictionaries(st.text(max_size=2), SCALARS, max_size=2)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        BOXES: st.lists(BOX | ODD, max_size=4) | ODD,
        POLYGONS: st.lists(POLYGON | ODD, max_size=4) | ODD,
        POINTS: st.lists(POINT | ODD, max_size=4) | ODD,
    },
)


def found(properties: dict[str, Any]) -> list[Shape]:
    document = {'_id': '6' * 24, '_file': {'width': WIDTH, 'height': HEIGHT}}
    run = Run(Request('c', ''), iter(()), MemoryFiles(), io.BytesIO)
    example = Example(source_of(document, ''), '', '', '', None)
    return Annotations(run).read({**document, **properties}, example)


@given(properties=PROPERTIES)
def test_what_is_found_is_in_the_image(properties: dict[str, Any]) -> None:
    for shape in found(properties):
        numbers = shape.numbers
        if shape.kind == BOXES:
            x, y, w, h = numbers
            assert w > 0 < h
            numbers = [x, y, x + w, y + h]
        assert all(0 <= number <= WIDTH + 1e-9 for number in numbers[::2])
        assert all(0 <= number <= HEIGHT + 1e-9 for number in numbers[1::2])


@given(properties=PROPERTIES)
def test_what_is_found_has_a_label(properties: dict[str, Any]) -> None:
    assert all(shape.label for shape in found(properties))


@given(
    x=st.integers(min_value=0, max_value=WIDTH - 1),
    y=st.integers(min_value=0, max_value=HEIGHT - 1),
)
def test_a_box_inside_stays_as_it_is(x: int, y: int) -> None:
    (box,) = found({BOXES: [{'x': x, 'y': y, 'w': WIDTH - x, 'h': 1, 'label': 'a'}]})
    assert box == Shape(BOXES, 'a', [x, y, WIDTH - x, 1], None)
