"""Plain parameters as conditions, on the real database."""

import copy
import datetime
import json
import re
from typing import Any
from urllib.parse import urlencode

import hypothesis
import hypothesis.strategies as st
import pytest

from falcon_images.errors import InvalidRequestError
from falcon_images.query.lists import parse_filter
from falcon_images.settings import Settings
from tests.support.service import Service

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


def test_conditions_must_all_hold(filled: Service) -> None:
    assert found(filled, ('label', 'OK'), ('frame', '12')) == [0]
    assert found(filled, ('min_frame', '12'), ('lt_frame', '13')) == [0, 2]
    assert found(filled, ('label', 'OK'), ('filter', '{"n": {"$gt": 0}}')) == [3]
    assert found(filled, ('label', 'OK'), ('from', '2022-03-01T10:00Z')) == [0]


def test_a_repeated_name_is_any_of(filled: Service) -> None:
    assert found(filled, ('label', 'OK'), ('label', 'NG')) == [0, 1, 3]
    assert found(filled, ('label', 'OK'), ('eq_label', 'NG')) == [0, 1, 3]
    assert found(filled, ('like_work', '200J'), ('like_work', '1*')) == [5, 6]
    assert found(filled, ('in_n', '1,2'), ('in_n', '2,3')) == [1, 2, 3]


def test_a_repeated_not_is_none_of(filled: Service) -> None:
    query = (('not_label', 'OK'), ('not_label', 'NG'), ('has_label', 'true'))
    assert found(filled, *query) == [2, 4, 6]


def test_all_of_repeated_bounds_hold(filled: Service) -> None:
    assert found(filled, ('min_n', '3'), ('min_n', '5'), ('max_n', '6')) == [5, 6]
    assert found(filled, ('has_label', 'true'), ('has_label', 'false')) == []


@pytest.mark.parametrize(
    'name',
    [
        *('limit', 'batch_size', 'count', 'skip', 'start_index', 'index', 'values'),
        *('all', 'dry_run', 'expect', 'jwt', 'token', 'filter', 'sort', 'fields'),
        *('cursor', 'from', 'to', 'label', 'min_n', 'in_n', 'like_n', 'has_n'),
    ],
)
def test_an_empty_value_is_as_if_absent(filled: Service, name: str) -> None:
    assert found(filled, (name, '')) == list(range(10))


@pytest.mark.parametrize('name', ['jwt', 'token'])
def test_a_token_is_no_condition(filled: Service, name: str) -> None:
    assert found(filled, (name, '7')) == list(range(10))


@pytest.mark.parametrize('name', ['values', 'all', 'dry_run', 'expect', 'dedupe'])
def test_a_word_of_another_route_is_a_condition(service: Service, name: str) -> None:
    for value in (7, 8):
        service.client.upload(json=json.dumps({name: value, 'n': value}))
    assert found(service, (name, '7')) == [7]


def test_the_id_is_an_id(filled: Service) -> None:
    documents = filled.client.simulate_get('/collections/c/images').json
    ids = [document['_id'] for document in documents]
    assert found(filled, ('_id', ids[3])) == [3]
    assert found(filled, ('in__id', f'{ids[3]},{ids[5]}')) == [3, 5]
    assert found(filled, ('_id', ids[3]), ('_id', ids[5].upper())) == [3, 5]
    assert found(filled, ('not__id', ids[3]), ('max_n', '4')) == [0, 1, 2, 4]
    assert found(filled, ('gt__id', ids[7])) == [8, 9]


