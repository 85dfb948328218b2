"""Entity tags of documents: nobody overwrites what they have not seen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.pictures import jpeg
from tests.support.service import Service, form

MERGE = 'application/merge-patch+json'


@pytest.fixture
def path(service: Service) -> str:
    return f'/collections/c/images/{service.client.upload(a="1")["_id"]}'


def tag_of(service: Service, path: str) -> str:
    tag: str = service.client.simulate_get(path).headers['ETag']
    return tag


def change(
    service: Service, method: str, path: str, tag: str, header: str = 'If-Match'
) -> Any:
    kind, _, content_type = method.partition(' ')
    return service.client.simulate_request(
        kind,
        path,
        body='{"b": 2}',
        content_type=content_type or 'application/json',
        headers={header: tag},
    )


def test_a_tag_changes_with_the_document_alone(service: Service, path: str) -> None:
    first = tag_of(service, path)
    assert first.startswith('"')
    assert tag_of(service, path) == first
    answer = service.client.simulate_patch(path, json={'a': 2})
    assert answer.headers['ETag'] == tag_of(service, path) != first
    answer = service.client.simulate_put(path, json={'a': '1'})
    assert answer.headers['ETag'] == tag_of(service, path) == first


def test_an_upload_tells_the_tag(service: Service) -> None:
    answer = service.client.post_form('c', form(('image', jpeg(), 'a.jpg')))
    assert answer.headers['ETag'] == tag_of(service, answer.headers['Location'])


def test_a_document_that_the_client_has_is_304(service: Service, path: str) -> None:
    tag = tag_of(service, path)
    for given in (tag, f'"x", {tag}', f'W/{tag}', '*'):
        answer = service.client.simulate_get(path, headers={'If-None-Match': given})
        assert (answer.status_code, answer.content) == (304, b'')
        assert answer.headers['ETag'] == tag
    answer = service.client.simulate_get(path, headers={'If-None-Match': '"x"'})
    assert answer.status_code == 200


METHODS = ['PUT', 'PATCH', f'PATCH {MERGE}', 'DELETE']


@pytest.mark.parametrize('method', METHODS)
def test_a_change_of_what_was_read_is_done(
    service: Service, path: str, method: str
) -> None:
    tag = tag_of(service, path)
    assert change(service, method, path, f'"x", {tag}').status_code == 200


@pytest.mark.parametrize('method', METHODS)
def test_a_change_of_what_is_not_there_leaves_what_is(
    service: Service, path: str, method: str
) -> None:
    tag = tag_of(service, path)
    for given in ('*', tag, f'"x", W/{tag}'):
        answer = change(service, method, path, given, 'If-None-Match')
        assert (answer.status_code, tag_of(service, path)) == (412, tag)
    gone = path[:-24] + '0' * 24
    assert change(service, method, gone, '*', 'If-None-Match').status_code == 404
    assert change(service, method, path, '"x"', 'If-None-Match').status_code == 200


def test_a_collection_is_dropped_under_its_conditions_alone(
    service: Service, path: str
) -> None:
    for header, given in (('If-Match', '"x"'), ('If-None-Match', '*')):
        answer = change(service, 'DELETE', '/collections/c', given, header)
        assert answer.status_code == 412
        none = change(service, 'DELETE', '/collections/none', given, header)
        assert none.status_code == 404
    assert change(service, 'DELETE', '/collections/c', '*').status_code == 200


@pytest.mark.parametrize('header', ['If-Match', 'If-None-Match'])
def test_a_tag_is_not_for_all_images(service: Service, path: str, header: str) -> None:
    for method in ('PATCH', 'DELETE'):
        answer = change(service, method, '/collections/c/images?a=1', '*', header)
        assert (answer.status_code, header in answer.json['description']) == (400, True)
    assert service.client.simulate_get(path).json['a'] == '1'


@pytest.mark.parametrize('method', METHODS)
def test_any_tag_means_that_it_must_be_there(
    service: Service, path: str, method: str
) -> None:
    assert change(service, method, path, '*').status_code == 200
    gone = path[:-24] + '0' * 24
    assert change(service, method, gone, '*').status_code == 404


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize('weak', [False, True])
def test_a_change_of_something_else_is_412(
    service: Service, path: str, method: str, weak: bool
) -> None:
    before = service.client.simulate_get(path).json
    tag = f'W/{tag_of(service, path)}' if weak else '"x"'
    response = change(service, method, path, tag)
    assert response.status_code == 412
    assert set(response.json) == {'title', 'description'}
    assert service.client.simulate_get(path).json == before
    assert service.client.simulate_get(f'{path}/image').content == jpeg()


@pytest.mark.parametrize('method', METHODS)
def test_a_change_in_between_is_412(
    service: Service, path: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another client is quicker, after the tag was compared."""
    tag = tag_of(service, path)
    get_whole = service.parts.documents.get_whole

    def interfere(*args: Any) -> Any:
        before = get_whole(*args)
        service.database.c.update_one({}, {'$set': {'a': 'theirs'}})
        return before

    monkeypatch.setattr(service.parts.documents, 'get_whole', interfere)
    assert change(service, method, path, tag).status_code == 412
    assert service.client.simulate_get(path).json['a'] == 'theirs'


@pytest.mark.parametrize('method', METHODS)
def test_one_of_many_wins(service: Service, path: str, method: str) -> None:
    tag = tag_of(service, path)
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(
            pool.map(lambda _: change(service, method, path, tag).status_code, range(8))
        )
    assert statuses[0] == 200
    assert set(statuses[1:]) <= ({404, 412} if method == 'DELETE' else {412})
