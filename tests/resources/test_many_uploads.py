"""Several images in one request: each is told for itself; a bad form stores none."""

import base64
import errno
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import falcon.testing
import pymongo.errors
import pytest
from pymongo.collection import Collection

from falcon_images.settings import Settings
from tests.support.pictures import jpeg
from tests.support.service import Form, Service, form, running

IMAGES = '/collections/c/images'
PICTURES = [jpeg(color=color) for color in ('red', 'green', 'blue')]
BYTES = [('image', content, f'{n}.jpg') for n, content in enumerate(PICTURES)]
KEY = {'Idempotency-Key': 'k'}


def send(
    service: Service, *parts: Any, params: Any = None, **headers: str
) -> falcon.testing.Result:
    query = {'multiple': 'true', **(params or {})}
    return service.client.post_form('c', form(*parts), params=query, headers=headers)


def with_properties(*objects: Any, parts: Any = BYTES) -> list[Any]:
    return [*parts, ('properties', json.dumps(objects))]


def statuses(answer: falcon.testing.Result) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [each['status'] for each in answer.json]


def names(service: Service) -> list[str]:
    found = service.client.simulate_get(IMAGES, params={'sort': 'image'}).json
    return [each['image'] for each in found]


def test_each_image_is_stored_with_its_own_properties(service: Service) -> None:
    answer = send(service, *with_properties({'n': 1}, {}, {'n': [2.5]}))
    assert statuses(answer) == [200, 200, 200]
    assert [set(each) for each in answer.json] == [{'status', 'document'}] * 3
    documents = [each['document'] for each in answer.json]
    assert [each.get('n') for each in documents] == [1, None, [2.5]]
    for number, document in enumerate(documents):
        path = f'{IMAGES}/{document["_id"]}'
        assert service.client.simulate_get(path).json == document
        assert service.client.simulate_get(f'{path}/image').content == PICTURES[number]
        assert document['image'] == f'{number}.jpg'
        assert (
            document['_file']['sha256'] == hashlib.sha256(PICTURES[number]).hexdigest()
        )
    assert 'Location' not in answer.headers
    assert not list((service.settings.uploads_directory / 'incoming').rglob('*.part'))


def test_other_fields_are_of_all_images(service: Service) -> None:
    fields = [('work', 'w'), ('json', '{"score": 1, "n": 0}')]
    answer = send(service, *fields, *with_properties({'n': 1}, {'work': 'v'}, {}))
    assert statuses(answer) == [200, 200, 200]
    found = [
        (each['document']['work'], each['document']['score'], each['document']['n'])
        for each in answer.json
    ]
    assert found == [('w', 1, 1), ('v', 1, 0), ('w', 1, 0)]


def test_one_image_is_an_array_of_one(service: Service) -> None:
    assert statuses(send(service, BYTES[0])) == [200]


def test_what_is_wrong_with_one_image_is_told_of_that_one(settings: Settings) -> None:
    parts = [
        BYTES[0],
        ('image', b'no image', 'x.txt'),
        ('image', b'', ''),
        ('image', b'\xff\xd8\xff' + b'x' * 5000, 'large.jpg'),
        BYTES[1],
        BYTES[2],
    ]
    own = [{}, {}, {}, {}, {'_id': 'x'}, {'a.b': 1}]
    with running(settings, max_image_bytes=4000) as service:
        answer = send(service, *with_properties(*own, parts=[*parts, BYTES[0]][:6]))
        assert statuses(answer) == [200, 415, 415, 413, 400, 400]
        for each in answer.json[1:]:
            assert set(each) == {'status', 'title', 'description'}
            assert each['description'].endswith(('.', ').'))
        assert 'MAX_IMAGE_BYTES' in answer.json[3]['description']
        assert names(service) == ['0.jpg']
        assert len(service.stored_files()) == 1


