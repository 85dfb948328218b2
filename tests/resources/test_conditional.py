import datetime

import falcon
import falcon.testing
import pytest

from falcon_images.errors import PreconditionFailedError
from falcon_images.resources.conditional import (
    is_not_modified,
    requested_range,
    required_tag,
)

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
        ({'If_None_Match': '"*"'}, False),
        ({'If_None_Match': '"x,abc"'}, False),
        ({'If_Match': '"abc"', 'If_None_Match': '"abc"'}, True),
        ({'If_Match': '*'}, False),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:06 GMT'}, True),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:07 GMT'}, True),
        ({'If_Modified_Since': 'Mon, 23 Nov 2026 04:05:05 GMT'}, False),
        ({'If_Modified_Since': 'yesterday'}, False),
        ({'If_Modified_Since': 'Monday, 23-Nov-26 04:05:06 GMT'}, True),
        ({'If_Modified_Since': 'Mon Nov 23 04:05:06 2026'}, True),
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


BEFORE = 'Mon, 23 Nov 2026 04:05:05 GMT'
WHEN = 'Mon, 23 Nov 2026 04:05:06 GMT'


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize(
    ('headers', 'is_wanted'),
    [
        *(({'If_Match': given}, True) for given in ('"abc"', '*', '"x", "abc"')),
        *(({'If_Match': given}, False) for given in ('"x"', 'W/"abc"', '"*"', '')),
        ({'If_Unmodified_Since': WHEN}, True),
        ({'If_Unmodified_Since': BEFORE}, False),
        ({'If_Unmodified_Since': 'yesterday'}, True),
        ({'If_Match': '"abc"', 'If_Unmodified_Since': BEFORE}, True),
        ({'If_Match': '"x"', 'If_Unmodified_Since': WHEN}, False),
        ({'If_Match': '"x"', 'If_None_Match': '"abc"'}, False),
        ({'If_Unmodified_Since': BEFORE, 'If_Modified_Since': WHEN}, False),
    ],
)
def test_what_is_not_wanted_is_refused_before_all_else(
    method: str, headers: dict[str, str], is_wanted: bool
) -> None:
    req = request(method, **headers)
    if is_wanted:
        assert not is_not_modified(req, TAG, TIME)
    else:
        with pytest.raises(PreconditionFailedError):
            is_not_modified(req, TAG, TIME)


def test_what_has_no_date_is_asked_for_its_tag_alone() -> None:
    for header in ('If_Unmodified_Since', 'If_Modified_Since'):
        for given in (BEFORE, 'Fri, 23 Nov 2096 04:05:06 GMT'):
            assert not is_not_modified(request(**{header: given}), TAG)


@pytest.mark.parametrize(
    ('headers', 'may_be'),
    [
        *(({'If_None_Match': given}, False) for given in ('*', '"abc"', 'W/"abc"')),
        *(({'If_None_Match': given}, True) for given in ('"x"', '"*"')),
        ({'If_Match': '"abc"', 'If_None_Match': '"x"'}, True),
        ({'If_Match': '"abc"', 'If_None_Match': '*'}, False),
        ({'If_Match': 'W/"abc"'}, False),
    ],
)
def test_a_change_asks_for_both_lists_of_tags(
    headers: dict[str, str], may_be: bool
) -> None:
    is_meant = required_tag(request('PUT', **headers))
    assert is_meant is not None
    assert is_meant(TAG) is may_be
    assert required_tag(request('PUT')) is None


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
        ('bytes=15-11', None),
        ('bytes=10-9', None),
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