@pytest.mark.parametrize(
    ('query', 'numbers'),
    [
        ([('from', '2022-03-01T05:00:00Z'), ('to', '2022-03-01T07:00:00Z')], [5, 6, 7]),
        ([('from', '2022-03-01')], list(range(10))),
        ([('from', '2022-03-02')], []),
        ([('to', '2022-02-28')], []),
        ([('to', '2022-03-01')], list(range(10))),
        # Nine hours to the west, it is the day before until 9 o'clock in UTC.
        ([('to', '2022-02-28-09:00')], [4, 5, 6, 7, 8, 9]),
        ([('from', '2022-03-01-09:00')], [0, 1, 2, 3]),
        ([('from', '2022-03-01 09:00')], list(range(10))),
        ([('to', '2022-03-01-0800')], list(range(10))),
        ([('from', '2022-03-01-0800')], [0, 1, 2, 3, 4]),
        ([('from', '2022-03-01-08')], [0, 1, 2, 3, 4]),
        ([('to', '2022-02-28-08:00')], [5, 6, 7, 8, 9]),
        ([('from', '20220301'), ('to', '20220301')], list(range(10))),
        ([('from', '2022-03-01T14:00 09:00')], [0, 1, 2, 3, 4, 5, 6, 7]),
        ([('from', '2022-03-01T14:00+09:00')], [0, 1, 2, 3, 4, 5, 6, 7]),
        ([('from', '2022-03-01 10:00:00')], [0, 1, 2]),
        ([('from', '2022-03-01T10:00')], [0, 1, 2]),
        ([('to', '9999-12-31')], list(range(10))),
        ([('from', '0001-01-01')], list(range(10))),
        ([('time', '2022-03-01')], list(range(10))),
        ([('time', '2022-03-01T10:00Z')], [2]),
        ([('time', '2022-03-01T10:00Z'), ('time', '2022-03-01T08:00Z')], [2, 4]),
        ([('in_time', '2022-03-01T10:00Z,2022-03-02')], [2]),
        ([('not_time', '2022-03-01')], []),
        ([('min_time', '2022-03-01T10:00Z')], [0, 1, 2]),
        ([('gt_time', '2022-03-01T10:00Z')], [0, 1]),
        ([('lt_time', '2022-03-01T04:00Z')], [9]),
        ([('max_time', '2022-03-01')], list(range(10))),
        ([('gt_time', '2022-03-01')], []),
        ([('lt_time', '2022-03-01')], []),
        ([('has_time', 'false')], []),
    ],
)
def test_times_are_moments_or_whole_days(
    filled: Service, query: list[tuple[str, str]], numbers: list[int]
) -> None:
    assert found(filled, *query) == numbers


def test_a_day_has_its_last_millisecond_and_no_more(service: Service) -> None:
    last = DAY + datetime.timedelta(days=1, milliseconds=-1)
    times = (DAY - datetime.timedelta(milliseconds=1), DAY, last, DAY + 24 * HOUR)
    service.database.c.insert_many({'time': t, 'n': n} for n, t in enumerate(times))
    assert found(service, ('from', '2022-03-01'), ('to', '2022-03-01')) == [2, 1]
    assert found(service, ('time', '2022-03-01')) == [2, 1]
    assert found(service, ('not_time', '2022-03-01')) == [3, 0]


@pytest.mark.parametrize(
    'query',
    [
        *('$where=1', 'eq_$where=1', 'min_$a=1', 'a.$b=1', 'has_$a=true', '$=1'),
        *('eq_=1', 'min_=1', 'has_=true', 'like_=x', 'in_=x', 'not_=x', '.=1', '.a=1'),
        *('a.=1', 'a..b=1', 'min_a.=1', 'a%00b=1', 'eq_%00=1', 'like_a=x%00y'),
        *('has_a=yes', 'has_a=1', 'has_a=TRUE', 'has_a=true&has_a=x', 'in_a=,'),
        *('_id=x', 'in__id=x', 'min__id=1', 'like__id=6*', 'not__id=null', '_id=null'),
        *('time=noon', 'min_time=12', 'like_time=2022*', 'time=null', 'in_time=x'),
        *('from=x', 'to=x', 'from=1&from=2', 'to=2022-13-01', 'from=2022-W09'),
        *(
            'from=2022-03-01+15:30',
            'from=2022-03-01%2B24:00',
            'from=0001-01-01%2B09:00',
        ),
        *('to=9999-12-31-09:00', 'from=2022-03-01T', 'from=2022-03-01%2B', 'from=now'),
        *('min_a=1e400', 'gt_a=-1e999', 'max_a=' + '9' * 400),
        *('_file.upload=1', '_file.upload.key=a', 'like__file.upload.key=*'),
        *('has__file.upload=true', 'a=' + 'x' * 70_000, 'x' * 1025 + '=1'),
        *('.'.join('a' * 120) + '=1', '&'.join(f'p{n}=1' for n in range(101))),
    ],
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_condition_that_cannot_be_is_400(
    filled: Service, query: str, method: str
) -> None:
    response = filled.client.simulate_request(
        method, '/collections/c/images', query_string=query
    )
    assert response.status_code == 400, response.text
    if method == 'GET':
        assert response.json['description'].endswith(('.', ').'))


def test_a_condition_in_broken_unicode_is_refused() -> None:
    for params in ({'a': '\ud800'}, {'a\ud800': 'x'}, {'like_a': ['x', '\ud800']}):
        with pytest.raises(InvalidRequestError):
            parse_filter(params, Settings().limits)


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        *(('_file', 'x'), ('min__file', '0'), ('like__file', '*'), ('not_a', 'x')),
        *(('a', '{"$gt": ""}'), ('a', '[]'), ('like_a', '(a+)+$'), ('a', '$n')),
        *(('eq_min_$', 'x'), ('constructor', '1'), ('a', '9' * 400), ('a', '1e400')),
        *(('like_a', '\\E.*'), ('like_a', '[a-z]'), ('a', 'NaN'), ('in_a', '$n,{}')),
    ],
)
def test_odd_values_are_taken_as_they_are(
    filled: Service, name: str, value: str
) -> None:
    expected = list(range(10)) if name == 'not_a' else []
    assert found(filled, (name, value)) == expected


