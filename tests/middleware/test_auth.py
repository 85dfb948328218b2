import io
import logging
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import falcon.testing
import pytest

from falcon_images.cli.serve import log_to_standard_error
from falcon_images.settings import Settings
from tests.support.identification import (
    ID,
    KNOWN,
    Handler,
    IdentificationServer,
)
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running

ORIGIN = {'Origin': 'https://page.example'}
IMAGE_FORM = form(('image', jpeg(), 'a.jpg'))
SECONDS_TO_ANSWER = 6

WORDS = ('images', 'documents', 'items')
ROUTES = [
    '/collections',
    '/collections/c',
    '/collections/c/histogram',
    *(f'/collections/c/{word}' for word in WORDS),
    *(f'/collections/c/{word}/query' for word in WORDS),
    *(f'/collections/c/changes{end}' for end in ('', f'/{ID}', f'/{ID}/revert')),
    *(f'/collections/c/claims{end}' for end in ('', f'/{ID}')),
    *(f'/collections/c/{word}/{ID}' for word in WORDS),
    *(f'/collections/c/{word}/{ID}/info' for word in WORDS),
    *(f'/collections/c/{word}/{ID}/image' for word in WORDS),
    *(f'/collections/c/{word}/{ID}/file' for word in WORDS),
]
# Of those routes that have no GET.
METHODS = [
    *((end, 'POST') for end in ('/revert', '/query', '/claims')),
    (f'/claims/{ID}', 'PUT'),
]
SPELLINGS = [
    *(f'{route}/' for route in ROUTES),
    '//collections',
    '///collections/c/images',
    '/%63ollections/c',
    '/collections/%2e%2e/images',
    '/collections/?download=1',
]
NO_SUCH_ROUTES = [
    '/collections/c/unknown',
    f'/collections/c/images/{ID}/other',
    f'/collections/c/images/{ID}/image/other',
    '/collections//images',
    '/Collections',
    '/collections;a=b',
    '/./collections',
    '/health/../collections',
]


def _answer_after(seconds: float) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        handler.server.stopped.wait(seconds)
        handler.answer()

    return answer


def _answer_raw(answer: bytes, byte_seconds: float = 0) -> Callable[[Handler], None]:
    def write(handler: Handler) -> None:
        for piece in (answer[at : at + 1] for at in range(len(answer))):
            handler.server.stopped.wait(byte_seconds)
            handler.wfile.write(piece)

    def write_whole(handler: Handler) -> None:
        handler.wfile.write(answer)

    return write if byte_seconds else write_whole


@pytest.fixture
def unreachable_url() -> Iterator[str]:
    # Bound but not listening: connections are refused, and nobody else gets the port.
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        yield f'http://127.0.0.1:{taken.getsockname()[1]}/hidden-address'


def _get(service: Service, token: str = 'known') -> falcon.testing.Result:
    return service.client.simulate_get(
        '/collections', headers={'Authorization': f'Bearer {token}', **ORIGIN}
    )


def _assert_error(response: falcon.testing.Result, status: int, title: str) -> None:
    assert response.status_code == status, response.text
    assert set(response.json) == {'title', 'description'}
    assert response.json['title'] == title
    assert response.headers['Content-Type'] == 'application/json'
    assert response.headers['Access-Control-Allow-Origin'] == '*'


def _assert_unauthorized(response: falcon.testing.Result) -> None:
    _assert_error(response, 401, 'Token required')
    assert response.headers['WWW-Authenticate'] == 'Bearer'


def _assert_unavailable(response: falcon.testing.Result) -> None:
    _assert_error(response, 503, 'Identification unavailable')
    assert int(response.headers['Retry-After']) > 0


@pytest.mark.parametrize('path', ['/', '/health/live', '/health/ready'])
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_root_and_health_need_no_token(
    guarded: Service, path: str, method: str
) -> None:
    assert guarded.client.simulate_request(method, path).status_code == 200


def test_root_tells_that_authentication_is_on(guarded: Service) -> None:
    response = guarded.client.simulate_get('/')
    assert response.json['auth'] == {'enabled': True}


