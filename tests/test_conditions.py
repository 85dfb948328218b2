"""Plain parameters as conditions, on the real database."""

import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import Service

DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
DOCUMENTS: list[dict[str, Any]] = [
    {'n': 0, 'label': 'OK', 'frame': 12, 'camera': {'gain': 2, 'id': 'a'}},
    {'n': 1, 'label': 'NG', 'frame': '12', 'camera': {'gain': 2.5}},
    {'n': 2, 'label': 'ok', 'frame': 12.0, 'tags': ['red', 'round']},
    {'n': 3, 'label': 'OK', 'frame': 13, 'tags': ['red']},
    {'n': 4, 'label': None, 'frame': True, 'work': '200J-7'},
    {'n': 5, 'frame': 'true', 'work': '200J', 'limit': 3},
    {'n': 6, 'label': 'null', 'work': '1200J', 'min_score': 1, 'eq_x': 1},
    {'n': 7, 'work': '日本\n語', 'score': 0.5, 'has_defect': True, 'eq_eq': 'x'},
    {'n': 8, 'work': 'a.c(*)?', 'score': '0.7', 'like': 'a', '$odd': 1},
    {'n': 9, 'work': ['x1', 'y2'], 'score': -1, '12': 'x', 'big': 2**63 - 1},
]
ID = '6565f0c2a1b2c3d4e5f60718'


@pytest.fixture
def filled(service: Service) -> Service:
    """Ten documents, an hour apart, the newest first in `n`."""
    service.database.c.insert_many(
        {'time': DAY + 12 * HOUR - document['n'] * HOUR, 'image': 'a.jpg'} | document
        for document in DOCUMENTS
    )
    return service


def found(service: Service, *query: tuple[str, str]) -> list[int]:
    response = service.client.simulate_get(
        '/collections/c/images', query_string=urlencode(query)
    )
    assert response.status_code == 200, response.text
    return [document['n'] for document in response.json]


@pytest.mark.parametrize(
    ('name', 'value', 'numbers'),
    [
        ('label', 'OK', [0, 3]),
        ('frame', '12', [0, 1, 2]),
        ('frame', '12.0', [0, 2]),
        ('frame', '1.2e1', [0, 2]),
        ('frame', '012', []),
        ('frame', 'true', [4, 5]),
        ('label', 'null', [4, 6]),
        ('camera.gain', '2', [0]),
        ('tags', 'red', [2, 3]),
        ('big', str(2**63 - 1), [9]),
        ('12', 'x', [9]),
        ('eq_limit', '3', [5]),
        ('eq_min_score', '1', [6]),
        ('eq_eq_x', '1', [6]),
        ('eq_eq_eq', 'x', [7]),
        ('eq_has_defect', 'true', [7]),
        ('like', 'a', [8]),
        ('min_score', '0.5', [7]),
        ('max_score', '0.5', [7, 9]),
        ('gt_score', '-1', [7]),
        ('lt_score', '0.5', [9]),
        ('min_score', '0.6x', [8]),
        ('not_label', 'OK', [1, 2, 4, 5, 6, 7, 8, 9]),
        ('not_label', 'null', [0, 1, 2, 3, 5, 7, 8, 9]),
        ('not_frame', '12', [3, 4, 5, 6, 7, 8, 9]),
        ('in_label', 'OK,NG', [0, 1, 3]),
        ('in_label', 'NG,', [1]),
        ('in_frame', '12,true', [0, 1, 2, 4, 5]),
        ('like_work', '200J*', [4, 5]),
        ('like_work', '200J', [5]),
        ('like_work', '200j*', []),
        ('like_work', '*00J', [5, 6]),
        ('like_work', '*0*J*', [4, 5, 6]),
        ('like_work', '日??語', [7]),
        ('like_work', '日*語', [7]),
        ('like_work', 'a.c(*)?', [8]),
        ('like_work', '????', [5, 7]),
        ('like_work', '*', [4, 5, 6, 7, 8, 9]),
        ('like_work', 'y?', [9]),
        ('like_frame', '1*', [1]),
        ('has_label', 'true', [0, 1, 2, 3, 4, 6]),
        ('has_label', 'false', [5, 7, 8, 9]),
        ('has_camera.id', 'true', [0]),
        ('image', 'a.jpg', list(range(10))),
    ],
)
def test_a_condition_finds(
    filled: Service, name: str, value: str, numbers: list[int]
) -> None:
    assert found(filled, (name, value)) == numbers