@pytest.mark.parametrize(
    ('parts', 'word'),
    [
        ([], 'image'),
        ([('a', '1')], 'image'),
        ([*BYTES, ('properties', '[{}]')], '3'),
        ([*BYTES, ('properties', '{}')], 'array'),
        ([*BYTES, ('properties', '[{}, 1, {}]')], 'array'),
        ([*BYTES, ('properties', '[{}, {}, {')], 'JSON'),
        ([BYTES[0], ('properties', '[{}]'), ('properties', '[{}]')], 'second'),
        ([*BYTES, ('file', b'x', 'x.jpg')], 'file part'),
        ([*BYTES, ('image', 'x')], 'file name'),
        ([*BYTES, ('_id', 'x')], '_id'),
        ([*BYTES, ('sha256', 'x')], '3'),
        ([*BYTES, ('image', b'x', 'n' * 2000)], 'MAX_NAME_BYTES'),
    ],
)
def test_a_form_that_cannot_be_read_stores_nothing(
    service: Service, parts: list[Any], word: str
) -> None:
    answer = send(service, *parts)
    assert answer.status_code == 400
    assert word in answer.json['description']
    assert service.stored_files() == []
    assert service.client.simulate_get('/collections').json == []


@pytest.mark.parametrize('cut', [10, 200, 500])
def test_a_form_that_is_cut_off_stores_nothing(service: Service, cut: int) -> None:
    whole = form(*with_properties({}, {}, {}))
    sent = Form(whole.body[:-cut], whole.content_type)
    answer = service.client.post_form('c', sent, params={'multiple': 'true'})
    assert answer.status_code == 400
    assert 'too early' in answer.json['description']
    assert service.stored_files() == []
    assert service.client.simulate_get('/collections').json == []


def test_the_most_parts_and_properties_hold(settings: Settings) -> None:
    with running(settings, max_parts=3, max_properties_bytes=100) as service:
        assert statuses(send(service, *BYTES)) == [200, 200, 200]
        assert send(service, *BYTES, ('a', '1')).status_code == 400
        assert send(service, *BYTES[:2], ('a', 'x' * 30)).status_code == 200
        answer = send(service, *BYTES[:2], ('a', 'x' * 60))
        assert answer.status_code == 413
        assert 'MAX_PROPERTIES_BYTES' in answer.json['description']
        assert len(names(service)) == 5


def test_without_the_word_a_second_image_is_refused(service: Service) -> None:
    for params in ({}, {'multiple': 'false'}):
        answer = service.client.post_form('c', form(*BYTES), params=params)
        assert answer.status_code == 400
    document = service.client.upload(properties='[{}]')
    assert document['properties'] == '[{}]'


def test_a_retry_stores_nothing_twice(service: Service) -> None:
    sent = with_properties({'n': 1}, {'n': 2}, {'n': 3})
    first = send(service, *sent, **KEY)
    again = send(service, *sent, **KEY)
    assert (again.status_code, again.json) == (200, first.json)
    assert again.headers['Idempotency-Replayed'] == 'true'
    assert 'Idempotency-Replayed' not in first.headers
    assert names(service) == ['0.jpg', '1.jpg', '2.jpg']
    assert len(service.stored_files()) == 3


def test_a_retry_stores_what_the_first_did_not(service: Service) -> None:
    bad = ('image', b'no image', '1.jpg')
    first = send(service, BYTES[0], bad, BYTES[2], **KEY)
    assert statuses(first) == [200, 415, 200]
    again = send(service, *BYTES, **KEY)
    assert statuses(again) == [200, 200, 200]
    assert [again.json[0], again.json[2]] == [first.json[0], first.json[2]]
    assert 'Idempotency-Replayed' not in again.headers
    assert names(service) == ['0.jpg', '1.jpg', '2.jpg']


def test_another_image_in_the_place_of_one_is_422(service: Service) -> None:
    send(service, *BYTES, **KEY)
    other = send(service, BYTES[0], BYTES[2], BYTES[2], **KEY)
    assert statuses(other) == [200, 422, 200]
    assert names(service) == ['0.jpg', '1.jpg', '2.jpg']


def test_the_key_is_shown_nowhere_and_is_none_of_a_single_upload(
    service: Service,
) -> None:
    answer = send(service, *BYTES, **KEY)
    assert 'upload' not in answer.text
    alone = service.client.post_form('c', form(BYTES[1]), headers=KEY)
    assert alone.status_code == 200
    assert 'Idempotency-Replayed' not in alone.headers
    kept = {each['_file']['upload']['key'] for each in service.database.c.find()}
    assert kept == {'k', 'k\n0', 'k\n1', 'k\n2'}


