"""A retry makes no second image: idempotency keys, digests, images that are there."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import falcon.testing
import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from tests.support.pictures import jpeg
from tests.support.service import Form, Service, form, running

IMAGE = ('image', jpeg(), 'a.jpg')


def post(
    service: Service,
    key: str | None = 'k1',
    sent: Form | None = None,
    collection_name: str = 'c',
    **headers: str,
) -> falcon.testing.Result:
    if key is not None:
        headers['Idempotency-Key'] = key
    return service.client.post_form(
        collection_name, sent or form(('a', '1'), IMAGE), headers=headers
    )


def count(service: Service) -> tuple[int, int]:
    return service.database.c.count_documents({}), len(service.stored_files())


def test_a_retry_is_answered_with_the_first_document(service: Service) -> None:
    first = post(service)
    assert first.status_code == 200
    assert 'Idempotency-Replayed' not in first.headers
    for _ in range(3):
        again = post(service)
        assert again.status_code == 200
        assert again.json == first.json
        assert again.headers['Idempotency-Replayed'] == 'true'
        assert again.headers['Location'] == first.headers['Location']
    assert count(service) == (1, 1)


def test_the_order_of_fields_makes_no_other_upload(service: Service) -> None:
    typed = ('json', '{"x": {"p": 1, "q": [1, 2]}, "y": 2}')
    again = ('json', '{"y": 2, "x": {"q": [1, 2], "p": 1}}')
    first = post(service, sent=form(('a', '1'), ('b', '2'), typed, IMAGE))
    for sent in (
        form(('b', '2'), ('a', '1'), typed, IMAGE),
        form(IMAGE, again, ('b', '2'), ('a', '1')),
    ):
        response = post(service, sent=sent)
        assert response.json == first.json
        assert response.headers['Idempotency-Replayed'] == 'true'
    assert count(service) == (1, 1)


def test_the_order_within_a_list_makes_another_upload(service: Service) -> None:
    post(service, sent=form(('a', '1'), ('a', '2'), IMAGE))
    response = post(service, sent=form(('a', '2'), ('a', '1'), IMAGE))
    assert response.status_code == 422


def test_a_retry_is_known_by_the_digest_of_version_1(service: Service) -> None:
    sent = form(('b', '2'), ('a', '1'), IMAGE)
    first = post(service, sent=sent)
    of_version_1 = json.dumps(
        [hashlib.sha256(jpeg()).hexdigest(), 'a.jpg', {'b': '2', 'a': '1'}],
        separators=(',', ':'),
    )
    service.database.c.update_one(
        {},
        {
            '$set': {
                '_file.upload.digest': hashlib.sha256(of_version_1.encode()).hexdigest()
            }
        },
    )
    assert post(service, sent=sent).json == first.json
    assert count(service) == (1, 1)


def test_the_key_is_shown_nowhere(service: Service) -> None:
    document = post(service).json
    public = {'size', 'type', 'sha256', 'width', 'height', 'whole'}
    assert set(document['_file']) == public
    path = f'/collections/c/images/{document["_id"]}'
    client = service.client
    merged = client.simulate_patch(
        path, body='{"b": 1}', content_type='application/merge-patch+json'
    )
    for answer in (
        merged,
        client.simulate_get(path),
        client.simulate_patch(path, json={'b': 2}),
        client.simulate_put(path, json={'b': 3}),
    ):
        assert answer.json['_file'] == document['_file']
    listed = client.simulate_get('/collections/c/images').json
    assert listed[0]['_file'] == document['_file']


def test_a_key_survives_changes_of_the_document(service: Service) -> None:
    document = post(service).json
    path = f'/collections/c/images/{document["_id"]}'
    changed = service.client.simulate_put(path, json={'label': 'NG'}).json
    assert post(service).json == changed
    assert count(service) == (1, 1)


@pytest.mark.parametrize(
    'sent',
    [
        form(('a', '2'), IMAGE),
        form(IMAGE),
        form(('a', '1'), ('image', jpeg(), 'b.jpg')),
        form(('a', '1'), ('image', jpeg(color='blue'), 'a.jpg')),
        form(('json', '{"a": 1}'), IMAGE),
    ],
)
def test_a_key_with_another_upload_is_422(service: Service, sent: Form) -> None:
    first = post(service)
    response = post(service, sent=sent)
    assert response.status_code == 422
    assert 'Idempotency-Key' in response.json['description']
    assert count(service) == (1, 1)
    assert post(service).json == first.json


def test_parallel_retries_make_one_image(service: Service) -> None:
    with ThreadPoolExecutor(16) as pool:
        responses = list(pool.map(lambda _: post(service), range(32)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.json['_id'] for response in responses}) == 1
    replayed = ['Idempotency-Replayed' in response.headers for response in responses]
    assert replayed.count(False) == 1
    assert count(service) == (1, 1)


def test_a_retry_after_an_insert_that_was_not_heard_of_finds_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Collection.insert_one

    def insert_and_fail(*args: Any, **kwargs: Any) -> None:
        insert(*args, **kwargs)
        raise pymongo_errors.NetworkTimeout('no answer')

    with monkeypatch.context() as patch:
        patch.setattr(Collection, 'insert_one', insert_and_fail)
        assert post(service).status_code == 503
    again = post(service)
    assert again.status_code == 200
    assert again.headers['Idempotency-Replayed'] == 'true'
    assert count(service) == (1, 1)


def test_a_key_is_remembered_by_another_process(service: Service) -> None:
    first = post(service)
    with running(service.settings) as other:
        assert post(other).json == first.json
        assert count(other) == (1, 1)


def test_keys_are_of_a_collection(service: Service) -> None:
    first, second = post(service), post(service, collection_name='d')
    assert first.json['_id'] != second.json['_id']


def test_uploads_without_a_key_are_not_compared(service: Service) -> None:
    for _ in range(2):
        assert post(service, key=None).status_code == 200
    assert count(service) == (2, 2)


def test_a_key_can_be_used_again_when_its_image_was_deleted(service: Service) -> None:
    document = post(service).json
    service.client.simulate_delete(f'/collections/c/images/{document["_id"]}')
    again = post(service)
    assert again.status_code == 200
    assert again.json['_id'] != document['_id']


@pytest.mark.parametrize('key', ['', 'x' * 256, 'é'])
def test_a_key_that_is_none_is_400(service: Service, key: str) -> None:
    assert post(service, key=key).status_code == 400
    assert service.client.simulate_get('/collections').json == []


def test_a_refused_upload_does_not_use_its_key_up(service: Service) -> None:
    refused = post(service, sent=form(('image', b'text', 'a.jpg')))
    assert refused.status_code == 415
    assert service.client.simulate_get('/collections').json == []
    assert post(service).status_code == 200


def test_keys_work_in_a_collection_of_the_earlier_version(service: Service) -> None:
    service.database.c.insert_many({'image': 'a.jpg'} for _ in range(3))
    assert post(service).json['_id'] == post(service).json['_id']
    assert service.database.c.count_documents({}) == 4


def test_dedupe_gives_the_image_that_is_there(service: Service) -> None:
    first = service.client.upload('c')
    other = service.client.upload('c', jpeg(color='blue'))
    for content, document in ((jpeg(), first), (jpeg(color='blue'), other)):
        sent = form(('image', content, 'again.jpg'))
        answer = service.client.post_form('c', sent, params={'dedupe': 'true'})
        assert answer.status_code == 200
        assert answer.json == document
    assert count(service) == (2, 2)
    elsewhere = service.client.post_form('d', form(IMAGE), params={'dedupe': 'true'})
    assert elsewhere.json['_id'] != first['_id']


def base64_of(algorithm: str, content: bytes) -> str:
    return base64.b64encode(hashlib.new(algorithm, content).digest()).decode()


BODY = form(IMAGE).body


@pytest.mark.parametrize('content', [BODY, jpeg()], ids=['body', 'image'])
@pytest.mark.parametrize('name', ['Content-Digest', 'Repr-Digest'])
def test_digests_that_hold_are_accepted(
    service: Service, name: str, content: bytes
) -> None:
    value = (
        f'sha-256=:{base64_of("sha256", content)}:, '
        f'sha-512=:{base64_of("sha512", content)}:, unknown=:AAAA:'
    )
    response = post(service, None, form(IMAGE), **{name: value})
    assert response.status_code == 200


def test_content_md5_is_checked(service: Service) -> None:
    good = {'Content-MD5': base64_of('md5', BODY)}
    bad = {'Content-MD5': base64_of('md5', b'other')}
    assert post(service, None, form(IMAGE), **good).status_code == 200
    response = post(service, None, form(IMAGE), **bad)
    assert response.status_code == 400
    assert 'Content-MD5' in response.json['description']


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('Content-Digest', f'sha-256=:{base64_of("sha256", b"other")}:'),
        ('Repr-Digest', f'sha-512=:{base64_of("sha512", b"other")}:'),
        (
            'Content-Digest',
            f'sha-256=:{base64_of("sha256", BODY)}:, sha-512=:AAAA:',
        ),
        ('Content-Digest', 'sha-256=abc'),
        ('Content-Digest', 'sha-256=:***:'),
        ('Repr-Digest', 'nonsense'),
        ('Content-MD5', '***'),
        ('Content-MD5', ''.join('x' for _ in range(5))),
    ],
)
def test_a_digest_of_other_bytes_leaves_nothing(
    service: Service, name: str, value: str
) -> None:
    response = post(service, None, form(IMAGE), **{name: value})
    assert response.status_code == 400
    assert name in response.json['description']
    assert service.stored_files() == []
    assert service.client.simulate_get('/collections').json == []


def test_the_field_sha256_is_checked(service: Service) -> None:
    digest = hashlib.sha256(jpeg()).hexdigest()
    for given in (digest, digest.upper()):
        sent = form(('sha256', given), IMAGE)
        assert service.client.post_form('c', sent).status_code == 200
    for given in (digest[:-1] + 'x', 'x', '', digest[:-1]):
        sent = form(IMAGE, ('sha256', given))
        response = service.client.post_form('d', sent)
        assert response.status_code == 400
        assert 'sha256' in response.json['description']
    assert service.client.simulate_get('/collections').json == ['c']
