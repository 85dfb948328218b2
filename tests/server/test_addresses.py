"""Addresses that are not percent-encoded, sent byte for byte."""

import pytest

from tests.support.server import Recorder, assert_error, exchange, serving

TEXTS = ['キズあり'.encode(), 'キズあり'.encode('shift_jis'), b'\xe9', b'\x80']


def get(target: bytes) -> bytes:
    return b'GET ' + target + b' HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'


@pytest.mark.parametrize('text', TEXTS)
@pytest.mark.parametrize(
    'before',
    [
        *(b'/collections/c/images?note=', b'/collections/c/images?', b'/collections/'),
        *(b'/', b'//', b'/?a=%20&b='),
    ],
)
def test_it_is_told_to_encode_them(before: bytes, text: bytes) -> None:
    application = Recorder()
    with serving(application) as service:
        answer = exchange(service, get(before + text))
    assert_error(answer, 400)
    assert b'percent-encoded' in answer
    assert application.paths == []


def test_what_is_no_request_is_told_nothing_of_addresses() -> None:
    with serving(Recorder()) as service:
        answer = exchange(service, b'\x16\x03\x01\x02\xfc\x03\r\n\r\n')
    assert_error(answer, 400)
    assert b'percent-encoded' not in answer


def test_encoded_ones_pass() -> None:
    application = Recorder()
    with serving(application) as service:
        answer = exchange(service, get(b'/collections/%E6%97%A5?a=%E3%82%AD'))
    assert answer.startswith(b'HTTP/1.1 200 ')
    assert application.paths == ['/collections/日'.encode().decode('latin-1')]
