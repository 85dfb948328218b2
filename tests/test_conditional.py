import datetime

import falcon
import falcon.testing
import pytest

from falcon_images.conditional import is_not_modified, requested_range

TAG = 'abc'
TIME = datetime.datetime(2026, 11, 23, 4, 5, 6, 789000, tzinfo=datetime.UTC)


def request(method: str = 'GET', **headers: str) -> falcon.Request:
    return falcon.Request(
        falcon.testing.create_environ(
            method=method,
            headers={name.replace('_', '-'): value for name, value in headers.items()},
        )
    )


@pytest.mark.parametrize(
    ('headers', 'result'),
    [
        ({}, False),
        ({'If_None_Match': '"abc"'}, True),
        ({'If_None_Match': 'W/"abc"'}, True),
        ({'If_None_Match': '"x", "abc"'}, True),
        ({'If_None_Match': '*'}, True),
        ({'If_None_Match': '"x"'}, False),
        ({'If_None_Match': 'abc'}, True),
        ({'If_None_Match': ''}, False),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:06 GMT'}, True),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:07 GMT'}, True),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:05 GMT'}, False),
        ({'If_Modified_Since': 'yesterday'}, False),
        (
            {
                'If_None_Match': '"x"',
                'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:06 GMT',
            },
            False,
        ),
    ],
)
def test_a_client_that_has_it_is_told_so(headers: dict[str, str], result: bool) -> None:
    assert is_not_modified(request(**headers), TAG, TIME) is result


@pytest.mark.parametrize(
    ('text', 'result'),
    [
        ('bytes=0-0', (0, 0)),
        ('bytes=0-', (0, 9)),
        ('bytes=3-5', (3, 5)),
        ('bytes=9-9', (9, 9)),
        ('bytes=5-99999999999999', (5, 9)),
        ('bytes=-3', (7, 9)),
        ('bytes=-99', (0, 9)),
        ('BYTES=1-2', (1, 2)),
        ('bytes=5-3', None),
        ('bytes=0-0,2-3', None),
        ('bytes=', None),
        ('bytes=-', None),
        ('bytes=a-b', None),
        ('bytes=1-2-3', None),
        ('lines=1-2', None),
        ('bytes=٣-٤', None),
        ('bytes=' + '9' * 400 + '-', None),
    ],
)
def test_a_single_range_is_found(text: str, result: tuple[int, int] | None) -> None:
    assert requested_range(request(Range=text), 10, TAG, TIME) == result


@pytest.mark.parametrize('text', ['bytes=10-', 'bytes=10-20', 'bytes=-0'])
def test_a_range_outside_of_the_file_is_416(text: str) -> None:
    with pytest.raises(falcon.HTTPRangeNotSatisfiable) as caught:
        requested_range(request(Range=text), 10, TAG, TIME)
    assert caught.value.headers == {'Content-Range': 'bytes */10'}


def test_a_range_is_for_get_alone() -> None:
    req = request('HEAD', Range='bytes=0-0')
    assert requested_range(req, 10, TAG, TIME) is None


@pytest.mark.parametrize(
    ('condition', 'holds'),
    [
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        ('Mon, 23 Nov 2026 04:05:06 GMT', True),
        ('Mon, 23 Nov 2026 04:05:07 GMT', False),
        ('nonsense', False),
    ],
)
def test_if_range_decides_between_a_part_and_all(condition: str, holds: bool) -> None:
    req = request(Range='bytes=0-0', If_Range=condition)
    result = requested_range(req, 10, TAG, TIME)
    assert result == ((0, 0) if holds else None)
