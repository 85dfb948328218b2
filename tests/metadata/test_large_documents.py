"""Documents near what the database can hold: each request has an answer that helps."""

import json
import random
import uuid
from typing import Any

import falcon.testing
import pytest

from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.lightening import lightening
from falcon_images.metadata.patches import Patch
from falcon_images.metadata.writes import merging
from falcon_images.properties import MAX_VALUES, merge_patch
from tests.support.pictures import jpeg
from tests.support.service import Service, form

JSON = 'application/json'
MERGE = 'application/merge-patch+json'
MAX_BYTES = 16 * 1024**2
# Of which a body has as many as the limit of a body lets it.
INTEGERS = list(range(90_000))


@pytest.fixture
def path(service: Service) -> str:
    return f'/collections/c/images/{service.client.upload(a="1")["_id"]}'


def fill(service: Service, size: int) -> None:
    """Make a document have so many bytes less than MongoDB's limit."""
    service.database.c.update_one({}, {'$set': {'text': ''}})
    (found,) = service.database.c.aggregate(
        [{'$project': {'n': {'$bsonSize': '$$ROOT'}}}]
    )
    text = 'x' * (MAX_BYTES - found['n'] - size)
    service.database.c.update_one({}, {'$set': {'text': text}})


def send(
    service: Service, method: str, path: str, body: Any = None, **headers: str
) -> falcon.testing.Result:
    kind, _, content_type = method.partition(' ')
    return service.client.simulate_request(
        kind,
        path,
        body=None if body is None else json.dumps(body),
        content_type=content_type or JSON,
        headers={name.replace('_', '-'): value for name, value in headers.items()},
    )


def tag_of(service: Service, path: str) -> str:
    return str(service.client.simulate_get(path).headers['ETag'])


def test_a_large_document_can_be_changed(service: Service, path: str) -> None:
    fill(service, 1000)
    assert send(service, 'PATCH', path, {'b': 1}).json['b'] == 1
    merged = send(service, f'PATCH {MERGE}', path, {'a': None, 'c': {'d': 2}}).json
    assert (merged['b'], merged['c']) == (1, {'d': 2})
    assert 'a' not in merged
    assert send(service, 'PUT', path, {'e': 1}).json['e'] == 1


@pytest.mark.parametrize(
    ('method', 'body'),
    [
        ('PATCH', {'b': 1}),
        (f'PATCH {MERGE}', {'text': None}),
        ('PUT', {}),
        ('DELETE', None),
    ],
)
def test_a_large_document_can_be_changed_with_a_tag(
    service: Service, path: str, method: str, body: Any
) -> None:
    fill(service, 1000)
    old = tag_of(service, path)
    assert send(service, 'PATCH', path, {'a': '2'}).status_code == 200
    assert send(service, method, path, body, If_Match=old).status_code == 412
    answer = send(service, method, path, body, If_Match=tag_of(service, path))
    assert answer.status_code == 200


@pytest.mark.parametrize('method', ['PATCH', f'PATCH {MERGE}'])
@pytest.mark.parametrize('has_tag', [False, True])
def test_a_document_that_would_be_too_large_is_413(
    service: Service, path: str, method: str, has_tag: bool
) -> None:
    fill(service, 1000)
    headers = {'If_Match': tag_of(service, path)} if has_tag else {}
    answer = send(service, method, path, {'b': 'x' * 100_000}, **headers)
    assert answer.status_code == 413
    assert '16 MB' in answer.json['description']


