"""Every row of the contract's tables, on the real database."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import bson
import falcon
import falcon.testing
import pytest

from falcon_images import __version__
from falcon_images.resources.root import public_url
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running

UNKNOWN = '0' * 24


@pytest.mark.parametrize(
    ('accept', 'status'),
    [
        ('text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 303),
        ('text/html', 303),
        ('*/*', 200),
        ('application/json', 200),
        ('application/json, text/html;q=0.9', 200),
        ('', 200),
    ],
)
def test_who_rather_takes_html_is_led_to_the_page(
    service: Service, accept: str, status: int
) -> None:
    response = service.client.simulate_get('/', headers={'Accept': accept})
    assert response.status_code == status
    assert response.headers['Vary'] == 'Accept'
    assert response.headers.get('Location') == ('/ui' if status == 303 else None)


def test_root_tells_what_the_application_is(service: Service) -> None:
    response = service.client.simulate_get('/')
    assert response.status_code == 200
    assert response.json == {
        'application_name': 'Image storage microservice',
        'version': __version__,
        'mongodb': {
            'url': public_url(service.settings.mongodb_url),
            'db': service.settings.mongodb_db,
            'connected': True,
        },
        'auth': {'enabled': False},
    }


def test_collections_are_sorted_names(service: Service) -> None:
    assert service.client.simulate_get('/collections').json == []
    for name in ('b', 'a', 'B', '日本 1', 'a.b', 'CON', 'system'):
        service.client.upload(name)
    service.database['_service.x'].insert_one({})
    response = service.client.simulate_get('/collections')
    assert response.json == sorted(['b', 'a', 'B', '日本 1', 'a.b', 'CON', 'system'])


def test_a_view_is_not_a_collection(service: Service) -> None:
    service.client.upload('c')
    service.database.command('create', 'view', viewOn='c', pipeline=[])
    assert service.client.simulate_get('/collections').json == ['c']


def test_a_collection_tells_its_size(service: Service) -> None:
    for _ in range(3):
        service.client.upload('c')
    response = service.client.simulate_get('/collections/c')
    assert response.json == {'name': 'c', 'documents': 3}


def test_an_unknown_collection_is_404(service: Service) -> None:
    for method in ('GET', 'HEAD', 'DELETE'):
        response = service.client.simulate_request(method, '/collections/c')
        assert response.status_code == 404
    assert service.client.simulate_get('/collections/c').json == {
        'title': 'Not found',
        'description': 'The collection "c" does not exist.',
    }


def test_a_collection_stays_when_its_last_image_goes(service: Service) -> None:
    image_id = service.client.upload('c')['_id']
    service.client.simulate_delete(f'/collections/c/images/{image_id}')
    response = service.client.simulate_get('/collections/c')
    assert response.json == {'name': 'c', 'documents': 0}


def test_an_upload_answers_with_the_document(service: Service) -> None:
    sent = form(('ai_prediction', 'OK'), ('image', jpeg(), 'example.jpg'))
    response = service.client.post_form('c d', sent)
    assert response.status_code == 200
    document = response.json
    assert list(document) == ['_id', 'time', 'image', '_file', 'ai_prediction']
    assert document['image'] == 'example.jpg'
    assert document['_file'] == {
        'size': len(jpeg()),
        'type': 'image/jpeg',
        'sha256': document['_file']['sha256'],
        'width': 64,
        'height': 48,
        'whole': True,
    }
    assert (
        response.headers['Location'] == f'/collections/c%20d/images/{document["_id"]}'
    )
    assert service.client.simulate_get(response.headers['Location']).json == document


def test_time_is_utc_with_milliseconds(service: Service) -> None:
    document = service.client.upload()
    stored = service.database.c.find_one()
    assert stored
    assert isinstance(stored['_id'], bson.ObjectId)
    assert document['time'] == stored['time'].isoformat(timespec='milliseconds') + 'Z'


def test_two_images_of_one_name_are_two_images(service: Service) -> None:
    contents = [jpeg(color='red'), jpeg(color='blue')]
    ids = [service.client.upload('c', content)['_id'] for content in contents]
    for image_id, content in zip(ids, contents, strict=True):
        path = f'/collections/c/images/{image_id}/image'
        assert service.client.simulate_get(path).content == content


def test_an_upload_that_is_no_form_is_415(service: Service) -> None:
    for content_type in ('image/jpeg', 'application/json', 'multipart/mixed', ''):
        response = service.client.simulate_post(
            '/collections/c/images', body=jpeg(), content_type=content_type
        )
        assert response.status_code == 415
        assert response.json['description'] == 'Send the body as multipart/form-data.'


@pytest.mark.parametrize(
    ('parts', 'status'),
    [
        ([('a', '1')], 400),
        ([('image', jpeg(), 'a'), ('image', jpeg(), 'a')], 400),
        ([('image', jpeg(), 'a'), ('_id', UNKNOWN)], 400),
        ([('image', jpeg(), 'a'), ('a.b', '1')], 400),
        ([('image', b'text', 'a.jpg')], 415),
        ([('image', jpeg(), 'a'), ('x', 'y' * 1_100_000)], 413),
    ],
)
def test_an_upload_that_is_refused_leaves_no_trace(
    service: Service, parts: Any, status: int
) -> None:
    response = service.client.post_form('c', form(*parts))
    assert response.status_code == status
    assert set(response.json) == {'title', 'description'}
    assert service.stored_files() == []
    assert service.client.simulate_get('/collections').json == []


def test_a_refused_upload_touches_no_other_image(service: Service) -> None:
    kept = service.client.upload('c', jpeg(color='blue'))
    sent = form(('image', b'x', 'a.jpg'))
    assert service.client.post_form('c', sent).status_code == 415
    path = f'/collections/c/images/{kept["_id"]}/image'
    assert service.client.simulate_get(path).content == jpeg(color='blue')
    assert len(service.stored_files()) == 1


@pytest.mark.parametrize(
    'name', ['a$b', 'system.users', '_service.x', 'a..b', '.a', 'a.', 'x' * 141, 'a\tb']
)
def test_a_name_no_collection_can_have_is_400(service: Service, name: str) -> None:
    base = f'/collections/{falcon.uri.encode_value(name)}'
    sent = form(('image', jpeg(), 'a.jpg'))
    responses = [
        service.client.simulate_get(base),
        service.client.simulate_delete(base),
        service.client.simulate_get(f'{base}/images'),
        service.client.simulate_get(f'{base}/images/{UNKNOWN}'),
        service.client.simulate_get(f'{base}/images/{UNKNOWN}/image'),
        service.client.simulate_post(
            f'{base}/images', body=sent.body, content_type=sent.content_type
        ),
    ]
    assert {response.status_code for response in responses} == {400}
    assert service.stored_files() == []


@pytest.mark.parametrize(
    'name',
    ['x' * 141, 'é' * 106, 'a\tb', 'a\ufffd'],
    ids=['long', 'longest', 'control', 'replaced'],
)
def test_a_collection_of_the_earlier_version_is_reached_by_any_name(
    service: Service, name: str
) -> None:
    key = bson.ObjectId()
    service.database[name].insert_one({'_id': key, 'image': 'a.jpg', 'label': 'OK'})
    folder = service.settings.uploads_directory / 'images' / name
    # What cannot be a file's path was none in the earlier version either.
    is_plain = '\t' not in name
    if is_plain:
        folder.mkdir(parents=True)
        (folder / 'a.jpg').write_bytes(jpeg())
    client, base = service.client, f'/collections/{quote(name)}'
    assert client.simulate_get('/collections').json == [name]
    assert client.simulate_get(base).json == {'name': name, 'documents': 1}
    path = f'{base}/images/{key}'
    assert client.simulate_get(path).json['label'] == 'OK'
    if is_plain:
        assert client.simulate_get(f'{path}/image').content == jpeg()
    assert client.simulate_get(f'{base}/fields').status_code == 200
    assert client.simulate_patch(path, json={'label': 'NG'}).status_code == 200
    changed = client.simulate_patch(f'{base}/images?label=NG', json={'n': 1})
    assert changed.json['changed'] == 1
    revert = client.simulate_post(f'{base}/changes/{changed.json["change"]}/revert')
    assert revert.json['reverted'] == 1
    sent = form(('image', jpeg(), 'a.jpg'))
    assert client.post_form(quote(name), sent).status_code == 400
    dropped = client.simulate_delete(base)
    assert (dropped.status_code, dropped.json['documents']) == (200, 1)
    assert client.simulate_get('/collections').json == []
    assert service.stored_files() == []
    left = service.database['_service.names'].count_documents({})
    assert (left, service.parts.drops.names()) == (0, {})


def test_the_files_of_a_long_name_go_when_the_drop_was_cut_off(
    service: Service,
) -> None:
    name = 'x' * (254 - len(service.database.name))
    service.database[name].insert_one({'image': 'a.jpg'})
    folder = service.settings.uploads_directory / 'images' / name
    folder.mkdir(parents=True)
    (folder / 'a.jpg').write_bytes(jpeg())
    drop = service.parts.drops.begin(name)
    assert service.parts.drops.names() == {drop.key: name}
    service.parts.drops.release(drop)
    service.parts.collections.finish_drops()
    assert (service.stored_files(), service.parts.drops.names()) == ([], {})


def test_the_longest_collection_name_can_be_dropped(service: Service) -> None:
    name = 'x' * 140
    service.client.upload(name)
    assert service.client.simulate_delete(f'/collections/{name}').json == {
        'name': name,
        'documents': 1,
    }


def test_put_replaces_all_properties(service: Service) -> None:
    document = service.client.upload(a='1', b='2')
    path = f'/collections/c/images/{document["_id"]}'
    response = service.client.simulate_put(path, json={'c': {'d': [1, None]}, 'e': 2})
    expected = {key: document[key] for key in ('_id', 'time', 'image', '_file')}
    assert response.status_code == 200
    assert response.json == {**expected, 'c': {'d': [1, None]}, 'e': 2}
    assert service.client.simulate_get(path).json == response.json


def test_put_stores_what_looks_like_an_expression_as_it_is(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    service.client.simulate_put(path, json={'a': '$time', 'b': ['$$ROOT']})
    document = service.client.simulate_get(path).json
    assert (document['a'], document['b']) == ('$time', ['$$ROOT'])


def test_patch_sets_and_keeps(service: Service) -> None:
    document = service.client.upload(a='1', b='2')
    path = f'/collections/c/images/{document["_id"]}'
    response = service.client.simulate_patch(path, json={'b': None, 'c.d': 1})
    assert response.json == {**document, 'b': None, 'c': {'d': 1}}
    response = service.client.simulate_patch(path, json={'c.e': 2})
    assert response.json['c'] == {'d': 1, 'e': 2}
    assert service.client.simulate_patch(path, json={}).json == response.json


def test_merge_patch_removes_with_null(service: Service) -> None:
    document = service.client.upload(a='1', json='{"n": {"x": 1, "y": 2}}')
    response = service.client.simulate_patch(
        f'/collections/c/images/{document["_id"]}',
        body='{"a": null, "n": {"x": null, "z": 3}}',
        content_type='application/merge-patch+json',
    )
    del document['a']
    assert response.json == {**document, 'n': {'y': 2, 'z': 3}}


@pytest.mark.parametrize(
    'content_type', ['application/json', 'application/merge-patch+json']
)
def test_a_document_that_was_read_can_be_sent_back(
    service: Service, content_type: str
) -> None:
    document = service.client.upload(a='1')
    path = f'/collections/c/images/{document["_id"]}'
    changed = {**document, '_id': 'x', 'time': None, '_file': {}, 'a': 2}
    response = service.client.simulate_patch(
        path, body=json.dumps(changed), content_type=content_type
    )
    assert response.json == {**document, 'a': 2}
    assert service.client.simulate_put(path, json=changed).json == response.json


@pytest.mark.parametrize('method', ['PUT', 'PATCH'])
@pytest.mark.parametrize(
    ('body', 'content_type', 'status'),
    [
        ('{"a": 1}', 'text/plain', 415),
        ('a=1', 'application/x-www-form-urlencoded', 415),
        ('{"a": 1}', '', 415),
        ('', 'application/json', 400),
        ('{', 'application/json', 400),
        ('[1]', 'application/json', 400),
        ('"a"', 'application/json', 400),
        ('{"$set": {"a": 1}}', 'application/json', 400),
        ('{"": 1}', 'application/json', 400),
        ('{"a": {"$where": 1}}', 'application/json', 400),
        ('{"a": {"b.c": 1}}', 'application/json', 400),
        ('{"a\\u0000": 1}', 'application/json', 400),
        ('{"a": NaN}', 'application/json', 400),
        ('{"a": ' + '9' * 400 + '}', 'application/json', 400),
        ('{"a": "\\ud800"}', 'application/json', 400),
        ('{"a": "' + 'x' * 1_100_000 + '"}', 'application/json', 413),
    ],
)
def test_a_body_that_cannot_be_stored_changes_nothing(
    service: Service, method: str, body: str, content_type: str, status: int
) -> None:
    document = service.client.upload(a='0')
    path = f'/collections/c/images/{document["_id"]}'
    response = service.client.simulate_request(
        method, path, body=body, content_type=content_type
    )
    assert response.status_code == status
    assert set(response.json) == {'title', 'description'}
    assert service.client.simulate_get(path).json == document


def test_a_dotted_name_is_refused_in_put_and_merge_patch(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    merge = 'application/merge-patch+json'
    assert service.client.simulate_put(path, json={'a.b': 1}).status_code == 400
    response = service.client.simulate_patch(
        path, body='{"a.b": 1}', content_type=merge
    )
    assert response.status_code == 400


@pytest.mark.parametrize('change', [{'a.b': 1}, {'n': 1, 'n.b': 2}, {'l.x': 1}])
def test_a_patch_that_contradicts_the_document_is_400(
    service: Service, change: dict[str, Any]
) -> None:
    document = service.client.upload(a='text', json='{"l": [1]}')
    path = f'/collections/c/images/{document["_id"]}'
    response = service.client.simulate_patch(path, json=change)
    assert response.status_code == 400
    assert 'dotted name' in response.json['description']
    assert service.client.simulate_get(path).json == document


def test_a_body_may_name_its_charset(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    response = service.client.simulate_put(
        path, body='{"é": 1}'.encode(), content_type='Application/JSON; charset=utf-8'
    )
    assert response.json['é'] == 1


@pytest.mark.parametrize('charset', ['iso-8859-1', 'utf-16', 'UTF-8'])
def test_a_body_is_text_of_its_charset(service: Service, charset: str) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    response = service.client.simulate_patch(
        path,
        body='{"é": 1}'.encode(charset),
        content_type=f'application/json; charset={charset}',
    )
    assert response.json['é'] == 1


def test_a_body_may_begin_with_a_byte_order_mark(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    for content_type in ('application/json', 'application/json; charset=utf-8'):
        response = service.client.simulate_patch(
            path, body='{"é": 1}'.encode('utf-8-sig'), content_type=content_type
        )
        assert response.json['é'] == 1


@pytest.mark.parametrize('coding', ['gzip', 'br', 'identity, gzip', 'X-GZIP', 'zstd'])
def test_a_packed_body_is_refused_by_name(service: Service, coding: str) -> None:
    document = service.client.upload()
    path = f'/collections/c/images/{document["_id"]}'
    packed = {'Content-Encoding': coding}
    body = gzip.compress(b'{"a": 2}')
    sent = form(('image', jpeg(), 'a.jpg'))
    for response in (
        service.client.simulate_patch(
            path, body=body, content_type='application/json', headers=packed
        ),
        service.client.post_form('c', sent, headers=packed),
    ):
        assert response.status_code == 415
        assert 'identity' in response.json['description']
    assert service.client.simulate_get(path).json == document


def test_a_body_that_says_it_is_not_packed_is_taken(service: Service) -> None:
    sent = form(('image', jpeg(), 'a.jpg'))
    headers = {'Content-Encoding': 'Identity'}
    assert service.client.post_form('c', sent, headers=headers).status_code == 200


def test_deleting_an_image_removes_document_and_file(service: Service) -> None:
    gone, kept = service.client.upload(), service.client.upload()
    path = f'/collections/c/images/{gone["_id"]}'
    response = service.client.simulate_delete(path)
    assert response.json == {'_id': gone['_id'], 'deletedCount': 1}
    assert service.client.simulate_get(path).status_code == 404
    assert service.client.simulate_delete(path).status_code == 404
    assert [file.stem for file in service.stored_files()] == [kept['_id']]


def test_dropping_removes_documents_and_files(service: Service) -> None:
    for _ in range(3):
        service.client.upload('c')
    kept = service.client.upload('C')
    response = service.client.simulate_delete('/collections/c')
    assert response.json == {'name': 'c', 'documents': 3}
    assert service.client.simulate_get('/collections').json == ['C']
    assert service.client.simulate_get('/collections/c/images').json == []
    assert service.client.simulate_delete('/collections/c').status_code == 404
    assert [file.stem for file in service.stored_files()] == [kept['_id']]
    names = service.database.list_collection_names()
    assert sorted(names) == ['C', '_service.drops']
    assert service.database['_service.drops'].count_documents({}) == 0


@pytest.mark.parametrize('query', ['label=NG', 'label=', 'label', 'dry_run=true'])
def test_a_collection_is_not_dropped_with_conditions(
    service: Service, query: str
) -> None:
    kept = service.client.upload(label='OK')
    answer = service.client.simulate_delete('/collections/c', query_string=query)
    assert answer.status_code == 400
    assert '/collections/c/images' in answer.json['description']
    assert service.client.simulate_get('/collections/c/images').json == [kept]


def test_a_dropped_name_is_free_at_once(service: Service) -> None:
    service.client.upload('c')
    service.client.simulate_delete('/collections/c')
    document = service.client.upload('c')
    assert service.client.simulate_get('/collections/c/images').json == [document]
    assert len(list(service.database.c.list_indexes())) == 4


@pytest.mark.parametrize('rest', ['', '/info', '/image', '/file'])
@pytest.mark.parametrize(
    ('image_id', 'status'),
    [(UNKNOWN, 404), ('x', 400), ('0' * 23, 400), ('0' * 25, 400), ('g' * 24, 400)],
)
def test_an_unknown_id_is_404_and_a_wrong_one_400(
    service: Service, rest: str, image_id: str, status: int
) -> None:
    service.client.upload('c')
    for collection_name in ('c', 'unknown'):
        path = f'/collections/{collection_name}/images/{image_id}{rest}'
        response = service.client.simulate_get(path)
        assert response.status_code == status
        assert set(response.json) == {'title', 'description'}


@pytest.mark.parametrize('method', ['PUT', 'PATCH', 'DELETE'])
@pytest.mark.parametrize(('image_id', 'status'), [(UNKNOWN, 404), ('x', 400)])
def test_changing_an_image_that_is_not_there_creates_nothing(
    service: Service, method: str, image_id: str, status: int
) -> None:
    path = f'/collections/c/images/{image_id}'
    response = service.client.simulate_request(method, path, json={'a': 1})
    assert response.status_code == status
    assert service.client.simulate_get('/collections').json == []


def test_an_id_may_be_written_in_capitals(service: Service) -> None:
    document = service.client.upload()
    path = f'/collections/c/images/{document["_id"].upper()}'
    assert service.client.simulate_get(path).json == document
    assert service.client.simulate_get(f'{path}/image').content == jpeg()
    response = service.client.simulate_delete(path)
    assert response.json == {'_id': document['_id'], 'deletedCount': 1}
    assert service.stored_files() == []


@pytest.mark.parametrize('word', ['images', 'documents', 'items'])
@pytest.mark.parametrize('slash', ['', '/'])
def test_aliases_and_trailing_slashes_work(
    service: Service, word: str, slash: str
) -> None:
    document = service.client.upload()
    base = f'/collections/c/{word}'
    one = f'{base}/{document["_id"]}'
    client = service.client
    assert client.simulate_get(base + slash).json == [document]
    for path in (one, f'{one}/info'):
        assert client.simulate_get(path + slash).json == document
        assert client.simulate_patch(path + slash, json={}).json == document
    for path in (f'{one}/image', f'{one}/file'):
        assert client.simulate_get(path + slash).content == jpeg()
    assert client.simulate_delete(f'{one}/info{slash}').status_code == 200


def test_head_is_wherever_get_is(service: Service) -> None:
    document = service.client.upload()
    one = f'/collections/c/images/{document["_id"]}'
    for path in (
        *('/', '/health/live', '/health/ready', '/collections', '/collections/c'),
        *('/collections/c/images', one, f'{one}/image'),
    ):
        got = service.client.simulate_get(path)
        head = service.client.simulate_head(path)
        assert (head.status_code, head.content) == (got.status_code, b'')
        assert head.headers['Content-Type'] == got.headers['Content-Type']


@pytest.mark.parametrize(
    ('method', 'path', 'allow'),
    [
        ('POST', '/', 'GET, HEAD, OPTIONS'),
        ('POST', '/collections', 'GET, HEAD, OPTIONS'),
        ('PUT', '/collections/c', 'DELETE, GET, HEAD, OPTIONS'),
        ('PUT', '/collections/c/images', 'DELETE, GET, HEAD, PATCH, POST, OPTIONS'),
        ('POST', f'/collections/c/images/{UNKNOWN}', 'DELETE, GET, HEAD, PATCH, PUT'),
        ('PUT', f'/collections/c/images/{UNKNOWN}/image', 'GET, HEAD, OPTIONS'),
    ],
)
def test_a_wrong_method_is_405_with_allow(
    service: Service, method: str, path: str, allow: str
) -> None:
    response = service.client.simulate_request(method, path)
    assert response.status_code == 405
    assert set(allow.split(', ')) <= set(response.headers['Allow'].split(', '))
    assert 'Allow' in response.json['description']


@pytest.mark.parametrize(
    'path',
    ['/x', '/collections/c/x', '/collections/a/b/c', '/collections/c/images/1/x'],
)
def test_an_unknown_route_is_404(service: Service, path: str) -> None:
    response = service.client.simulate_get(path, headers={'Accept': 'application/xml'})
    assert response.status_code == 404
    assert response.headers['Content-Type'] == 'application/json'
    assert response.json['description']


def test_a_preflight_allows_every_method_and_the_headers_asked_for(
    service: Service,
) -> None:
    response = service.client.simulate_options(
        f'/collections/c/images/{UNKNOWN}',
        headers={
            'Origin': 'http://elsewhere',
            'Access-Control-Request-Method': 'PATCH',
            'Access-Control-Request-Headers': 'authorization, x-mine',
        },
    )
    assert response.status_code == 200
    headers = response.headers
    assert headers['Access-Control-Allow-Origin'] == '*'
    assert headers['Access-Control-Allow-Headers'] == 'authorization, x-mine'
    allowed = set(headers['Access-Control-Allow-Methods'].split(', '))
    assert allowed >= {'GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'}


@pytest.mark.parametrize('path', ['/', '/x', f'/collections/c/images/{UNKNOWN}'])
def test_answers_and_errors_carry_the_cors_headers(service: Service, path: str) -> None:
    response = service.client.simulate_get(path, headers={'Origin': 'http://else'})
    assert response.headers['Access-Control-Allow-Origin'] == '*'
    exposed = set(response.headers['Access-Control-Expose-Headers'].split(', '))
    assert exposed == {
        'Content-Disposition',
        'ETag',
        'Link',
        'Location',
        'X-Change',
        'X-Ignored-Parameters',
        'X-Next-Cursor',
        'X-Thumbnail',
        'X-Total-Count',
        'X-Total-Count-At-Least',
    }


def test_health_tells_that_all_is_well(service: Service) -> None:
    assert service.client.simulate_get('/health/live').json == {'status': 'live'}
    assert service.client.simulate_get('/health/ready').json == {
        'status': 'ready',
        'database': 'ok',
        'store': 'ok',
    }


def test_a_request_id_is_echoed_if_it_is_plain(service: Service) -> None:
    def echoed(request_id: str) -> str:
        headers = {'X-Request-ID': request_id}
        response = service.client.simulate_get('/', headers=headers)
        return response.headers['X-Request-ID']

    assert echoed('camera-7.1') == 'camera-7.1'
    for odd in ('a b', 'x' * 129, 'é', '<script>', ''):
        assert len(echoed(odd)) == 32


def test_a_request_is_logged_in_one_line_without_its_query(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level('INFO', 'falcon_images')
    service.client.simulate_get(
        '/collections/a%0Ab/images?token=secret',
        headers={'X-Request-ID': 'r1', 'Authorization': 'Bearer hidden'},
    )
    (record,) = caplog.records
    line = record.getMessage()
    assert line.startswith('GET /collections/a%0Ab/images 400 ')
    assert line.endswith(' bytes r1')
    assert 'secret' not in line
    assert 'hidden' not in line


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        ('mongodb://user:pass@db:27017/x?authSource=admin', 'mongodb://db:27017'),
        ('mongodb+srv://user:p%40ss@db.example', 'mongodb+srv://db.example'),
        ('mongodb://u:p@a,b:1/?tlsCertificateKeyFilePassword=x', 'mongodb://a,b:1'),
        ('mongodb://%2Ftmp%2Fmongo.sock', 'mongodb://localhost'),
        ('mongodb://u:p@db?x=secret', 'mongodb://db'),
    ],
)
def test_the_url_is_shown_without_secrets(value: str, text: str) -> None:
    assert public_url(value) == text


def test_values_come_back_as_they_were_sent(service: Service) -> None:
    sent = {
        'int': 1,
        'large': 2**63 - 1,
        'small': -(2**63),
        'float': 1.0,
        'tiny': 5e-324,
        'text': 'é日本😀\0\n"\\',
        'null': None,
        'list': [1, 'a', [None], {}],
        'object': {'deep': {'er': [True, False]}},
        'é 日': '2022-03-01',
    }
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    assert service.client.simulate_put(path, json=sent).status_code == 200
    read = service.client.simulate_get(path)
    for system_field in ('_id', 'time', 'image', '_file'):
        read.json.pop(system_field)
    got = {key: read.json[key] for key in sent}
    assert got == sent
    assert '"float":1.0' in read.text
    assert isinstance(got['int'], int)


def test_a_service_without_its_database_says_so_quickly(service: Service) -> None:
    url = 'mongodb://127.0.0.1:1'
    with running(service.settings, mongodb_url=url) as away:
        client = away.client
        root = client.simulate_get('/')
        assert root.status_code == 200
        assert root.json['mongodb']['connected'] is False
        ready = client.simulate_get('/health/ready')
        assert ready.status_code == 503
        assert ready.json['title'] == 'Not ready'
        assert ready.headers['Retry-After']
        assert 'database does not answer' in ready.json['database']
        response = client.post_form('c', form(('image', jpeg(), 'a.jpg')))
        assert response.status_code == 503
        assert int(response.headers['Retry-After']) > 0
        assert away.stored_files() == []


def test_a_document_never_gets_deeper_than_can_be_sent_back(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    deep = '.'.join('a' * 32)
    for body in ({f'{deep}.a': 1}, {deep: {'b': 1}}, {deep: [1]}):
        assert service.client.simulate_patch(path, json=body).status_code == 400
    document = service.client.simulate_patch(path, json={deep: 1}).json
    assert service.client.simulate_put(path, json=document).json == document


def test_an_index_far_beyond_a_list_is_400(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    service.client.simulate_patch(path, json={'list': [1]})
    response = service.client.simulate_patch(path, json={'list.99999999': 1})
    assert response.status_code == 400


def test_a_name_with_an_ideographic_space_is_a_name(service: Service) -> None:
    service.client.upload('日本\u3000語')
    assert service.client.simulate_get('/collections').json == ['日本\u3000語']
