import datetime
import json
from typing import Any

import bson
import mongomock
import pytest

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import NEWEST_FIRST, Query
from falcon_images.query.lists import parse_filter, parse_query
from falcon_images.settings import Settings

ID = '6565f0c2a1b2c3d4e5f60718'
UTC = datetime.UTC


def parsed(**params: str) -> Query:
    return parse_query(params, Settings().limits)


def parsed_filter(condition: object) -> dict[str, Any]:
    return parse_filter({'filter': json.dumps(condition)}, Settings().limits)


def test_no_parameters_mean_everything_newest_first() -> None:
    assert parsed() == Query(filter={}, sort=NEWEST_FIRST, skip=0, limit=0)


@pytest.mark.parametrize('name', ['limit', 'batch_size', 'count'])
def test_the_limit_has_three_names(name: str) -> None:
    assert parsed(**{name: '7'}).limit == 7


@pytest.mark.parametrize('name', ['skip', 'start_index', 'index'])
def test_skip_has_three_names(name: str) -> None:
    assert parsed(**{name: '7'}).skip == 7


@pytest.mark.parametrize(
    'text', ['-1', '1.0', 'x', '1_0', '٣', '1e3', '0x1', ' 1', 'null', '+1', '1 ']
)
@pytest.mark.parametrize('name', ['limit', 'skip', 'count', 'index'])
def test_other_than_whole_numbers_are_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidRequestError, match='whole number'):
        parsed(**{name: text})


@pytest.mark.parametrize('text', ['9' * 19, '9' * 400, '9' * 5000])
def test_a_number_beyond_all_collections_means_as_many_as_can_be(text: str) -> None:
    assert parsed(limit=text).limit == 2**62


def test_a_number_given_twice_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match='only once'):
        parsed(limit='1', count='1')
    with pytest.raises(InvalidRequestError, match='only once'):
        parse_query({'limit': ['1', '2']}, Settings().limits)


@pytest.mark.parametrize(
    ('text', 'order'),
    [
        ('{}', NEWEST_FIRST),
        ('{"score": -1}', [('score', -1), ('_id', -1)]),
        ('{"score": 1}', [('score', 1), ('_id', 1)]),
        ('{"a.b": 1, "time": -1}', [('a.b', 1), ('time', -1), ('_id', -1)]),
        ('{"_id": 1}', [('_id', 1)]),
        ('{"_id": -1, "a": 1}', [('_id', -1), ('a', 1)]),
        ('score', [('score', 1), ('_id', 1)]),
        ('-score', [('score', -1), ('_id', -1)]),
        ('-score,time', [('score', -1), ('time', 1), ('_id', 1)]),
        (' score, +a.b', [('score', 1), ('a.b', 1), ('_id', 1)]),
        ('-_file.size', [('_file.size', -1), ('_id', -1)]),
        ('--a', [('-a', -1), ('_id', -1)]),
        ('_id', [('_id', 1)]),
    ],
)
def test_the_order_ends_with_the_id(text: str, order: list[tuple[str, int]]) -> None:
    assert parsed(sort=text).sort == order


@pytest.mark.parametrize(
    'text',
    [
        '{"a": 0}',
        '{"a": 2}',
        '{"a": "1"}',
        '{"a": true}',
        '{"a": 1.0}',
        '{"a": {"$meta": "textScore"}}',
        '{"$a": 1}',
        '{"": 1}',
        '{"a..b": 1}',
        '[]',
        '{',
        '-',
        'a,',
        ',a',
        'a,a',
        'a,-a',
        'a,$b',
        'a..b',
        '_file',
        '_file.upload.key',
        '{"_file": 1}',
        '{"_file.upload": 1}',
        'a.' * 100 + 'a',
    ],
)
def test_an_order_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        parsed(sort=text)


@pytest.mark.parametrize(
    ('condition', 'result'),
    [
        ({'a': 'OK'}, {'a': 'OK'}),
        ({'_id': ID}, {'_id': bson.ObjectId(ID)}),
        ({'_id': {'$in': [ID]}}, {'_id': {'$in': [bson.ObjectId(ID)]}}),
        ({'_id': {'$not': {'$gt': ID}}}, {'_id': {'$not': {'$gt': bson.ObjectId(ID)}}}),
        (
            {'$or': [{'_id': ID}, {'$and': [{'_id': {'$ne': ID}}]}]},
            {
                '$or': [
                    {'_id': bson.ObjectId(ID)},
                    {'$and': [{'_id': {'$ne': bson.ObjectId(ID)}}]},
                ]
            },
        ),
        ({'_id': {'$type': 'objectId'}}, {'_id': {'$type': 'objectId'}}),
        ({'time': {'$exists': True}}, {'time': {'$exists': True}}),
        ({'a': {'time': 'noon'}}, {'a': {'time': 'noon'}}),
        ({'a': {'$elemMatch': {'$gt': 1}}}, {'a': {'$elemMatch': {'$gt': 1}}}),
        ({'a': {'$elemMatch': {'b': 1}}}, {'a': {'$elemMatch': {'b': 1}}}),
        ({'a': {'$all': [{'$elemMatch': {'b': 1}}]}},) * 2,
        ({'a': {'$regex': '^x', '$options': 'i'}},) * 2,
        ({'a': {'$size': 2, '$mod': [4, 0]}},) * 2,
        ({'a': None},) * 2,
        ({'a': {}},) * 2,
    ],
)
def test_a_filter_is_made_safe(
    condition: dict[str, Any], result: dict[str, Any]
) -> None:
    assert parsed_filter(condition) == result