@pytest.mark.parametrize('path', ROUTES)
def test_a_preflight_needs_no_token(guarded: Service, path: str) -> None:
    method = next((found for end, found in METHODS if path.endswith(end)), 'GET')
    response = guarded.client.simulate_options(
        path,
        headers={
            **ORIGIN,
            'Access-Control-Request-Method': method,
            'Access-Control-Request-Headers': 'authorization',
        },
    )
    assert response.status_code == 200
    assert response.headers['Access-Control-Allow-Origin'] == '*'
    assert method in response.headers['Access-Control-Allow-Methods']
    assert response.headers['Access-Control-Allow-Headers'] == 'authorization'


@pytest.mark.parametrize('path', [*ROUTES, *SPELLINGS])
def test_collections_need_a_token(
    guarded: Service, identification: IdentificationServer, path: str
) -> None:
    _assert_unauthorized(guarded.client.simulate_get(path, headers=ORIGIN))
    assert identification.asked == []


@pytest.mark.parametrize('path', ROUTES)
@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'])
def test_any_method_needs_a_token_even_a_wrong_one(
    guarded: Service, path: str, method: str
) -> None:
    response = guarded.client.simulate_request(method, path, headers=ORIGIN)
    _assert_unauthorized(response)


@pytest.mark.parametrize('path', ROUTES)
def test_head_needs_a_token(guarded: Service, path: str) -> None:
    response = guarded.client.simulate_head(path, headers=ORIGIN)
    assert response.status_code == 401
    assert response.headers['WWW-Authenticate'] == 'Bearer'


def test_a_wrong_method_with_a_token_is_405(guarded: Service) -> None:
    response = guarded.client.simulate_post('/collections', headers=KNOWN)
    assert response.status_code == 405


@pytest.mark.parametrize('path', NO_SUCH_ROUTES)
def test_an_unknown_route_gives_nothing_without_a_token(
    guarded: Service, path: str
) -> None:
    response = guarded.client.simulate_get(path, headers=ORIGIN)
    assert response.status_code in (401, 404)
    assert set(response.json) == {'title', 'description'}
    assert response.headers['Access-Control-Allow-Origin'] == '*'


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_known_token_opens_collections(guarded: Service, method: str) -> None:
    response = guarded.client.simulate_request(method, '/collections', headers=KNOWN)
    assert response.status_code == 200


@pytest.mark.parametrize(
    'authorization',
    [
        'Bearer known',
        'bearer known',
        'Token known',
        'JWT known',
        'Basic known',
        'known known',
        'Bearer   known',
        'Bearer\tknown',
        'Bearer known more words',
    ],
)
def test_the_token_is_the_second_word_whatever_the_first(
    guarded: Service, identification: IdentificationServer, authorization: str
) -> None:
    response = guarded.client.simulate_get(
        '/collections', headers={'Authorization': authorization}
    )
    assert response.status_code == 200
    assert identification.asked_for() == ['Bearer known']


@pytest.mark.parametrize('authorization', ['', 'known', 'Bearer', 'Bearer '])
def test_one_word_is_no_token(guarded: Service, authorization: str) -> None:
    response = guarded.client.simulate_get(
        '/collections', headers={'Authorization': authorization, **ORIGIN}
    )
    _assert_unauthorized(response)


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize(
    ('cookie', 'query'),
    [
        ('jwt=known', ''),
        ('token=known', ''),
        ('a=b; token=known', ''),
        ('', 'jwt=known'),
        ('', 'token=known'),
        ('', 'limit=1&token=known'),
        ('jwt=; token=known', ''),
        ('jwt=', 'token=known'),
    ],
)
def test_reading_may_carry_the_token_in_a_cookie_or_the_query(
    guarded: Service, method: str, cookie: str, query: str
) -> None:
    response = guarded.client.simulate_request(
        method, '/collections', headers={'Cookie': cookie}, query_string=query
    )
    assert response.status_code == 200


@pytest.mark.parametrize('first', range(5))
def test_the_places_of_the_token_have_an_order(
    guarded: Service, identification: IdentificationServer, first: int
) -> None:
    authorization = {'Authorization': 'Bearer t0'} if first == 0 else {}
    cookies = [c for c in ('token=t2', 'jwt=t1') if first <= int(c[-1])]
    queries = [q for q in ('token=t4', 'jwt=t3') if first <= int(q[-1])]
    guarded.client.simulate_get(
        '/collections',
        headers={**authorization, 'Cookie': '; '.join(cookies)},
        query_string='&'.join(queries),
    )
    assert identification.asked_for() == [f'Bearer t{first}']


