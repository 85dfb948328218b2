"""Changes of one image that can be reverted."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import pytest

from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.images import ImageDocuments
from tests.support.bulk_changes import (
    IMAGES,
    Result,
    before,
    change_of,
    changes,
    delete_one,
    documents,
    dump,
    finish,
    labels,
    left_of_changes,
    revert,
    run_out,
)
from tests.support.interception import KINDS, Fault, Kind, failing
from tests.support.reconciling import reconcile
from tests.support.service import Service

MERGE = 'application/merge-patch+json'
# The others leave nothing else behind than these.
TRIED = [
    kind for kind in KINDS if kind.name in ('no answer, done', 'no answer any more')
]
MAX_CALLS = 100
AT_ONCE = 8


@pytest.fixture
def ids(service: Service) -> list[str]:
    return [service.client.upload(label='OK', n='1')['_id'] for _ in range(2)]


def edit(
    service: Service,
    image_id: str,
    body: dict[str, Any],
    revertible: str = 'true',
    method: str = 'PATCH',
    **more: Any,
) -> Result:
    return service.client.simulate_request(
        method,
        f'{IMAGES}/{image_id}',
        json=body,
        query_string=f'revertible={revertible}',
        **more,
    )


def remove(service: Service, image_id: str, **more: Any) -> Result:
    path = f'{IMAGES}/{image_id}'
    return service.client.simulate_delete(path, query_string='revertible=true', **more)


def change_in(answer: Result) -> str:
    assert answer.status_code == 200, answer.text
    found: str = answer.headers['X-Change']
    return found


@pytest.mark.parametrize(
    ('method', 'body', 'content_type'),
    [
        ('PATCH', {'label': 'NG', 'a.b': 1}, 'application/json'),
        ('PATCH', {'label': None, 'new': {'x': 1}}, MERGE),
        ('PUT', {'other': 2}, 'application/json'),
    ],
    ids=['set', 'merge', 'replace'],
)
def test_an_edit_answers_as_a_plain_one_and_is_reverted_byte_for_byte(
    service: Service, ids: list[str], method: str, body: Any, content_type: str
) -> None:
    at_first = dump(service)
    headers = {'Content-Type': content_type}
    plain = service.client.simulate_request(
        method, f'{IMAGES}/{ids[0]}', json=body, headers=headers
    )
    assert 'X-Change' not in plain.headers
    wanted = dump(service)
    service.database['c'].drop()
    service.database['c'].insert_many(_decoded(at_first))
    answer = edit(service, ids[0], body, method=method, headers=headers)
    assert (answer.json, answer.headers['ETag']) == (plain.json, plain.headers['ETag'])
    assert dump(service) == wanted
    assert revert(service, change_in(answer)).json['reverted'] == 1
    assert dump(service) == at_first


def _decoded(raw: list[bytes]) -> list[dict[str, Any]]:
    return [bson.decode(each) for each in raw]


def test_a_deleted_image_comes_back_with_its_file(
    service: Service, ids: list[str]
) -> None:
    at_first = dump(service)
    answer = remove(service, ids[0])
    assert answer.json == {'_id': ids[0], 'deletedCount': 1}
    assert len(documents(service)) == 1
    assert len(service.stored_files()) == 2
    revert(service, change_in(answer))
    assert dump(service) == at_first
    image = service.client.simulate_get(f'{IMAGES}/{ids[0]}/image')
    assert image.status_code == 200


def test_the_file_of_a_deleted_image_goes_when_the_change_expires(
    service: Service, ids: list[str]
) -> None:
    change = change_in(remove(service, ids[0]))
    run_out(service, 'until')
    reconcile(service)
    assert revert(service, change).status_code == 404
    assert [path.stem for path in service.stored_files()] == [ids[1]]
    assert left_of_changes(service) == 0


def test_labels_of_one_minute_are_one_change(service: Service, ids: list[str]) -> None:
    change = change_in(edit(service, ids[0], {'label': 'NG'}))
    assert change_in(edit(service, ids[1], {'label': 'x', 'm': 1}, change)) == change
    record = change_of(service, change)
    assert (record['state'], record['matched'], record['changed']) == ('done', 2, 2)
    assert record['edits'] == {'properties': ['label', 'm']}
    assert [each['_id'] for each in changes(service)] == [change]
    assert revert(service, change).json['reverted'] == 2
    assert labels(service) == ['OK', 'OK']


def test_an_image_that_is_in_the_change_begins_another(
    service: Service, ids: list[str]
) -> None:
    first = change_in(edit(service, ids[0], {'label': 'NG'}))
    second = change_in(edit(service, ids[0], {'label': 'x'}, first))
    assert second != first
    for change, label in ((second, 'NG'), (first, 'OK')):
        assert revert(service, change).json['conflict_count'] == 0
        assert labels(service)[0] == label


@pytest.mark.parametrize('end', ['minute', 'reverted', 'unknown', 'of another'])
def test_a_change_that_takes_no_more_is_not_joined(
    service: Service, ids: list[str], end: str
) -> None:
    first = change_in(edit(service, ids[0], {'label': 'NG'}))
    if end == 'minute':
        run_out(service, 'time')
    elif end == 'reverted':
        revert(service, first)
    elif end == 'of another':
        records = service.database['_service.changes']
        records.update_many({}, {'$set': {'by': 'Ann'}})
    joined = '0' * 24 if end == 'unknown' else first
    assert change_in(edit(service, ids[1], {'label': 'x'}, joined)) not in (
        first,
        joined,
    )


def test_edits_at_once_are_one_change_that_can_be_reverted(service: Service) -> None:
    ids = [service.client.upload(label='OK')['_id'] for _ in range(AT_ONCE + 1)]
    change = change_in(edit(service, ids[0], {'label': 'NG'}))

    def label(image_id: str) -> str:
        return change_in(edit(service, image_id, {'label': 'x'}, change))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert set(pool.map(label, ids[1:])) == {change}
    record = change_of(service, change)
    assert (record['state'], record['changed']) == ('done', AT_ONCE + 1)
    assert revert(service, change).json['reverted'] == AT_ONCE + 1
    assert labels(service) == ['OK'] * (AT_ONCE + 1)


def test_what_changes_nothing_is_no_change(service: Service, ids: list[str]) -> None:
    answer = edit(service, ids[0], {'label': 'OK'})
    assert answer.status_code == 200
    assert 'X-Change' not in answer.headers
    assert changes(service) == []


def test_what_is_refused_is_no_change(service: Service, ids: list[str]) -> None:
    other = {'If-Match': '"0"'}
    unknown = '0' * 24
    assert edit(service, ids[0], {'label.x': 1}).status_code == 400
    assert edit(service, ids[0], {'a.b': 1}, method='PUT').status_code == 400
    assert edit(service, ids[0], {'n': 2}, 'maybe').status_code == 400
    assert edit(service, ids[0], {'n': 2}, headers=other).status_code == 412
    assert edit(service, unknown, {'n': 2}).status_code == 404
    assert edit(service, 'x', {'n': 2}).status_code == 400
    assert remove(service, ids[0], headers=other).status_code == 412
    assert remove(service, unknown).status_code == 404
    assert changes(service) == []


def test_a_change_by_another_in_between_is_kept(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        service.client.simulate_patch(f'{IMAGES}/{ids[0]}', json={'n': 5})

    before(monkeypatch, BulkDocuments, 'replace_one', other)
    change = change_in(edit(service, ids[0], {'label': 'NG'}))
    assert (documents(service)[0]['label'], documents(service)[0]['n']) == ('NG', 5)
    revert(service, change)
    assert (documents(service)[0]['label'], documents(service)[0]['n']) == ('OK', 5)
    reconcile(service)
    assert [each['changed'] for each in changes(service)] == [1]


@pytest.mark.parametrize(
    ('step', 'send'),
    [('replace_one', edit), ('read', lambda s, i, _, **m: remove(s, i, **m))],
    ids=['edit', 'delete'],
)
def test_a_tag_holds_to_the_moment_of_the_write(
    service: Service,
    ids: list[str],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    send: Callable[..., Result],
) -> None:
    path = f'{IMAGES}/{ids[0]}'
    tag = service.client.simulate_get(path).headers['ETag']
    before(
        monkeypatch,
        BulkDocuments,
        step,
        lambda: service.client.simulate_patch(path, json={'n': 5}),
    )
    answer = send(service, ids[0], {'l': 1}, headers={'If-Match': tag})
    assert answer.status_code == 412
    assert documents(service)[0]['n'] == 5


def test_an_image_that_is_deleted_in_between_is_not_found(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before(
        monkeypatch, BulkDocuments, 'replace_one', lambda: delete_one(service, ids[0])
    )
    assert edit(service, ids[0], {'label': 'NG'}).status_code == 404
    reconcile(service)
    assert left_of_changes(service) == 0


def test_an_edit_by_another_later_is_a_conflict(
    service: Service, ids: list[str]
) -> None:
    change = change_in(edit(service, ids[0], {'label': 'NG'}))
    service.client.simulate_patch(f'{IMAGES}/{ids[0]}', json={'n': 5})
    answer = revert(service, change).json
    assert (answer['reverted'], answer['conflicts']) == (0, [ids[0]])


def test_a_drop_takes_edits_with_it(service: Service, ids: list[str]) -> None:
    edit(service, ids[0], {'label': 'NG'})
    remove(service, ids[1])
    service.client.simulate_delete('/collections/c')
    assert left_of_changes(service) == 0
    assert service.stored_files() == []


def test_a_plain_patch_asks_the_database_no_more_than_one_thing(
    service: Service, ids: list[str]
) -> None:
    fault = Fault(next(kind for kind in KINDS if kind.of_database), MAX_CALLS)
    with failing(fault):
        service.client.simulate_patch(f'{IMAGES}/{ids[0]}', json={'label': 'x'})
    assert fault.calls == ['find_one_and_update']


def scenes(service: Service, kind: Kind) -> Iterator[tuple[Fault, str, list[bytes]]]:
    """Collections of two images, in each of which a later call is to fail."""
    for number in itertools.count(1):
        assert number < MAX_CALLS
        service.client.simulate_delete('/collections/c')
        ids = [service.client.upload(label='OK')['_id'] for _ in range(2)]
        fault = Fault(kind, number)
        yield fault, ids[0], dump(service)
        if not fault.failed:
            return


@pytest.mark.parametrize('kind', TRIED, ids=lambda kind: kind.name.replace(' ', '-'))
@pytest.mark.parametrize(
    ('operation', 'end'),
    [('edit', 'revert'), ('edit', 'finish'), ('edit', 'reconcile'), ('join', 'revert')],
)
def test_an_edit_that_is_cut_off_can_be_reverted(
    service: Service, kind: Kind, operation: str, end: str
) -> None:
    """What is done is in a change that is listed."""
    for fault, image_id, at_first in scenes(service, kind):
        joined = 'true'
        if operation == 'join':
            other = documents(service)[1]['_id']
            joined = change_in(edit(service, other, {'label': 'y'}))
        with failing(fault):
            answer = edit(service, image_id, {'label': 'x'}, joined)
        assert answer.status_code in (200, 503), (fault, answer.text)
        run_out(service, 'lease.until')
        if end == 'reconcile':
            reconcile(service)
            assert {each['state'] for each in changes(service)} <= {'done'}, fault
        for each in changes(service):
            if end == 'finish':
                assert finish(service, each['_id']).status_code == 200, fault
            answer = revert(service, each['_id'])
            assert answer.json['conflict_count'] == 0, fault
        assert dump(service) == at_first, fault


def test_a_kept_before_image_comes_before_the_document(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    kept = service.database['_service.before']
    before(
        monkeypatch,
        BulkDocuments,
        'replace_one',
        lambda: seen.append(kept.count_documents({})),
    )
    edit(service, ids[0], {'label': 'NG'})
    assert seen == [1]


def test_a_read_after_an_edit_that_did_nothing_waits_for_a_majority(
    service: Service, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    before(monkeypatch, ImageDocuments, 'is_unchanged', lambda: asked.append(True))
    edit(service, ids[0], {'label': 'OK'})
    assert asked == [True]
