"""Histograms: how many images have which values of a property, in equal ranges."""

import datetime
from typing import Any

import bson
import falcon.testing
import pytest

from falcon_images.metadata.fields import histogram
from falcon_images.settings import Settings
from tests.support.service import Service, running

URL = '/collections/c/histogram'


def ask(service: Service, **params: Any) -> falcon.testing.Result:
    return service.client.simulate_get(URL, params=params)


def told(service: Service, **params: Any) -> dict[str, Any]:
    response = ask(service, **{'field': 'n', **params})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json
    return found


def store(service: Service, *values: Any, **others: Any) -> None:
    service.database.c.insert_many([{'n': value, **others} for value in values])


def counts(found: dict[str, Any]) -> list[int]:
    return [each['count'] for each in found['bins']]


def test_the_whole_answer(service: Service) -> None:
    store(service, 0.0, 0.5, 1.0, 2.0, label='OK')
    store(service, 0.25, 'x', label='NG')
    store(service, 1.5)
    assert told(service, bins=2, by='label') == {
        'field': 'n',
        'documents': 7,
        'estimated': False,
        'type': 'number',
        'bins': [
            {'from': 0.0, 'to': 1.0, 'count': 3, 'by': [2, 1, 0, 0]},
            {'from': 1.0, 'to': 2.0, 'count': 3, 'by': [2, 0, 0, 1]},
        ],
        'others': {'string': 1},
        'by': {
            'field': 'label',
            'groups': [
                {'value': 'OK', 'count': 4},
                {'value': 'NG', 'count': 1},
                {'other': True, 'count': 0},
                {'none': True, 'count': 1},
            ],
        },
    }


def test_what_is_no_number_is_counted_apart(service: Service) -> None:
    nan, infinite = float('nan'), float('inf')
    store(service, 1.5, nan, nan, infinite, -infinite, 'a', True, None, [1], {'a': 1})
    service.database.c.insert_one({})
    found = told(service)
    assert counts(found) == [1]
    assert found['others'] == {
        **{'nan': 2, 'infinite': 2, 'string': 1, 'boolean': 1, 'null': 1},
        **{'array': 1, 'object': 1, 'none': 1},
    }


def test_whole_numbers_have_ranges_with_as_many_each(service: Service) -> None:
    store(service, *range(10))
    found = told(service, bins=4)
    assert [(each['from'], each['to']) for each in found['bins']] == [
        *((0, 3), (3, 6), (6, 9), (9, 9))
    ]
    assert counts(found) == [3, 3, 3, 1]
    assert counts(told(service, bins=200)) == [1] * 10


def test_numbers_of_all_types_are_one_kind(service: Service) -> None:
    store(service, 1, 1.5, bson.Int64(2), bson.Decimal128('3'))
    assert counts(told(service, bins=2)) == [2, 2]


@pytest.mark.parametrize(
    'values', [(1e308, -1e308), (5e-324, 0.0), (2.0**53, 2.0**53 + 2), (7, 7)]
)
def test_extreme_numbers_are_counted(
    service: Service, values: tuple[float, float]
) -> None:
    store(service, *values)
    assert sum(counts(told(service, bins=7))) == 2


def test_dates_are_counted_if_there_are_more_of_them(service: Service) -> None:
    days = [datetime.datetime(2026, 11, day, tzinfo=datetime.UTC) for day in (1, 2, 3)]
    store(service, *days, 12)
    found = told(service, bins=2)
    assert (found['type'], found['others']) == ('date', {'number': 1})
    assert counts(found) == [1, 2] or counts(found) == [2, 1]
    assert found['bins'][0]['from'] == '2026-11-01T00:00:00.000Z'
    assert found['bins'][1]['to'] == '2026-11-03T00:00:00.000Z'


def test_a_date_that_python_does_not_know_is_counted(service: Service) -> None:
    store(service, bson.datetime_ms.DatetimeMS(2**48), bson.datetime_ms.DatetimeMS(0))
    assert sum(counts(told(service))) == 2


def test_members_of_objects_and_system_fields_are_counted(service: Service) -> None:
    service.client.upload('c', json='{"camera": {"gain": 2}}')
    assert counts(told(service, field='camera.gain')) == [1]
    assert counts(told(service, field='_file.width')) == [1]
    assert counts(told(service, field='time')) == [1]


def test_of_many_values_the_commonest_are_told_apart(service: Service) -> None:
    for number in range(25):
        store(service, *[0.5] * (26 - number), label=f'L{number:02}')
    store(service, 0.5, label='x' * 600)
    store(service, 0.5, label=['a'])
    by = told(service, by='label')['by']['groups']
    assert [each.get('value') for each in by[:20]] == [f'L{n:02}' for n in range(20)]
    assert by[20:] == [
        {'other': True, 'count': 6 + 5 + 4 + 3 + 2 + 2},
        {'none': True, 'count': 0},
    ]


def test_conditions_choose_the_images(service: Service) -> None:
    store(service, 1, 2, label='OK')
    store(service, 3, label='NG')
    assert counts(told(service, label='OK')) == [1, 1]
    assert counts(told(service, filter='{"n": {"$gt": 2}}')) == [1]
    # A property of the name of a parameter.
    store(service, 9, bins=7)
    assert counts(told(service, eq_bins='7')) == [1]


def test_nothing_has_no_ranges(service: Service) -> None:
    assert told(service, by='label') == {
        'field': 'n',
        'documents': 0,
        'estimated': False,
        'type': None,
        'bins': [],
        'others': {},
        'by': {
            'field': 'label',
            'groups': [{'other': True, 'count': 0}, {'none': True, 'count': 0}],
        },
    }


@pytest.mark.parametrize('conditions', [{}, {'has_n': 'true'}])
def test_of_very_many_a_part_is_counted_and_that_is_said(
    service: Service, monkeypatch: pytest.MonkeyPatch, conditions: dict[str, str]
) -> None:
    monkeypatch.setattr(histogram, '_EXACT_DOCUMENTS', 1000)
    monkeypatch.setattr(histogram, '_COUNTED_DOCUMENTS', 100)
    store(service, *(number % 10 for number in range(3000)))
    found = told(service, **conditions)
    assert (found['estimated'], found['documents']) == (True, 3000)
    assert len(found['bins']) == 10
    assert 1500 < sum(counts(found)) < 6000


@pytest.mark.parametrize(
    'params',
    [
        *({'field': ''}, {'bins': '0'}, {'bins': '201'}, {'bins': 'x'}),
        *({'field': '_file.upload'}, {'field': 'a..b'}, {'by': '$x'}),
        {'field': ['a', 'b']},
    ],
)
def test_other_requests_are_refused(service: Service, params: dict[str, Any]) -> None:
    assert ask(service, **{'field': 'n', **params}).status_code == 400


def test_it_waits_for_its_turn_like_fields(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(settings, max_facets=1) as service:
        places = service.parts.image_fields.histogram_places
        with places.taken():
            assert ask(service, field='n').status_code == 503