def test_a_refused_first_token_is_not_made_good_by_a_second(guarded: Service) -> None:
    response = guarded.client.simulate_get(
        '/collections',
        headers={'Authorization': 'Bearer unknown', 'Cookie': 'jwt=known', **ORIGIN},
    )
    _assert_error(response, 403, 'Token refused')


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE'])
@pytest.mark.parametrize(
    ('cookie', 'query'),
    [
        ('jwt=known', ''),
        ('token=known', ''),
        ('', 'jwt=known'),
        ('', 'token=known'),
    ],
)
def test_changing_needs_the_header(
    guarded: Service,
    identification: IdentificationServer,
    method: str,
    cookie: str,
    query: str,
) -> None:
    response = guarded.client.simulate_request(
        method,
        '/collections/c/images',
        headers={'Cookie': cookie, **ORIGIN},
        query_string=query,
    )
    _assert_unauthorized(response)
    assert identification.asked == []


@pytest.mark.parametrize('place', ['cookie', 'query'])
def test_snapshots_are_made_and_deleted_with_the_header_alone(
    guarded: Service, place: str
) -> None:
    headers = {'Cookie': 'jwt=known', **ORIGIN} if place == 'cookie' else ORIGIN
    query = 'jwt=known' if place == 'query' else ''
    for method, path in (('POST', 'snapshots'), ('DELETE', 'snapshots/s')):
        response = guarded.client.simulate_request(
            method, f'/collections/c/{path}', headers=headers, query_string=query
        )
        _assert_unauthorized(response)


@pytest.mark.parametrize('method', ['PATCH', 'DELETE'])
@pytest.mark.parametrize('place', ['cookie', 'query'])
def test_collections_are_described_and_deleted_with_the_header_alone(
    guarded: Service, method: str, place: str
) -> None:
    headers = {'Cookie': 'jwt=known', **ORIGIN} if place == 'cookie' else ORIGIN
    query = 'revertible=true' + ('&jwt=known' if place == 'query' else '')
    response = guarded.client.simulate_request(
        method, '/collections/c', headers=headers, query_string=query
    )
    _assert_unauthorized(response)


def test_the_service_is_asked_with_a_bearer_token(
    guarded: Service, identification: IdentificationServer
) -> None:
    guarded.client.simulate_get('/collections', headers={'Authorization': 'JWT known'})
    (request,) = identification.asked
    assert (request.command, request.path) == ('GET', '/hidden-address')
    assert request.headers['Authorization'] == 'Bearer known'


@pytest.mark.parametrize('status', [200, 201, 204])
def test_success_means_known(
    guarded: Service, identification: IdentificationServer, status: int
) -> None:
    identification.statuses['known'] = status
    assert _get(guarded).status_code == 200


@pytest.mark.parametrize('status', [300, 301, 302, 303, 307, 308])
def test_a_redirect_to_a_page_is_a_no_and_not_followed(
    guarded: Service, identification: IdentificationServer, status: int
) -> None:
    identification.statuses['known'] = status
    identification.headers = {'Location': '/page'}
    _assert_error(_get(guarded), 403, 'Token refused')
    assert [request.path for request in identification.asked] == ['/hidden-address']


@pytest.mark.parametrize('location', ['http://[', '//', 'http://a:b/', 'x:\xff', '?'])
def test_a_redirect_to_nowhere_is_a_no(
    guarded: Service, identification: IdentificationServer, location: str
) -> None:
    identification.statuses['known'] = 302
    identification.headers = {'Location': location}
    _assert_error(_get(guarded), 403, 'Token refused')


@pytest.mark.parametrize('status', [400, 401, 403, 404, 410, 418])
def test_a_client_error_means_refused(
    guarded: Service, identification: IdentificationServer, status: int
) -> None:
    identification.statuses['known'] = status
    _assert_error(_get(guarded), 403, 'Token refused')


@pytest.mark.parametrize('status', [408, 429, 500, 502, 503, 504, 599])
def test_a_failing_service_means_try_later(
    guarded: Service, identification: IdentificationServer, status: int
) -> None:
    identification.statuses['known'] = status
    _assert_unavailable(_get(guarded))


def test_a_service_that_is_down_means_try_later(
    settings: Settings, unreachable_url: str
) -> None:
    with running(
        settings, use_authentication=True, identification_url=unreachable_url
    ) as service:
        _assert_unavailable(_get(service))