def test_a_pattern_does_not_take_long(service: Service) -> None:
    """A backtracking one would take longer than the world is old."""
    service.database.c.insert_many({'n': n, 'a': 'a' * 100_000} for n in range(20))
    assert found(service, ('like_a', '*a' * 50 + '*b')) == []
    assert len(found(service, ('like_a', '*a' * 50 + '*?a'))) == 20


def test_a_condition_on_a_property_uses_the_index(service: Service) -> None:
    service.client.upload('c')
    for params in ({'a': '12'}, {'min_a': '3'}, {'in_a': 'x,1'}, {'like_a': 'x*'}):
        command = {'find': 'c', 'filter': parse_filter(params, Settings().limits)}
        plan = service.database.command('explain', command, verbosity='queryPlanner')
        assert '$_path' in str(plan['queryPlanner']['winningPlan'])


def test_the_total_counts_what_meets_the_conditions(filled: Service) -> None:
    for method in ('GET', 'HEAD'):
        response = filled.client.simulate_request(
            method, '/collections/c/images', query_string='label=OK&limit=1'
        )
        assert response.headers['X-Total-Count'] == '2'


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -0.5, 2.0, 1e300]),
    st.sampled_from(['', '0', '1', '2.0', 'true', 'null', 'a', 'aa', 'ab', 'b*', '?']),
)
values = scalars | st.lists(scalars, max_size=3)
asked = st.sampled_from(
    ['0', '1', '2', '2.0', '-1', '0.5', '1e300', 'true', 'false', 'null', 'a', 'ab']
)
patterns = st.text('ab*?2.', min_size=1, max_size=4)
conditions = st.one_of(
    st.tuples(st.sampled_from(['', 'not_', 'in_', 'min_', 'max_']), asked),
    st.tuples(st.sampled_from(['gt_', 'lt_']), asked),
    st.tuples(st.just('like_'), patterns),
    st.tuples(st.just('has_'), st.sampled_from(['true', 'false'])),
)


def members(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(value: Any, text: str) -> bool:
    """Whether a value is what a text says, in Python's own words."""
    if isinstance(value, str):
        return value == text
    if value is None or isinstance(value, bool):
        return json.dumps(value) == text
    try:
        return value == float(text) if text not in ('nan', 'inf') else False
    except ValueError:
        return False


def compared(value: Any, operator: str, text: str) -> bool:
    try:
        bound: Any = float(text)
    except ValueError:
        bound = text
    if is_number(value) != is_number(bound) or type(value) in (bool, type(None)):
        return False
    meanings: dict[str, bool] = {
        'min_': value >= bound,
        'max_': value <= bound,
        'gt_': value > bound,
        'lt_': value < bound,
    }
    return meanings[operator]


def meets(document: dict[str, Any], operator: str, text: str) -> bool:
    held = members(document['p']) if 'p' in document else []
    if operator == 'has_':
        return ('p' in document) is (text == 'true')
    if operator in ('', 'in_'):
        return any(same(value, text) for value in held)
    if operator == 'not_':
        return not any(same(value, text) for value in held)
    if operator == 'like_':
        pattern = re.escape(text).replace(r'\*', '.*').replace(r'\?', '.')
        return any(
            isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL)
            for value in held
        )
    return any(compared(value, operator, text) for value in held)


@hypothesis.settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
@hypothesis.given(
    held=st.lists(st.none() | st.tuples(values), min_size=1, max_size=8),
    asked_for=st.lists(conditions, min_size=1, max_size=2, unique_by=lambda c: c[0]),
)
def test_a_condition_means_what_python_would_say(
    service: Service,
    held: list[tuple[Any] | None],
    asked_for: list[tuple[str, str]],
) -> None:
    documents = [
        {'n': n} | ({'p': value[0]} if value else {}) for n, value in enumerate(held)
    ]
    service.database.c.drop()
    service.database.c.insert_many(copy.deepcopy(documents))
    query = [(f'{operator}p', text) for operator, text in asked_for]
    expected = [
        document['n']
        for document in documents
        if all(meets(document, operator, text) for operator, text in asked_for)
    ]
    assert sorted(found(service, *query)) == expected