def test_any_tag_does_not_ask_for_one_state(
    service: Service, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = ImageDocuments.patch

    def interfere(*args: Any) -> Any:
        service.database.c.update_one({}, {'$set': {'a': 'theirs'}})
        return patch(*args)

    monkeypatch.setattr(ImageDocuments, 'patch', interfere)
    changed = send(service, 'PATCH', path, {'b': 1}, If_Match='*')
    assert (changed.status_code, changed.json['a']) == (200, 'theirs')


def test_the_database_merges_as_the_rfc_says(service: Service) -> None:
    chosen = random.Random(7396)
    cases = []
    for number in range(300):
        document = {'_id': number, **some_members(chosen, 3)}
        cases.append((document, some_members(chosen, 3)))
    service.database.c.insert_many([document for document, _ in cases])
    for document, patch in cases:
        merged = service.database.c.find_one_and_update(
            {'_id': document['_id']}, merging(patch), return_document=True
        )
        assert merged == merge_patch(document, patch), (document, patch)


def some_members(chosen: random.Random, depth: int) -> dict[str, Any]:
    names = chosen.sample(['a', 'b', '0', 'é', 'a b'], chosen.randrange(5))
    return {name: some_value(chosen, depth - 1) for name in names}


def some_value(chosen: random.Random, depth: int) -> Any:
    kind = chosen.randrange(6) if depth else 5
    if kind in (0, 1, 2):
        return some_members(chosen, depth)
    if kind == 3:
        return [some_value(chosen, depth - 1) for _ in range(chosen.randrange(3))]
    return chosen.choice([None, 1, 2.5, 'x', '$a', '', True, [], {}])


def test_a_merge_patch_as_deep_as_json_may_be_is_applied(
    service: Service, path: str
) -> None:
    patch: dict[str, Any] = {}
    for _ in range(service.settings.max_json_depth - 2):
        patch = {'a': patch, 'b': 1, 'c': None}
    merged = send(service, f'PATCH {MERGE}', path, patch).json
    assert merged['a'] == merge_patch({}, patch)['a']


class TestValues:
    """What a document may have of them: the database has an index entry for each."""

    def test_as_many_as_there_may_be_are_stored(
        self, service: Service, path: str
    ) -> None:
        assert send(service, 'PATCH', path, {'l': INTEGERS}).status_code == 200
        assert send(service, 'PATCH', path, {'m': 1}).status_code == 200
        assert service.client.simulate_delete(path).status_code == 200

    @pytest.mark.parametrize('method', ['PATCH', f'PATCH {MERGE}', 'PUT'])
    def test_more_in_a_body_are_413(
        self, service: Service, path: str, method: str
    ) -> None:
        answer = send(service, method, path, {'l': [0] * (MAX_VALUES + 1)})
        assert answer.status_code == 413
        assert '100,000 values' in answer.json['description']

    def test_more_in_an_upload_leave_nothing(self, service: Service) -> None:
        values = json.dumps({'l': [0] * (MAX_VALUES + 1)})
        sent = form(('json', values), ('image', jpeg(), 'a.jpg'))
        assert service.client.post_form('c', sent).status_code == 413
        assert service.stored_files() == []
        assert service.client.simulate_get('/collections').json == []

    @pytest.mark.parametrize(
        ('method', 'has_tag'),
        [('PATCH', False), ('PATCH', True), (f'PATCH {MERGE}', False)],
    )
    def test_more_that_come_together_are_413(
        self, service: Service, path: str, method: str, has_tag: bool
    ) -> None:
        assert send(service, 'PATCH', path, {'l': INTEGERS}).status_code == 200
        headers = {'If_Match': tag_of(service, path)} if has_tag else {}
        few = {'m': INTEGERS[:20_000]}
        assert send(service, method, path, few, **headers).status_code == 413
        instead = {'l': INTEGERS[:20_000]}
        assert send(service, method, path, instead, **headers).status_code == 200

    def test_more_that_come_together_by_a_bulk_change_are_left_out(
        self, service: Service, path: str
    ) -> None:
        assert send(service, 'PATCH', path, {'l': INTEGERS}).status_code == 200
        all_ = '/collections/c/images?all=true'
        answer = send(service, 'PATCH', all_, {'m': INTEGERS[:20_000]})
        assert (answer.json['matched'], answer.json['changed']) == (1, 0)
        too_many = {'l': [0] * (MAX_VALUES + 1)}
        assert send(service, 'PATCH', all_, too_many).status_code == 413

    def test_values_under_long_names_count_as_several(
        self, service: Service, path: str
    ) -> None:
        many: Any = list(range(6000))
        assert self.merged_deep(service, path, many) == 413
        few = [{f'm{n}': many[:1000]} for n in range(6)]
        statuses = [self.merged_deep(service, path, value) for value in few]
        assert statuses == [200] * 4 + [413] * 2

    def merged_deep(self, service: Service, path: str, value: Any) -> int:
        for _ in range(25):
            value = {'n' * 100: value}
        return send(service, f'PATCH {MERGE}', path, value).status_code

    def test_a_document_of_the_past_with_more_is_deleted_in_steps(
        self, service: Service, path: str
    ) -> None:
        many = {'l': INTEGERS, 'o': {'m': INTEGERS, 'n': INTEGERS[:20_000]}, 'x.y': 1}
        service.database.c.update_one(
            {}, [{'$replaceWith': {'$mergeObjects': ['$$ROOT', {'$literal': many}]}}]
        )
        document = service.database.c.find_one() or {}
        steps = [list(update['$unset']) for update in lightening(document)]
        assert steps == [['a'], ['l'], ['o.m'], ['o.n'], ['o']]
        assert service.client.simulate_delete(path).status_code == 200
        assert service.client.simulate_get(path).status_code == 404
        assert service.stored_files() == []

    def test_a_document_that_has_more_from_earlier_on_may_become_smaller(
        self, service: Service, path: str
    ) -> None:
        many = {'l': list(range(MAX_VALUES)), 'm': INTEGERS[:30_000]}
        service.database.c.update_one({}, {'$set': many})
        assert send(service, 'PATCH', path, {'b': INTEGERS[:2]}).status_code == 413
        fewer = send(service, 'PATCH', path, {'m': INTEGERS[:20_000]})
        assert fewer.status_code == 200
        fewer = send(service, f'PATCH {MERGE}', path, {'m': None, 'b': 1})
        assert fewer.status_code == 200


LISTS: dict[str, Any] = {'l': [1, 2], 'o': {'l': [{'m': []}]}, 'n': {'7': 0}}


GROWN = {
    **{'l.0': 200, 'l.2': 200, 'l.3': 400, 'l.1400000': 400, 'l.99999999999': 400},
    **{'o.l.0.m.0': 200, 'o.l.0.m.1': 400, 'o.l.0.m.700000': 400},
    **{'o.l.1.m': 200, 'o.l.2.m': 400, 'o.l.0.x.9': 200},
    **{'n.7': 200, 'n.1400000': 200, 'new.1400000': 200},
}


@pytest.mark.parametrize('kind', ['small', 'large', 'bulk'])
def test_a_list_grows_by_one_at_most(service: Service, kind: str) -> None:
    extra = {'text': 'x' * 15_000} if kind == 'large' else {}
    for name, status in GROWN.items():
        collection = uuid.uuid4().hex
        document = service.client.upload(collection, json=json.dumps(LISTS | extra))
        images = f'/collections/{collection}/images'
        path = f'{images}/{document["_id"]}'
        sent_to = f'{images}?all=true' if kind == 'bulk' else path
        assert send(service, 'PATCH', sent_to, {name: 5}).status_code == status, name
        stored = service.client.simulate_get(path).json
        assert (stored == document) is (status == 400), name
        assert len(json.dumps(stored)) < 17_000, name


def test_a_list_that_others_change_meanwhile_is_looked_at_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = service.client.upload(json=json.dumps({'l': [1, 2], 't': ''}))
    path = f'/collections/c/images/{document["_id"]}'
    check = Patch.check

    def check_and_interfere(*args: Any) -> None:
        check(*args)
        # The document keeps its size.
        shorter = {'l': [1], 't': 'x' * 7}
        service.database.c.update_one({}, {'$set': shorter})

    monkeypatch.setattr(Patch, 'check', check_and_interfere)
    assert send(service, 'PATCH', path, {'l.2': 3}).status_code == 400
    assert service.client.simulate_get(path).json['l'] == [1]