def test_parallel_retries_store_each_image_once(service: Service) -> None:
    sent = with_properties({'n': 1}, {'n': 2}, {'n': 3})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(service, *sent, **KEY), range(4)))
    assert [statuses(each) for each in answers] == [[200, 200, 200]] * 4
    assert all(each.json == answers[0].json for each in answers)
    assert len(names(service)) == 3


def test_dedupe_is_of_each_image(service: Service) -> None:
    there = service.client.upload(image=PICTURES[1])
    answer = send(service, *BYTES, BYTES[0], params={'dedupe': 'true'})
    assert statuses(answer) == [200] * 4
    documents = [each['document'] for each in answer.json]
    assert documents[1] == there
    assert documents[3] == documents[0]
    assert len(names(service)) == 3


@pytest.mark.parametrize('way', ['disk', 'database'])
def test_what_was_stored_before_a_failure_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    insert_one, fsync, calls = Collection.insert_one, os.fsync, [0]

    def fail_insert(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[0] += self.name == 'c'
        if self.name == 'c' and calls[0] == 2:
            raise pymongo.errors.ServerSelectionTimeoutError('gone')
        return insert_one(self, *args, **kwargs)

    def fail_sync(descriptor: int) -> None:
        is_part = os.fstat(descriptor).st_size in map(len, PICTURES)
        calls[0] += is_part
        if is_part and calls[0] == 2:
            raise OSError(errno.ENOSPC, 'full')
        fsync(descriptor)

    with monkeypatch.context() as patch:
        if way == 'disk':
            patch.setattr(os, 'fsync', fail_sync)
        else:
            patch.setattr(Collection, 'insert_one', fail_insert)
        answer = send(service, *BYTES, **KEY)
    status = 507 if way == 'disk' else 503
    assert statuses(answer) == [200, status, status]
    assert 'not tried' in answer.json[2]['description']
    assert names(service) == ['0.jpg']
    assert len(service.stored_files()) == 1
    assert statuses(send(service, *BYTES, **KEY)) == [200, 200, 200]
    assert names(service) == ['0.jpg', '1.jpg', '2.jpg']


def test_an_image_that_fails_in_an_unknown_way_does_not_hide_the_others(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert_one, calls = Collection.insert_one, [0]

    def fail(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls[0] += self.name == 'c'
        if self.name == 'c' and calls[0] == 2:
            raise ZeroDivisionError
        return insert_one(self, *args, **kwargs)

    monkeypatch.setattr(Collection, 'insert_one', fail)
    answer = send(service, *BYTES)
    assert statuses(answer) == [200, 500, 200]
    assert 'ZeroDivisionError' not in answer.text


def test_digests_are_of_the_body_or_of_each_image(service: Service) -> None:
    sha256s = [hashlib.sha256(content).hexdigest() for content in PICTURES]
    fields = [('sha256', each) for each in sha256s]
    assert statuses(send(service, *fields, *BYTES)) == [200, 200, 200]
    fields[1] = fields[0]
    answer = send(service, *fields, *BYTES)
    assert statuses(answer) == [200, 400, 200]
    assert 'sha256' in answer.json[1]['description']
    for content, status in ((form(*BYTES).body, 200), (b'', 400), (PICTURES[0], 400)):
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = {'Content-Digest': f'sha-256=:{digest}:'}
        assert send(service, *BYTES, **headers).status_code == status
    assert len(names(service)) == 8


def test_a_name_that_no_collection_can_have_refuses_all(service: Service) -> None:
    answer = service.client.post_form('a$b', form(*BYTES), params={'multiple': 'true'})
    assert answer.status_code == 400
    assert isinstance(answer.json, dict)
    assert service.stored_files() == []


def test_many_images_need_few_open_files(service: Service) -> None:
    resource = pytest.importorskip('resource')
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = Path('/proc/self/fd')
    used = len(list(opened.iterdir())) if opened.exists() else 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 60, limits[1]))
    try:
        answer = send(service, *(BYTES[n % 3] for n in range(150)))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert statuses(answer) == [200] * 150


def test_each_image_is_counted(service: Service) -> None:
    def count() -> float:
        text = service.client.simulate_get('/metrics').text
        (line,) = (
            each
            for each in text.splitlines()
            if each.startswith('falcon_images_images_stored_total')
        )
        return float(line.split()[-1])

    before = count()
    send(service, *BYTES)
    assert count() == before + 3
