"""Whatever an image holds: a table that was exported and not edited changes nothing."""

import datetime
from collections.abc import Iterator
from typing import Any

import bson
import hypothesis
import pytest
from hypothesis import strategies as st

from falcon_images.settings import Settings
from tests.support.bulk_changes import dump
from tests.support.relabelling import done, exported, relabel, resaved
from tests.support.service import Service, running

# With what spreadsheets, CSV and XML take for something else.
SPECIAL = (
    *('', "'", "'=1", '=1', '+1', '-1', '-', '@a', '\t=', 'a;=b', ';', '"', 'a\r\nb'),
    *('a\r=b', '\n', ' a ', 'null', 'true', 'TRUE', '1', '00123', '1E5', '1.50', '1-2'),
    *(
        '2026-11-23',
        '[1]',
        '{}',
        '_x000D_',
        '_x0041_',
        '\x01',
        '\ufffe',
        '\uff1d1',
        '\U0001f600',
        'é',
    ),
    *('2026-11-23T04:05:06.789Z', '1,5', '#N/A', '\ufeffa', "';='"),
)
texts = st.sampled_from(SPECIAL) | st.text(
    st.characters(exclude_categories=['Cs'], exclude_characters='\0'), max_size=12
)
names = st.sampled_from(['a', 'b', '=a', '日本', 'x y', ';-z', 'A', '1'])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.datetimes(datetime.datetime(1905, 1, 1), datetime.datetime(9999, 12, 30)),
    st.binary(max_size=5),
    st.builds(bson.ObjectId),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(
        lambda number: bson.Decimal128(str(number)[:34])
    ),
    st.builds(bson.Regex, st.just('a')),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=8,
)
properties = st.dictionaries(names, values, max_size=4)


@pytest.fixture(scope='module')
def filled(
    mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service with two images, whose properties are set by tests."""
    settings = Settings(
        mongodb_url=mongodb_url,
        mongodb_db='round_trip',
        uploads_directory=tmp_path_factory.mktemp('uploads'),
    )
    with running(settings) as service:
        service.client.upload()
        service.client.upload()
        yield service


def fill(service: Service, *documents: dict[str, Any]) -> None:
    collection = service.database['c']
    ids = [each['_id'] for each in collection.find({}, {'_id': True})]
    for image_id, document in zip(ids, documents, strict=True):
        system = collection.find_one({'_id': image_id}) or {}
        kept = {name: system[name] for name in ('_id', 'time', 'image', '_file')}
        collection.replace_one({'_id': image_id}, {**kept, **document})


@hypothesis.given(first=properties, second=properties)
@hypothesis.settings(
    max_examples=60,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_tables_that_nobody_edited_change_nothing(
    filled: Service, first: dict[str, Any], second: dict[str, Any]
) -> None:
    fill(filled, first, second)
    before = dump(filled)
    for kind in ('csv', 'xlsx'):
        answer = done(filled, exported(filled, kind))
        assert (answer['matched'], answer['warnings']) == (0, []), kind
        assert (answer['unchanged'], answer['change']) == (2, None)
    assert dump(filled) == before


@hypothesis.given(first=properties)
@hypothesis.settings(
    max_examples=20, suppress_health_check=list(hypothesis.HealthCheck)
)
def test_workbooks_that_were_saved_again_change_nothing(
    filled: Service, first: dict[str, Any]
) -> None:
    fill(filled, first, {})
    try:
        again = resaved(exported(filled, 'xlsx'))
    except ValueError:
        hypothesis.reject()
    assert done(filled, again)['matched'] == 0


@hypothesis.given(first=properties)
@hypothesis.settings(
    max_examples=20, suppress_health_check=list(hypothesis.HealthCheck)
)
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16', 'utf-8-sig'])
def test_tables_in_other_encodings_change_nothing(
    filled: Service, first: dict[str, Any], encoding: str
) -> None:
    fill(filled, first, {})
    sheet = exported(filled).decode('utf-8-sig')
    answer = relabel(filled, sheet.encode(encoding))
    assert answer.json['matched'] == 0
