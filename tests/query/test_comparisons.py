"""Two properties of one image compared, on the real database."""

import datetime
from typing import Any
from urllib.parse import urlencode

import hypothesis
import hypothesis.strategies as st
import pytest

from falcon_images.query.lists import parse_filter
from falcon_images.settings import Settings
from tests.support.service import Service

LIMITS = Settings().limits
# The values of `a` and `b`, and whether these are the same, differ, or are not there.
PAIRS: list[tuple[dict[str, Any], str]] = [
    ({'a': 'OK', 'b': 'OK'}, 'same'),
    ({'a': 'OK', 'b': 'NG'}, 'differs'),
    ({'a': 'OK', 'b': 'ok'}, 'differs'),
    ({'a': 12, 'b': '12'}, 'same'),
    ({'a': '1.2e1', 'b': 12}, 'same'),
    ({'a': '12', 'b': '12.0'}, 'differs'),
    ({'a': 12, 'b': 12.0}, 'same'),
    ({'a': 12, 'b': '012'}, 'differs'),
    ({'a': 2**53 + 1, 'b': str(2**53 + 1)}, 'same'),
    ({'a': 2**53 + 1, 'b': str(2**53)}, 'differs'),
    ({'a': True, 'b': 'true'}, 'same'),
    ({'a': True, 'b': 1}, 'differs'),
    ({'a': ['x', 'y'], 'b': 'y'}, 'same'),
    ({'a': ['x', 'y'], 'b': ['z', 'y']}, 'same'),
    ({'a': ['x', 7], 'b': ['z', '7']}, 'same'),
    ({'a': ['x', 'y'], 'b': 'z'}, 'differs'),
    ({'a': {'c': 1}, 'b': {'c': 1}}, 'same'),
    ({'a': '', 'b': ''}, 'same'),
    ({'a': 'OK'}, 'neither'),
    ({'b': 'OK'}, 'neither'),
    ({}, 'neither'),
    ({'a': None, 'b': None}, 'neither'),
    ({'a': None, 'b': 'null'}, 'neither'),
    ({'a': [], 'b': 'x'}, 'neither'),
    ({'a': [None], 'b': 'x'}, 'neither'),
]


def found(service: Service, **query: str) -> list[int]:
    response = service.client.simulate_get(
        '/collections/c/images', query_string=urlencode(query | {'sort': 'n'})
    )
    assert response.status_code == 200, response.text
    return [document['n'] for document in response.json]


def fill(service: Service, documents: list[dict[str, Any]]) -> None:
    time = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)
    service.database.c.insert_many(
        {'n': n, 'time': time, 'image': 'a.jpg', **document}
        for n, document in enumerate(documents)
    )


@pytest.mark.parametrize('kind', ['same', 'differs'])
def test_properties_are_compared_as_conditions_compare(
    service: Service, kind: str
) -> None:
    fill(service, [document for document, _ in PAIRS])
    expected = [n for n, (_, each) in enumerate(PAIRS) if each == kind]
    assert found(service, **{f'{kind}_a': 'b'}) == expected
    assert found(service, **{f'{kind}_b': 'a'}) == expected


def test_names_lead_into_objects_and_lists_of_objects(service: Service) -> None:
    fill(
        service,
        [
            {'camera': {'id': 'x'}, 'marks': [{'by': 'y'}, {'by': 'x'}]},
            {'camera': {'id': 'x'}, 'marks': [{'by': 'y'}, {'to': 'x'}]},
            {'camera': {'id': 'x'}, 'marks': [{'by': ['x', 'z']}, {'by': 'y'}]},
            {'camera': {'id': 'x'}, 'marks': {'by': ['x']}},
            {'camera': {'id': 'x'}, 'marks': {'by': [['x']]}},
            {'camera': 'x', 'marks': [{'by': 'x'}]},
        ],
    )
    assert found(service, **{'same_camera.id': 'marks.by'}) == [0, 2, 3]
    assert found(service, **{'differs_marks.by': 'camera.id'}) == [1, 4]


def test_what_is_known_of_the_file_can_be_compared(service: Service) -> None:
    fill(
        service, [{'_file': {'width': 4, 'height': n}, 'name': 'a.jpg'} for n in (4, 5)]
    )
    assert found(service, **{'same__file.width': '_file.height'}) == [0]
    assert found(service, same_image='name') == [0, 1]


