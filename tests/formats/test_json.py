import datetime
from typing import Any

import bson
import pytest
from bson.datetime_ms import DatetimeMS

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps, loads_object
from falcon_images.settings import Settings


def loads(text: str | bytes) -> dict[str, Any]:
    return loads_object(text, 'The body', Settings(max_json_depth=10).limits)


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('{}', {}),
        (b'{"a": "\xc3\xa9"}', {'a': 'é'}),
        ('{"a": [1, 1.0, -0.5, true, null]}', {'a': [1, 1.0, -0.5, True, None]}),
        (f'{{"a": {2**63 - 1}, "b": {-(2**63)}}}', {'a': 2**63 - 1, 'b': -(2**63)}),
        ('{"a": "\\ud83d\\ude00"}', {'a': '😀'}),
    ],
)
def test_json_objects_are_read(text: str | bytes, value: dict[str, Any]) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('', 'not valid JSON'),
        ('{', 'not valid JSON'),
        ('{"a": 1} x', 'not valid JSON'),
        ('[]', 'must be a JSON object'),
        ('null', 'must be a JSON object'),
        ('{"a": NaN}', 'NaN is not a JSON number'),
        ('{"a": Infinity}', 'Infinity is not'),
        ('{"a": -Infinity}', '-Infinity is not'),
        ('{"a": 1e400}', 'too large'),
        (f'{{"a": {2**63}}}', '64 bits'),
        (f'{{"a": -{2**63 + 1}}}', '64 bits'),
        (f'{{"a": {"9" * 400}}}', '64 bits'),
        (f'{{"a": {"9" * 10000}}}', '64 bits'),
        ('{"a": 1, "a": 2}', 'same key twice'),
        ('{"a": {"b": 1, "b": 2}}', 'same key twice'),
        ('{"a": "\\ud800"}', 'Unicode'),
        ('{"\\udc00": 1}', 'Unicode'),
        (b'{"a": "\xff"}', 'Unicode'),
        ('{"a":' + '[' * 11 + ']' * 11 + '}', 'nested too deeply'),
        ('{"a":' + '[' * 100_000 + ']' * 100_000 + '}', 'nested too deeply'),
        ('{"a":' * 100_000 + '1' + '}' * 100_000, 'nested too deeply'),
    ],
)
def test_what_cannot_be_stored_is_refused(text: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        loads(text)


def test_depth_is_counted_to_the_limit() -> None:
    assert loads('{"a":' + '[' * 9 + ']' * 9 + '}')


def test_what_json_has_no_type_for_is_written() -> None:
    time = datetime.datetime(2026, 11, 23, 4, 5, 6, 789000, tzinfo=datetime.UTC)
    assert dumps(
        {
            'id': bson.ObjectId('6565f0c2a1b2c3d4e5f60718'),
            'time': time,
            'elsewhere': time.astimezone(
                datetime.timezone(datetime.timedelta(hours=9))
            ),
            'int64': bson.Int64(2**62),
            'decimal': bson.Decimal128('1.5'),
            'bytes': b'\x00\x01',
            'far': DatetimeMS(2**60),
        }
    ) == (
        b'{"id":"6565f0c2a1b2c3d4e5f60718","time":"2026-11-23T04:05:06.789Z",'
        b'"elsewhere":"2026-11-23T04:05:06.789Z","int64":4611686018427387904,'
        b'"decimal":1.5,"bytes":"AAE=","far":{"$date":{"$numberLong":'
        b'"1152921504606846976"}}}'
    )