@pytest.mark.parametrize(
    ('text', 'time'),
    [
        ('2022-03-01', datetime.datetime(2022, 3, 1, tzinfo=UTC)),
        ('2022-03-01T08:30', datetime.datetime(2022, 3, 1, 8, 30, tzinfo=UTC)),
        ('2022-03-01T08:30:00Z', datetime.datetime(2022, 3, 1, 8, 30, tzinfo=UTC)),
        ('2022-03-01T08:30+09:00', datetime.datetime(2022, 2, 28, 23, 30, tzinfo=UTC)),
        (
            '2022-03-01T08:30:00.123Z',
            datetime.datetime(2022, 3, 1, 8, 30, 0, 123000, tzinfo=UTC),
        ),
    ],
)
def test_iso_strings_compared_with_time_are_dates(
    text: str, time: datetime.datetime
) -> None:
    assert parsed_filter({'time': text}) == {'time': time}
    assert parsed_filter({'$nor': [{'time': {'$lt': text}}]}) == {
        '$nor': [{'time': {'$lt': time}}]
    }
    assert parsed_filter({'time': {'$in': [text]}}) == {'time': {'$in': [time]}}


@pytest.mark.parametrize('text', ['noon', '', '2022-13-01', '0000-01-01', '12'])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match='is not a time'):
        parsed_filter({'time': text})


def test_a_time_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match='is not a time'):
        parsed_filter({'time': '0001-01-01T00:00+09:00'})


@pytest.mark.parametrize('text', ['x', '', ID[:-1], ID + '0'])
def test_an_id_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match='is not the id'):
        parsed_filter({'_id': text})


@pytest.mark.parametrize(
    'condition',
    [
        {'$where': 'sleep(1000)'},
        {'a': {'$where': '1'}},
        {'$expr': {'$function': {'body': 'x', 'args': [], 'lang': 'js'}}},
        {'$expr': {'$eq': [1, 1]}},
        {'a': {'$accumulator': {}}},
        {'$or': [{'a': {'$in': [{'$function': 1}]}}]},
        {'a': {'$not': {'$where': 'x'}}},
        {'a': {'$elemMatch': {'$where': 'x'}}},
        {'a': {'$elemMatch': {'$or': [{'$where': 'x'}]}}},
        {'a': {'$eq': {'$where': 'x'}}},
        {'a': {'$all': [{'$where': 'x'}]}},
        {'a': {'b': {'$where': 'x'}}},
        {'a': [{'$where': 'x'}]},
        {'a': {'$exists': {'$where': 'x'}}},
        {'a': {'$mod': [{'$where': 1}]}},
        {'$jsonSchema': {}},
        {'$text': {'$search': 'x'}},
        {'a': {'$unheardof': 1}},
        {'a': {'$near': [0, 0]}},
        {'a': {'b': 1, '$where': 'x'}},
        {'a': {'$gt': 1, 'b': 1}},
    ],
)
def test_operators_that_are_not_listed_are_refused(condition: object) -> None:
    with pytest.raises(InvalidRequestError, match='is not allowed'):
        parsed_filter(condition)


@pytest.mark.parametrize(
    'condition',
    [
        {'$or': []},
        {'$or': {}},
        {'$and': [1]},
        {'$nor': 'x'},
        {'a': {'$in': 1}},
        {'a': {'$nin': {}}},
        {'': 1},
        {'a.': 1},
        {'a\0': 1},
        {'a': {'b\0': 1}},
        {'a': {'$in': [{'b\0': 1}]}},
        {'_file': {'size': 1}},
        {'_file': {'$gt': {'size': 1}}},
        {'_file': {'$not': {'$gt': {'size': 1}}}},
        {'_file': {'$exists': True, '$lt': {}}},
        {'_file.upload': {'$exists': True}},
        {'_file.upload.key': 'a'},
        {'$or': [{'_file.upload.key': {'$regex': '^a'}}]},
    ],
)
def test_conditions_that_mean_nothing_are_refused(condition: object) -> None:
    with pytest.raises(InvalidRequestError):
        parsed_filter(condition)


@pytest.mark.parametrize('text', ['x', '[]', '{', '"a"', '1', '{"a": NaN}'])
def test_a_filter_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match='filter'):
        parse_filter({'filter': text}, Settings().limits)


def test_a_safe_filter_still_finds_what_was_meant() -> None:
    images: Any = mongomock.MongoClient(tz_aware=True).db.images
    for day in (1, 2, 3):
        images.insert_one(
            {'time': datetime.datetime(2022, 3, day), 'day': day, 'n': {'a': day}}
        )
    condition = {'$and': [{'time': {'$gte': '2022-03-02'}}, {'n.a': {'$lt': 3}}]}
    found = images.find(parsed_filter(condition))
    assert [image['day'] for image in found] == [2]


@pytest.mark.parametrize('name', ['filter', 'sort'])
def test_the_length_of_a_query_is_bounded(name: str) -> None:
    text = '{"' + 'a' * 50 + '": 1}'
    limits = Settings(max_query_bytes=len(text)).limits
    assert parse_query({name: text}, limits)
    with pytest.raises(InvalidRequestError, match='MAX_QUERY_BYTES'):
        parse_query({name: text + ' '}, limits)


def test_the_length_of_a_list_can_be_bounded() -> None:
    limits = Settings(max_list_documents=10).limits
    assert parse_query({'limit': '10'}, limits).limit == 10
    for params in ({'limit': '11'}, {'limit': '0'}, {}):
        with pytest.raises(InvalidRequestError, match='MAX_LIST_DOCUMENTS'):
            parse_query(params, limits)