def test_all_comparisons_and_conditions_hold_together(service: Service) -> None:
    fill(service, [{'a': 1, 'b': 1, 'c': 2}, {'a': 1, 'b': 1, 'c': 1}])
    assert found(service, differs_a='c', same_a='b') == [0]
    assert found(service, same_a='b', c='1') == [1]
    query = 'same_a=b&same_a=c'
    answer = service.client.simulate_get('/collections/c/images', query_string=query)
    assert [each['n'] for each in answer.json] == [1]


@pytest.mark.parametrize(
    'query',
    [
        *('same__id=a', 'same_a=_id', 'differs_time=a', 'same_a=time', 'same_a=_file'),
        *('same__file=a', 'same_a=_file.upload.key', 'differs__file.upload.digest=a'),
        *('same_a=$b', 'same_$a=b', 'differs_a=b..c', 'same_=b', 'differs_a.0=b'),
        *('same_a=b.0.c', 'differs_a=b%00'),
    ],
)
def test_what_cannot_be_compared_is_400(service: Service, query: str) -> None:
    service.client.upload()
    answer = service.client.simulate_get('/collections/c/images', query_string=query)
    assert answer.status_code == 400
    assert answer.json['description'].endswith('.')


def test_properties_that_look_like_comparisons_are_asked_for_with_eq(
    service: Service,
) -> None:
    fill(service, [{'same_a': 'b'}, {'a': 'b'}])
    assert found(service, eq_same_a='b') == [0]


def test_they_choose_what_is_counted_exported_and_changed(service: Service) -> None:
    for label in ('OK', 'NG'):
        service.client.upload(label=label, ai='OK')
    params = {'differs_label': 'ai'}
    fields = service.client.simulate_get('/collections/c/fields', params=params)
    assert fields.json['documents'] == 1
    lines = service.client.simulate_get(
        '/collections/c/export', params=params | {'format': 'ndjson'}
    )
    assert [line.count('"label":"NG"') for line in lines.text.splitlines()] == [1]
    image_id = service.client.simulate_get('/collections/c/images').json[0]['_id']
    path = f'/collections/c/images/{image_id}/neighbors'
    neighbors = service.client.simulate_get(path, params={'same_label': 'ai'}).json
    assert neighbors['next']['label'] == 'OK'
    changed = service.client.simulate_patch(
        '/collections/c/images', params=params | {'expect': '1'}, json={'label': 'OK'}
    ).json
    assert changed['changed'] == 1
    assert (
        service.client.simulate_get('/collections/c/images', params=params).json == []
    )
    path = f'/collections/c/changes/{changed["change"]}/revert'
    assert service.client.simulate_post(path).json['reverted'] == 1


def test_long_lists_are_compared_in_time(service: Service) -> None:
    """In a time that grows with the square of their length, it would be minutes."""
    many = [str(number) for number in range(50_000)]
    fill(service, [{'a': many, 'b': [f'{each}x' for each in many]}])
    assert found(service, differs_a='b', fields='n') == [0]


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.5, 2.0, '', '0', '1', '2.0', '0.50', 'true', 'null', 'a']),
)
values = scalars | st.lists(scalars, max_size=3)


def means(text: Any) -> list[Any]:
    """List the values that `NAME=text` finds, null left out; else the value alone."""
    if not isinstance(text, str) or not text:
        return [text]
    clause = parse_filter({'eq_a': text}, LIMITS)
    found: list[Any] = clause.get('$or', [clause])[0]['a']['$in']
    return found


def is_same(one: Any, other: Any) -> bool:
    def typed(value: Any) -> tuple[bool, Any]:
        return isinstance(value, bool), value

    return typed(one) in map(typed, means(other)) or typed(other) in map(
        typed, means(one)
    )


def filled_values(value: Any) -> list[Any]:
    members = value if isinstance(value, list) else [value]
    return [each for each in members if each is not None]


@hypothesis.settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(pairs=st.lists(st.tuples(values, values), min_size=1, max_size=20))
def test_any_values_are_compared_as_in_python(
    service: Service, pairs: list[tuple[Any, Any]]
) -> None:
    service.database.c.delete_many({})
    fill(service, [{'a': a, 'b': b} for a, b in pairs])
    members = [(filled_values(a), filled_values(b)) for a, b in pairs]
    met = [any(is_same(x, y) for x in a for y in b) for a, b in members]
    differing = [n for n, (a, b) in enumerate(members) if a and b and not met[n]]
    assert found(service, same_a='b') == [n for n, is_met in enumerate(met) if is_met]
    assert found(service, differs_a='b') == differing
