"""What is compressed for whom: pages of lists, the description, fixed files."""

import gzip
import zlib

import falcon
import falcon.testing
import pytest

from falcon_images.resources.compression import takes_gzip
from tests.support.service import Service

GZIP = {'Accept-Encoding': 'gzip'}
FIXED = ['/ui', '/ui/page.js', '/ui/page.css', '/ui/main.js', '/docs', '/openapi.json']


@pytest.mark.parametrize(
    ('accepted', 'is_taken'),
    [
        *((given, True) for given in ('gzip', 'GZIP', 'x-gzip', '*', 'br, gzip;q=0.1')),
        *((given, True) for given in ('gzip;q=1.0', 'gzip ; q=0.5', 'identity, gzip')),
        *((given, False) for given in ('', 'identity', 'br', 'gzip;q=0', '*;q=0')),
        *((given, False) for given in ('gzip;q=0.5, identity', 'gzip;q=nan', 'gzip;x')),
        *((given, False) for given in ('gzip;q=0, *', 'gzipped', ';;,,', 'gzip;q=-1')),
    ],
)
def test_a_client_says_whether_it_takes_gzip(accepted: str, is_taken: bool) -> None:
    headers = {'Accept-Encoding': accepted}
    environ = falcon.testing.create_environ(headers=headers)
    assert takes_gzip(falcon.Request(environ)) is is_taken


@pytest.mark.parametrize('path', FIXED)
def test_fixed_files_are_compressed_and_have_a_tag_of_their_own(
    service: Service, path: str
) -> None:
    plain = service.client.simulate_get(path)
    packed = service.client.simulate_get(path, headers=GZIP)
    assert 'Content-Encoding' not in plain.headers
    assert packed.headers['Content-Encoding'] == 'gzip'
    assert gzip.decompress(packed.content) == plain.content
    assert packed.headers['Content-Type'] == plain.headers['Content-Type']
    assert plain.headers['Vary'] == packed.headers['Vary'] == 'Accept-Encoding'
    assert plain.headers['ETag'] != packed.headers['ETag']


@pytest.mark.parametrize('path', FIXED)
def test_a_head_of_a_fixed_file_is_that_of_its_get(service: Service, path: str) -> None:
    for headers in ({}, GZIP):
        got = service.client.simulate_get(path, headers=headers)
        head = service.client.simulate_head(path, headers=headers)
        assert head.content == b''
        for name in ('Content-Length', 'Content-Encoding', 'ETag', 'Vary'):
            assert head.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize('path', ['/ui/page.js', '/openapi.json'])
def test_conditions_mean_the_encoding_that_would_be_sent(
    service: Service, path: str
) -> None:
    get = service.client.simulate_get
    tag = get(path, headers=GZIP).headers['ETag']
    again = get(path, headers={**GZIP, 'If-None-Match': tag})
    assert (again.status_code, again.content) == (304, b'')
    assert (again.headers['ETag'], again.headers['Vary']) == (tag, 'Accept-Encoding')
    assert 'Content-Encoding' not in again.headers
    assert get(path, headers={'If-None-Match': tag}).status_code == 200
    assert get(path, headers={**GZIP, 'If-Match': tag}).status_code == 200
    assert get(path, headers={'If-Match': tag}).status_code == 412


@pytest.mark.parametrize('accept', ['application/json', 'application/x-ndjson'])
def test_a_page_of_a_list_is_compressed(service: Service, accept: str) -> None:
    service.database.c.insert_many({'n': n} for n in range(3000))
    headers = {'Accept': accept}
    path = '/collections/c/images?limit=2900'
    plain = service.client.simulate_get(path, headers=headers)
    packed = service.client.simulate_get(path, headers={**headers, **GZIP})
    assert zlib.decompress(packed.content, 31) == plain.content
    assert int(packed.headers['Content-Length']) == len(packed.content)
    for name in ('Content-Type', 'Link', 'X-Total-Count'):
        assert packed.headers[name] == plain.headers[name]
    assert 'Content-Encoding' not in plain.headers
    assert plain.headers['Vary'] == packed.headers['Vary'] == 'Accept, Accept-Encoding'


@pytest.mark.parametrize('query', ['', '?limit=0', '?skip=1'])
def test_a_list_without_a_limit_is_not(service: Service, query: str) -> None:
    service.database.c.insert_many({'n': n} for n in range(3))
    path = f'/collections/c/images{query}'
    response = service.client.simulate_get(path, headers=GZIP)
    assert 'Content-Encoding' not in response.headers
    assert response.headers['Vary'] == 'Accept'
    assert len(response.json) >= 2


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize('name', ['limit', 'count', 'batch_size'])
def test_a_head_of_a_page_says_what_its_get_is(
    service: Service, method: str, name: str
) -> None:
    path = f'/collections/c/images?{name}=2'
    answer = service.client.simulate_request(method, path, headers=GZIP)
    assert answer.headers['Content-Encoding'] == 'gzip'
    assert answer.headers['Vary'] == 'Accept, Accept-Encoding'


def test_a_page_whose_query_is_a_body_is_compressed(service: Service) -> None:
    service.database.c.insert_many({'n': n} for n in range(3))
    path = '/collections/c/images/query'
    answer = service.client.simulate_post(path, json={'limit': 2}, headers=GZIP)
    assert answer.headers['Content-Encoding'] == 'gzip'
    assert zlib.decompress(answer.content, 31).count(b'"n"') == 2


def test_the_parts_of_the_page_can_be_kept_under_their_version(
    service: Service,
) -> None:
    page = service.client.simulate_get('/ui').text
    for name in ('page.js', 'page.css'):
        address = page.partition(f'/ui/{name}?')[2].partition('"')[0]
        for query, kept in (
            (address, 'immutable'),
            ('', 'no-cache'),
            ('x', 'no-cache'),
        ):
            path = f'/ui/{name}?{query}'
            answer = service.client.simulate_get(path)
            assert kept in answer.headers['Cache-Control']