@pytest.mark.parametrize(
    'answer',
    [
        b'',
        b'\r\n\r\n',
        b'\0\xff\r\n\r\n',
        b'SSH-2.0-OpenSSH_9.2\r\n',
        b'HTTP/1.1 yes OK\r\n\r\n',
        b'HTTP/1.1 20 OK\r\n\r\n',
        b'HTTP/1.1 2000 OK\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nX: ' + b'y' * 70_000 + b'\r\n\r\n',
        b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 200 + b'\r\n',
    ],
)
def test_a_service_that_hangs_up_or_talks_nonsense_means_try_later(
    guarded: Service, identification: IdentificationServer, answer: bytes
) -> None:
    identification.answer = _answer_raw(answer)
    _assert_unavailable(_get(guarded))


def test_a_service_that_answers_byte_by_byte_is_slow_too(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.answer = _answer_raw(b'HTTP/1.1 200 OK\r\n\r\n', byte_seconds=0.35)
    started = time.monotonic()
    _assert_unavailable(_get(guarded))
    assert time.monotonic() - started < SECONDS_TO_ANSWER


def test_a_slow_service_means_try_later_for_all_who_ask_at_once(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.answer = _answer_after(SECONDS_TO_ANSWER * 2)
    started = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        for response in pool.map(_get, [guarded] * 3):
            _assert_unavailable(response)
    assert time.monotonic() - started < SECONDS_TO_ANSWER


def test_a_service_that_was_away_is_asked_again(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.answer = _answer_raw(b'')
    _assert_unavailable(_get(guarded))
    identification.answer = Handler.answer
    assert _get(guarded).status_code == 200


def test_a_user_in_the_address_does_not_take_the_place_of_the_token(
    settings: Settings, identification: IdentificationServer
) -> None:
    url = identification.url.replace('//', '//user:password@')
    with running(settings, use_authentication=True, identification_url=url) as service:
        _get(service)
    assert identification.asked_for() == ['Bearer known']


def test_a_proxy_of_the_environment_is_told_no_token(
    guarded: Service, unreachable_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('http_proxy', unreachable_url)
    assert _get(guarded).status_code == 200


@pytest.mark.parametrize(
    'token',
    [
        '%0d%0aX-Injected:%20yes',
        'a%0d%0aX-Injected:%20yes',
        'a%0a',
        '%0aa',
        'a%00b',
        'a%20b',
        '%20known',
        'known%20',
        '%20',
        'a%09b',
        '%e3%83%88',
        '%ff%fe',
        '%ed%a0%80',
        '%7f',
        'a' * 100_000,
    ],
)
def test_a_hostile_token_in_the_query_is_refused_and_not_passed_on(
    guarded: Service, identification: IdentificationServer, token: str
) -> None:
    response = guarded.client.simulate_get(
        '/collections', headers=ORIGIN, query_string=f'jwt={token}'
    )
    _assert_error(response, 403, 'Token refused')
    assert 'X-Injected' not in response.headers
    assert identification.asked == []


@pytest.mark.parametrize(
    'token',
    [
        '"a\\015\\012X-Injected: yes"',
        '"a b"',
        '"\\351"',
        '\xe9',
        '\xe3\x83\x88',
        '"\\000"',
        'a' * 100_000,
    ],
)
@pytest.mark.parametrize('name', ['jwt', 'token'])
def test_a_hostile_token_in_a_cookie_is_not_passed_on(
    guarded: Service, identification: IdentificationServer, name: str, token: str
) -> None:
    response = guarded.client.simulate_get(
        '/collections', headers={'Cookie': f'{name}={token}', **ORIGIN}
    )
    assert response.status_code in (401, 403)
    assert set(response.json) == {'title', 'description'}
    assert identification.asked == []


@pytest.mark.parametrize(
    'token', ['\xe9', '\xe3\x83\x88', 'a\x00b', 'a\x7f', 'a' * 100_000]
)
def test_a_hostile_token_in_the_header_is_refused_and_not_passed_on(
    guarded: Service, identification: IdentificationServer, token: str
) -> None:
    _assert_error(_get(guarded, token), 403, 'Token refused')
    assert identification.asked == []


@pytest.mark.parametrize(
    ('query', 'cookie', 'status'),
    [
        ('a=' + 'b' * 20_000, 'jwt=known', 200),
        ('a=' + 'b' * 20_000 + '&jwt=known', '', 403),
        ('jwt=known', 'a=b; ' * 4000 + 'jwt=unknown', 200),
        ('', 'a=b; ' * 4000 + 'jwt=known', 401),
        ('a=' + 'b' * 20_000, '', 401),
    ],
)
def test_a_token_is_not_looked_for_in_what_is_very_long(
    guarded: Service, query: str, cookie: str, status: int
) -> None:
    response = guarded.client.simulate_get(
        '/collections/c/images', headers={'Cookie': cookie}, query_string=query
    )
    assert response.status_code == status


@pytest.mark.parametrize('query', ['jwt=a&jwt=b', 'jwt=a,b', 'jwt[]=a', 'jwt=%', '&&'])
def test_an_odd_query_is_no_failure(guarded: Service, query: str) -> None:
    response = guarded.client.simulate_get('/collections', query_string=query)
    assert response.status_code in (401, 403)


def test_a_yes_is_remembered(
    guarded: Service, identification: IdentificationServer
) -> None:
    assert [_get(guarded).status_code for _ in range(2)] == [200, 200]
    assert len(identification.asked) == 1


def test_a_no_is_not_remembered(
    guarded: Service, identification: IdentificationServer
) -> None:
    assert _get(guarded, 'new').status_code == 403
    identification.statuses['new'] = 200
    assert _get(guarded, 'new').status_code == 200
    assert len(identification.asked) == 2


def test_a_yes_is_for_one_token_alone(
    guarded: Service, identification: IdentificationServer
) -> None:
    assert _get(guarded).status_code == 200
    assert [_get(guarded, token).status_code for token in ('known2', 'Known')] == [
        403,
        403,
    ]


def test_simultaneous_requests_with_a_new_token_ask_once(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.answer = _answer_after(0.3)
    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(_get, [guarded] * 8))
    assert [response.status_code for response in responses] == [200] * 8
    assert len(identification.asked) == 1


def test_a_cookie_that_one_token_was_given_is_not_sent_with_the_next(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.headers = {'Set-Cookie': 'session=of-known; Path=/'}
    assert _get(guarded).status_code == 200
    assert _get(guarded, 'unknown').status_code == 403
    assert [request.headers['Cookie'] for request in identification.asked] == [
        None,
        None,
    ]


def _everything_told(response: falcon.testing.Result) -> str:
    return f'{response.status} {response.headers} {response.text}'


def _assert_nothing_leaks(text: str, identification_url: str, token: str) -> None:
    host = identification_url.split('/')[2]
    assert not [word for word in (token, host, 'hidden-address') if word in text]


@pytest.mark.parametrize('status', [200, 302, 403, 404, 429, 500])
def test_no_answer_and_no_log_tells_the_token_or_whom_we_ask(
    guarded: Service,
    identification: IdentificationServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG, logger='falcon_images')
    identification.statuses['s3cret'] = status
    identification.headers = {'Location': identification.url, 'X-Name': 's3cret'}
    told = _everything_told(_get(guarded, 's3cret'))
    logged = [r for r in caplog.records if not r.name.startswith('urllib3')]
    assert logged
    told += ''.join(caplog.handler.format(record) for record in logged)
    _assert_nothing_leaks(told, identification.url, 's3cret')


@pytest.mark.parametrize('token', ['s3cret', 's3cret%0d%0aX: y', 's3cret%ff'])
@pytest.mark.parametrize('path', ['/', '/collections', '/collections/c/images', '/x'])
def test_a_token_in_the_query_is_not_told(
    guarded: Service,
    identification: IdentificationServer,
    caplog: pytest.LogCaptureFixture,
    path: str,
    token: str,
) -> None:
    caplog.set_level(logging.DEBUG, logger='falcon_images')
    response = guarded.client.simulate_get(path, query_string=f'token={token}')
    logged = [r for r in caplog.records if not r.name.startswith('urllib3')]
    assert logged
    told = _everything_told(response)
    told += ''.join(caplog.handler.format(record) for record in logged)
    _assert_nothing_leaks(told, identification.url, 's3cret')


def test_a_failure_of_ours_does_not_log_the_query(
    guarded: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> list[str]:
        raise RuntimeError

    monkeypatch.setattr(guarded.parts.collections, 'names', fail)
    errors = io.StringIO()
    response = guarded.client.simulate_get(
        '/collections', headers=KNOWN, query_string='jwt=s3cret', wsgierrors=errors
    )
    assert response.status_code == 500
    assert 's3cret' not in errors.getvalue() + caplog.text


@pytest.fixture
def logging_as_served() -> Iterator[None]:
    levels = {
        name: logging.getLogger(name).level for name in ('urllib3', 'waitress.queue')
    }
    log_to_standard_error('text')
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.usefixtures('logging_as_served')
def test_the_log_of_a_service_that_is_down_tells_nothing(
    settings: Settings, unreachable_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with running(
        settings, use_authentication=True, identification_url=unreachable_url
    ) as service:
        told = _everything_told(_get(service, 's3cret'))
    _assert_nothing_leaks(told + caplog.text, unreachable_url, 's3cret')


@pytest.mark.usefixtures('logging_as_served')
def test_the_warnings_of_the_http_client_are_not_logged() -> None:
    assert logging.getLogger('urllib3').level == logging.ERROR


@pytest.mark.parametrize('token', ['', 'unknown', 'a' * 100_000])
def test_a_refused_upload_stores_nothing(guarded: Service, token: str) -> None:
    response = guarded.client.post_form(
        'c', IMAGE_FORM, headers={'Authorization': f'Bearer {token}'}
    )
    assert response.status_code in (401, 403)
    assert guarded.stored_files() == []
    assert guarded.database.list_collection_names() == []


def test_an_upload_during_an_outage_stores_nothing(
    guarded: Service, identification: IdentificationServer
) -> None:
    identification.statuses['known'] = 500
    response = guarded.client.post_form('c', IMAGE_FORM, headers={**KNOWN, **ORIGIN})
    _assert_unavailable(response)
    assert guarded.stored_files() == []


@pytest.mark.parametrize('token', ['', 'unknown'])
def test_a_refused_delete_deletes_nothing(guarded: Service, token: str) -> None:
    uploaded = guarded.client.post_form('c', IMAGE_FORM, headers=KNOWN)
    headers = {'Authorization': f'Bearer {token}'}
    for path in (uploaded.headers['Location'], '/collections/c'):
        response = guarded.client.simulate_delete(path, headers=headers)
        assert response.status_code in (401, 403)
    assert len(guarded.stored_files()) == 1
    assert guarded.database['c'].count_documents({}) == 1


@pytest.mark.parametrize('what', ['image', 'thumbnail'])
def test_a_file_is_cached_by_its_user_alone_with_authentication(
    guarded: Service, what: str
) -> None:
    uploaded = guarded.client.post_form('c', IMAGE_FORM, headers=KNOWN)
    path = f'{uploaded.headers["Location"]}/{what}'
    response = guarded.client.simulate_get(path, headers=KNOWN)
    expected = 'private, max-age=31536000, immutable'
    assert response.headers['Cache-Control'] == expected


def test_a_file_is_cached_by_all_without_authentication(service: Service) -> None:
    document = service.client.upload()
    response = service.client.simulate_get(
        f'/collections/c/images/{document["_id"]}/image'
    )
    expected = 'public, max-age=31536000, immutable'
    assert response.headers['Cache-Control'] == expected


def test_a_refusal_is_not_cached_as_an_image(guarded: Service) -> None:
    uploaded = guarded.client.post_form('c', IMAGE_FORM, headers=KNOWN)
    path = uploaded.headers['Location'] + '/image'
    response = guarded.client.simulate_get(path, headers=ORIGIN)
    _assert_unauthorized(response)
    assert 'Cache-Control' not in response.headers
    assert 'ETag' not in response.headers


@pytest.mark.parametrize('where', ['Cookie', 'body', 'address'])
def test_a_query_in_a_body_takes_the_token_of_authorization_alone(
    guarded: Service, where: str
) -> None:
    token = 'jwt=known&token=known'
    headers = {'Content-Type': 'application/x-www-form-urlencoded'}
    if where == 'Cookie':
        headers['Cookie'] = 'jwt=known; token=known'
    response = guarded.client.simulate_post(
        '/collections/c/images/query',
        query_string=token if where == 'address' else '',
        body=token if where == 'body' else '',
        headers=headers,
    )
    assert response.status_code == 401
    answer = guarded.client.simulate_post(
        '/collections/c/images/query', body=token, headers=headers | KNOWN
    )
    assert (answer.status_code, answer.json) == (200, [])
