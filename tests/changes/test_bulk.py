"""Bulk changes over HTTP: what they change, what they tell, and how they are undone."""

from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from tests.support.bulk_changes import (
    CHANGES,
    CODEC,
    IMAGES,
    JSON,
    NG,
    change_of,
    changes,
    delete,
    documents,
    dump,
    finish,
    labels,
    left_of_changes,
    legacy_file,
    patch,
    query,
    revert,
    run_out,
)
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Client, Service, form

MERGE = 'application/merge-patch+json'


@pytest.fixture
def client(service: Service) -> Client:
    """A client of a service with three images: OK, NG and NG."""
    for label in ('OK', 'NG', 'NG'):
        service.client.upload(label=label)
    return service.client


@pytest.mark.usefixtures('client')
class TestPatch:
    """PATCH of all images that match."""

    def test_those_that_match_are_changed_alone(self, service: Service) -> None:
        answer = patch(service, {'label': 'scratch'})
        assert answer.status_code == 200
        change = answer.json['change']
        assert answer.json == {'change': change, 'matched': 2, 'changed': 2}
        assert labels(service) == ['OK', 'scratch', 'scratch']

    def test_an_image_that_is_so_already_matches_and_is_not_changed(
        self, service: Service
    ) -> None:
        answer = patch(service, {'label': 'OK'}, None, all='true').json
        assert (answer['matched'], answer['changed']) == (3, 2)

    def test_a_dotted_name_sets_inside_objects(self, service: Service) -> None:
        patch(service, {'camera': {'gain': 1, 'name': 'left'}}, {'label': 'OK'})
        patch(service, {'camera.gain': 2}, {'label': 'OK'})
        assert documents(service)[0]['camera'] == {'gain': 2, 'name': 'left'}

    def test_a_merge_patch_removes_what_is_null(self, service: Service) -> None:
        answer = patch(service, {'label': None, 'a': {'b': 1}}, content_type=MERGE)
        assert answer.json['changed'] == 2
        assert [each.get('label') for each in documents(service)] == ['OK', None, None]
        assert documents(service)[1]['a'] == {'b': 1}

    def test_null_is_stored_by_a_plain_patch(self, service: Service) -> None:
        patch(service, {'label': None})
        assert 'label' in documents(service)[1]

    def test_system_fields_are_ignored(self, service: Service) -> None:
        before = dump(service)
        body = {'_id': 'x', 'time': 1, 'image': 'y', '_file': {}, '_file.size': 2}
        assert patch(service, body).json['changed'] == 0
        assert patch(service, body, content_type=MERGE).json['changed'] == 0
        assert dump(service) == before

    def test_the_other_names_of_images_work(self, service: Service) -> None:
        for word in ('documents', 'items'):
            path = f'/collections/c/{word}'
            answer = service.client.simulate_patch(
                path, json={'by': word}, query_string=query(NG)
            )
            assert answer.json['changed'] == 2
            answer = service.client.simulate_delete(path, query_string=query({'no': 1}))
            assert answer.json == {'change': None, 'matched': 0, 'changed': 0}

    def test_a_patch_that_does_not_fit_one_image_changes_none(
        self, service: Service
    ) -> None:
        patch(service, {'camera': 'left'}, {'label': 'OK'})
        before, known = dump(service), len(changes(service))
        for params in ({}, {'dry_run': 'true'}):
            answer = patch(service, {'camera.gain': 2}, None, all='true', **params)
            assert answer.status_code == 400
            assert 'camera.gain' in answer.json['description']
        assert dump(service) == before
        assert len(changes(service)) == known

    def test_more_images_than_one_batch_are_changed(self, service: Service) -> None:
        many = [{'_id': bson.ObjectId(), 'label': 'many', 'n': n} for n in range(1203)]
        service.database['c'].insert_many(many)
        before = dump(service)
        answer = patch(service, {'n': -1}, {'label': 'many'}).json
        assert (answer['matched'], answer['changed']) == (1203, 1203)
        assert service.database['c'].count_documents({'n': -1}) == 1203
        assert revert(service, answer['change']).json['reverted'] == 1203
        assert dump(service) == before

    def test_large_documents_are_changed_too(self, service: Service) -> None:
        many = [{'_id': bson.ObjectId(), 'n': n, 'x': 'x' * 2**20} for n in range(20)]
        many.append({'_id': bson.ObjectId(), 'n': 20, 'x': 'x' * 6 * 2**20})
        service.database['c'].insert_many(many)
        before = dump(service)
        answer = patch(service, {'n': -1}, {'n': {'$gte': 0}}).json
        assert answer['changed'] == 21
        revert(service, answer['change'])
        assert dump(service) == before

    def test_a_document_that_cannot_be_kept_is_left_alone(
        self, service: Service
    ) -> None:
        large = {'_id': bson.ObjectId(), 'label': 'NG', 'x': 'x' * 8 * 1000**2}
        broken = b'\x02s\x00\x02\x00\x00\x00\xff\x00'
        wrong = bson.encode({'_id': bson.ObjectId(), 'label': 'NG'})
        wrong = (len(wrong) + len(broken)).to_bytes(4, 'little') + wrong[4:-1] + broken
        raw = service.database.get_collection('c', codec_options=CODEC)
        raw.insert_many(
            [RawBSONDocument(bson.encode(large)), RawBSONDocument(wrong + b'\0')]
        )
        answer = patch(service, {'label': 'OK'}).json
        assert (answer['matched'], answer['changed']) == (4, 2)
        assert service.database['c'].count_documents(NG) == 2

    def test_images_with_other_ids_have_no_address_and_are_left_alone(
        self, service: Service
    ) -> None:
        service.database['c'].insert_many([{'_id': 1, **NG}, {'_id': {'a': 1}, **NG}])
        assert patch(service, {'label': 'OK'}).json['matched'] == 2


SET_CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({'a': before}, body)
    for before in (
        *([1, 2], [], [{'b': 1}], None, {}, {'b': 1}, 'x', [None], [[1]], 5),
    )
    for body in (
        *({'a.b': 9}, {'a.0': 9}, {'a.3': 9}, {'a.01': 9}, {'a.0.b': 9}),
        *({'a.3.b': 9}, {'a.2.0': 9}, {'a.-1': 9}, {'a.0.0': [9]}, {'a. 1': 9}),
        *({'a.99999999999': 9}, {'z.10': 1, 'z.9': 1, 'c': 1}, {'a.²': 1}),
    )
]


def test_a_plain_patch_does_what_it_does_to_one_image(service: Service) -> None:
    for number, (before, body) in enumerate(SET_CASES):
        key, other = bson.ObjectId(), bson.ObjectId()
        first, second = {'_id': key, 'n': number}, {'_id': other, 'n': -1}
        service.database['c'].insert_many([first | before, second | before])
        single = service.client.simulate_patch(f'{IMAGES}/{other}', json=body)
        bulk = patch(service, body, {'n': number})
        assert bulk.status_code == single.status_code, (before, body)
        one, all_ = (
            dict(service.database['c'].find_one({'_id': each}) or {})
            | {'n': 0, '_id': 0}
            for each in (other, key)
        )
        assert one == all_, (before, body)


@pytest.mark.usefixtures('client')
class TestSelection:
    """Which images are meant, and what is refused because that is not clear."""

    @pytest.mark.parametrize('method', ['PATCH', 'DELETE'])
    @pytest.mark.parametrize(
        ('params', 'text'),
        [
            ('', 'no condition'),
            ('filter={}', 'no condition'),
            ('filter=', 'no condition'),
            ('all=false', 'no condition'),
            ('all=yes', 'all must be true or false'),
            ('all=true&all=true', 'all must be true or false'),
            ('all=true&filter={"a":1}', 'together with conditions'),
            ('filter={"a":1}&dry_run=1', 'dry_run must be true or false'),
            ('filter={"a":1}&expect=-1', 'expect must be a whole number'),
            ('filter={"a":1}&expect=1.5', 'expect must be a whole number'),
            ('filter={"a":1}&expect=1&expect=1', 'expect may be given only once'),
            ('filter={"a":1}&expect=' + '9' * 30, 'expect must be a whole number'),
            ('filter={"$where":"1"}', 'not allowed'),
            ('filter={', 'not valid JSON'),
            ('filter={"a":{"$regex":"("}}', 'MongoDB cannot run this filter'),
            *(
                (f'filter={{"a":1}}&{name}=1', f'{name} cannot be used here')
                for name in (
                    *('limit', 'batch_size', 'count', 'skip', 'start_index', 'index'),
                    *('sort', 'cursor', 'fields', 'values', 'format', 'dedupe'),
                    *('jwt', 'token'),
                )
            ),
        ],
    )
    def test_what_is_not_clear_is_refused(
        self, service: Service, method: str, params: str, text: str
    ) -> None:
        before = dump(service)
        answer = service.client.simulate_request(
            method, IMAGES, query_string=params, body='{"a": 2}', content_type=JSON
        )
        assert answer.status_code == 400
        assert text in answer.json['description']
        assert dump(service) == before
        assert changes(service) == []

    @pytest.mark.parametrize('method', ['PATCH', 'DELETE'])
    def test_a_tag_is_refused(self, service: Service, method: str) -> None:
        answer = service.client.simulate_request(
            method,
            IMAGES,
            query_string='all=true',
            body='{"a": 2}',
            content_type=JSON,
            headers={'If-Match': '*'},
        )
        assert answer.status_code == 400
        assert 'If-Match' in answer.json['description']

    @pytest.mark.parametrize(
        ('body', 'content_type', 'status'),
        [
            ('{}', 'text/plain', 415),
            ('', JSON, 400),
            ('[]', JSON, 400),
            ('{"$a": 1}', JSON, 400),
            ('{"a..b": 1}', JSON, 400),
            ('{"a": 1, "a.b": 1}', JSON, 400),
            ('{"a.b": 1}', MERGE, 400),
            ('{"a": NaN}', JSON, 400),
            ('{"a": "' + 'x' * 2**20 + '"}', JSON, 413),
        ],
    )
    def test_a_body_is_checked_like_that_for_one_image(
        self, service: Service, body: str, content_type: str, status: int
    ) -> None:
        before = dump(service)
        for query_string in ('all=true', 'all=true&dry_run=true'):
            answer = service.client.simulate_patch(
                IMAGES, body=body, content_type=content_type, query_string=query_string
            )
            assert answer.status_code == status
        assert dump(service) == before

    @pytest.mark.parametrize(
        ('params', 'matched'),
        [
            ({'label': 'NG'}, 2),
            ({'not_label': 'NG'}, 1),
            ({'label': 'NG', 'image': 'b.jpg'}, 0),
            ({'from': '2000-01-01'}, 3),
            ({'to': '2000-01-01'}, 0),
            ({'eq_all': 'true'}, 0),
        ],
    )
    def test_conditions_are_those_of_a_list(
        self, service: Service, params: dict[str, str], matched: int
    ) -> None:
        assert patch(service, {'n': 1}, None, **params).json['matched'] == matched
        if matched:
            assert changes(service)[0]['conditions'] == params

    @pytest.mark.parametrize('params', [{'has_label': 'x'}, {'$a': '1'}, {'from': 'x'}])
    def test_a_condition_that_cannot_be_is_refused(
        self, service: Service, params: dict[str, str]
    ) -> None:
        before = dump(service)
        assert patch(service, {'n': 1}, None, **params).status_code == 400
        assert delete(service, NG, **params).status_code == 400
        assert dump(service) == before

    def test_all_is_all(self, service: Service) -> None:
        assert patch(service, {'label': 'x'}, None, all='true').json['changed'] == 3
        assert labels(service) == ['x', 'x', 'x']

    def test_a_token_is_not_told_again(self, service: Service) -> None:
        answer = patch(service, {'a': 1}, NG, token='secret')
        assert answer.status_code == 400
        assert 'secret' not in answer.text
        assert list(service.database['_service.changes'].find({})) == []

    def test_nothing_that_matches_is_no_change(self, service: Service) -> None:
        nothing = {'change': None, 'matched': 0, 'changed': 0}
        assert patch(service, {'a': 1}, {'label': 'no'}).json == nothing
        assert delete(service, {'label': 'no'}, expect=0).json == nothing
        assert changes(service) == []
        assert left_of_changes(service) == 0

    def test_an_unknown_collection_stays_unknown(self, service: Service) -> None:
        for method in ('PATCH', 'DELETE'):
            answer = service.client.simulate_request(
                method, '/collections/no/images', query_string='all=true', json={}
            )
            assert answer.json == {'change': None, 'matched': 0, 'changed': 0}
        assert service.client.simulate_get('/collections').json == ['c']

    def test_a_dry_run_tells_and_changes_nothing(self, service: Service) -> None:
        before = dump(service)
        newest_first = [
            each for each in documents(service)[::-1] if each['label'] == 'NG'
        ]
        expected = {'dry_run': True, 'matched': 2, 'examples': newest_first}
        assert delete(service, dry_run='true').json == expected
        assert patch(service, {'label': 'x'}, dry_run='true').json == expected
        assert dump(service) == before
        assert changes(service) == []

    def test_a_dry_run_shows_five_images_and_no_key(self, service: Service) -> None:
        for number in range(6):
            sent = form(('image', jpeg(), 'a.jpg'))
            headers = {'Idempotency-Key': f'k{number}'}
            service.client.post_form('c', sent, headers=headers)
        answer = delete(service, None, all='true', dry_run='true').json
        assert (answer['matched'], len(answer['examples'])) == (9, 5)
        assert 'upload' not in answer['examples'][0]['_file']

    def test_another_number_than_expected_changes_nothing(
        self, service: Service
    ) -> None:
        before = dump(service)
        for answer in (
            delete(service, expect=3),
            patch(service, {'label': 'x'}, expect=1),
            delete(service, {'label': 'no'}, expect=1),
            delete(service, dry_run='true', expect=0),
        ):
            assert answer.status_code == 412
            assert 'nothing was changed' in answer.json['description']
        assert dump(service) == before
        assert changes(service) == []
        reconcile(service)
        assert left_of_changes(service) == 0

    def test_the_expected_number_is_changed(self, service: Service) -> None:
        assert patch(service, {'label': 'x'}, expect=2).json['changed'] == 2


@pytest.mark.usefixtures('client')
class TestRecords:
    """What is told about changes."""

    def test_a_change_tells_what_it_was(self, service: Service) -> None:
        change = patch(service, {'camera.gain': 2}, dry_run='false', expect=2)
        found = change_of(service, change.json['change'])
        assert found.pop('until') > found.pop('time')
        assert found == {
            '_id': change.json['change'],
            'kind': 'update',
            'state': 'done',
            'matched': 2,
            'changed': 2,
            'reverted': 0,
            'conflicts': 0,
            'conditions': {'filter': '{"label": "NG"}'},
            'patch': {'camera.gain': 2},
        }

    def test_a_deletion_has_no_patch(self, service: Service) -> None:
        delete(service)
        (found,) = changes(service)
        assert (found['kind'], found['patch']) == ('delete', None)

    def test_changes_are_listed_newest_first_in_pages(self, service: Service) -> None:
        made = [patch(service, {'n': n}).json['change'] for n in range(3)][::-1]
        assert [each['_id'] for each in changes(service)] == made
        assert [each['_id'] for each in changes(service, limit=1, skip=1)] == made[1:2]
        assert changes(service)[0] == change_of(service, made[0])

    def test_changes_of_another_collection_are_not_listed(
        self, service: Service
    ) -> None:
        change = patch(service, {'n': 1}).json['change']
        assert service.client.simulate_get('/collections/d/changes').json == []
        for path in ('', '/revert', '/finish'):
            method = 'POST' if path else 'GET'
            answer = service.client.simulate_request(
                method, f'/collections/d/changes/{change}{path}'
            )
            assert answer.status_code == 404

    @pytest.mark.parametrize(
        ('method', 'path', 'status'),
        [
            ('GET', CHANGES + '?limit=x', 400),
            ('GET', CHANGES + '?skip=-1', 400),
            ('GET', '/collections/a$b/changes', 400),
            ('GET', f'{CHANGES}/x', 400),
            ('POST', f'{CHANGES}/x/revert', 400),
            ('POST', f'{CHANGES}/x/finish', 400),
            ('GET', f'{CHANGES}/{"0" * 24}', 404),
            ('POST', f'{CHANGES}/{"0" * 24}/revert', 404),
            ('POST', f'{CHANGES}/{"0" * 24}/finish', 404),
            ('DELETE', f'{CHANGES}/{"0" * 24}', 405),
            ('POST', CHANGES, 405),
            ('GET', f'{CHANGES}/{"0" * 24}/revert', 405),
        ],
    )
    def test_what_cannot_be_is_refused(
        self, service: Service, method: str, path: str, status: int
    ) -> None:
        path, _, query_string = path.partition('?')
        answer = service.client.simulate_request(
            method, path, query_string=query_string
        )
        assert answer.status_code == status
        assert answer.json['description']

    def test_head_is_answered(self, service: Service) -> None:
        change = patch(service, {'n': 1}).json['change']
        for path in (CHANGES, f'{CHANGES}/{change}'):
            assert service.client.simulate_head(path).status_code == 200


@pytest.mark.usefixtures('client')
class TestRevert:
    """The way back from a PATCH."""

    @pytest.mark.parametrize('content_type', [JSON, MERGE])
    def test_all_is_as_it_was(self, service: Service, content_type: str) -> None:
        before = dump(service)
        body = {'label': None, 'x': {'y': [1, None, 2.0]}}
        change = patch(service, body, content_type=content_type).json['change']
        assert dump(service) != before
        answer = revert(service, change)
        assert answer.status_code == 200
        expected = {'change': change, 'reverted': 2, 'conflicts': []}
        assert answer.json == expected | {'conflict_count': 0}
        assert dump(service) == before
        assert change_of(service, change)['state'] == 'reverted'
        assert change_of(service, change)['reverted'] == 2

    def test_what_others_changed_since_is_left_and_listed(
        self, service: Service
    ) -> None:
        _, first, second = documents(service)
        change = patch(service, {'label': 'scratch'}).json['change']
        changed = service.client.simulate_patch(
            f'{IMAGES}/{first["_id"]}', json={'by': 'hand'}
        ).json
        answer = revert(service, change).json
        assert (answer['reverted'], answer['conflict_count']) == (1, 1)
        assert answer['conflicts'] == [first['_id']]
        assert documents(service)[1:] == [changed, second]
        assert change_of(service, change)['conflicts'] == 1

    def test_what_others_deleted_since_is_listed(self, service: Service) -> None:
        gone = documents(service)[1]['_id']
        change = patch(service, {'label': 'scratch'}).json['change']
        service.client.simulate_delete(f'{IMAGES}/{gone}')
        assert revert(service, change).json['conflicts'] == [gone]
        assert labels(service) == ['OK', 'NG']

    def test_again_is_harmless_and_tells_the_same(self, service: Service) -> None:
        change = patch(service, {'label': 'scratch'}).json['change']
        first = revert(service, change).json
        service.client.simulate_patch(
            f'{IMAGES}/{documents(service)[1]["_id"]}', json={'label': 'scratch'}
        )
        assert revert(service, change).json == first
        assert labels(service) == ['OK', 'scratch', 'NG']

    def test_changes_are_undone_from_the_last_to_the_first(
        self, service: Service
    ) -> None:
        before = dump(service)
        made = [patch(service, {'n': n}).json['change'] for n in range(3)]
        for change in reversed(made):
            assert revert(service, change).json['conflict_count'] == 0
        assert dump(service) == before

    def test_conflicts_can_be_tried_again(self, service: Service) -> None:
        before = dump(service)
        first = patch(service, {'label': 'x'}).json['change']
        second = delete(service, {'label': 'x'}).json['change']
        assert revert(service, first).json['conflict_count'] == 2
        assert revert(service, second).json['reverted'] == 2
        assert revert(service, first).json['reverted'] == 2
        assert dump(service) == before

    def test_a_thousand_conflicts_are_listed_at_most(self, service: Service) -> None:
        many = [{'_id': bson.ObjectId(), 'n': n} for n in range(1001)]
        service.database['c'].insert_many(many)
        change = patch(service, {'n': -1}, {'n': {'$gte': 0}}).json['change']
        service.database['c'].update_many({'n': -1}, {'$set': {'n': -2}})
        answer = revert(service, change).json
        assert (answer['reverted'], answer['conflict_count']) == (0, 1001)
        assert len(answer['conflicts']) == 1000

    def test_finish_does_nothing_to_what_is_done(self, service: Service) -> None:
        change = patch(service, {'label': 'x'}).json['change']
        assert finish(service, change).json == change_of(service, change)
        revert(service, change)
        assert finish(service, change).json['state'] == 'reverted'

    def test_what_is_worked_on_is_409(self, service: Service) -> None:
        change = patch(service, {'label': 'x'}).json['change']
        service.database['_service.changes'].update_one(
            {},
            [
                {
                    '$set': {
                        'state': 'running',
                        'lease.until': {'$add': ['$$NOW', 9999]},
                    }
                }
            ],
        )
        for answer in (revert(service, change), finish(service, change)):
            assert answer.status_code == 409
            assert 'worked on' in answer.json['description']
        run_out(service, 'lease.until')
        assert revert(service, change).status_code == 200


@pytest.mark.usefixtures('client')
class TestDelete:
    """DELETE of all images that match, and the way back."""

    def test_documents_go_and_files_stay(self, service: Service) -> None:
        files = service.stored_files()
        gone = documents(service)[1]['_id']
        answer = delete(service).json
        assert (answer['matched'], answer['changed']) == (2, 2)
        assert labels(service) == ['OK']
        path = f'{IMAGES}/{gone}/image'
        assert service.client.simulate_get(path).status_code == 404
        reconcile(service)
        assert service.stored_files() == files

    def test_all_comes_back_as_it_was(self, service: Service) -> None:
        sent = form(('label', 'NG'), ('image', jpeg(color='red'), 'b.jpg'))
        headers = {'Idempotency-Key': 'k'}
        image_id = service.client.post_form('c', sent, headers=headers).json['_id']
        before = dump(service)
        change = delete(service).json['change']
        expected = {'change': change, 'reverted': 3, 'conflicts': []}
        assert revert(service, change).json == expected | {'conflict_count': 0}
        assert dump(service) == before
        path = f'{IMAGES}/{image_id}/image'
        assert service.client.simulate_get(path).content == jpeg(color='red')
        again = service.client.post_form('c', sent, headers=headers)
        assert again.json['_id'] == image_id

    def test_a_key_of_a_deleted_image_may_be_used_anew_and_is_a_conflict_then(
        self, service: Service
    ) -> None:
        sent = form(('label', 'NG'), ('image', jpeg(), 'b.jpg'))
        headers = {'Idempotency-Key': 'k'}
        first = service.client.post_form('c', sent, headers=headers).json
        change = delete(service).json['change']
        second = service.client.post_form('c', sent, headers=headers).json
        assert second['_id'] != first['_id']
        answer = revert(service, change).json
        assert (answer['reverted'], answer['conflicts']) == (2, [first['_id']])
        service.client.simulate_delete(f'{IMAGES}/{second["_id"]}')
        assert revert(service, change).json['reverted'] == 3
        path = f'{IMAGES}/{first["_id"]}/image'
        assert service.client.simulate_get(path).content == jpeg()

    def test_an_image_without_its_file_does_not_come_back(
        self, service: Service
    ) -> None:
        gone = documents(service)[1]['_id']
        change = delete(service).json['change']
        next(p for p in service.stored_files() if p.stem == gone).unlink()
        assert revert(service, change).json['conflicts'] == [gone]
        assert labels(service) == ['OK', 'NG']

    def test_one_of_the_earlier_version_comes_back(self, service: Service) -> None:
        path = legacy_file(service)
        change = delete(service, {'image': 'old.jpg'}).json['change']
        assert path.exists()
        assert revert(service, change).json['reverted'] == 1
        assert service.database['c'].count_documents({'image': 'old.jpg'}) == 1

    def test_a_file_that_a_deleted_image_shares_stays(self, service: Service) -> None:
        path = legacy_file(service)
        other = service.database['c'].insert_one({'image': 'old.jpg'}).inserted_id
        change = delete(service, {'n': 1}).json['change']
        service.client.simulate_delete(f'{IMAGES}/{other}')
        assert path.exists()
        assert revert(service, change).json['reverted'] == 1

    def test_a_single_delete_is_immediate(self, service: Service) -> None:
        change = delete(service).json['change']
        revert(service, change)
        image_id = documents(service)[0]['_id']
        service.client.simulate_delete(f'{IMAGES}/{image_id}')
        assert image_id not in {path.stem for path in service.stored_files()}


@pytest.mark.usefixtures('client')
class TestExpiry:
    """What happens when a change can be reverted no more."""

    def expire(self, service: Service) -> None:
        run_out(service, 'until')
        reconcile(service)

    def test_files_of_deleted_images_go(self, service: Service) -> None:
        change = delete(service).json['change']
        self.expire(service)
        (kept,) = documents(service)
        assert [path.stem for path in service.stored_files()] == [kept['_id']]
        assert left_of_changes(service) == 0
        assert changes(service) == []
        for answer in (revert(service, change), finish(service, change)):
            assert answer.status_code == 404

    def test_changed_images_stay_as_they_are(self, service: Service) -> None:
        patch(service, {'label': 'x'})
        after, files = dump(service), service.stored_files()
        self.expire(service)
        assert (dump(service), service.stored_files()) == (after, files)
        assert left_of_changes(service) == 0

    def test_a_change_whose_time_is_over_is_409(self, service: Service) -> None:
        change = delete(service).json['change']
        run_out(service, 'until')
        answer = revert(service, change)
        assert answer.status_code == 409
        assert 'over' in answer.json['description']
        assert labels(service) == ['OK']

    def test_a_change_that_is_being_forgotten_is_409(self, service: Service) -> None:
        change = delete(service).json['change']
        service.parts.changes.mark_expired()
        assert revert(service, change).status_code == 200
        run_out(service, 'until')
        service.parts.changes.mark_expired()
        assert revert(service, change).status_code == 409
        assert changes(service) == []

    def test_images_that_came_back_keep_their_files(self, service: Service) -> None:
        files = service.stored_files()
        revert(service, delete(service).json['change'])
        self.expire(service)
        assert service.stored_files() == files
        assert left_of_changes(service) == 0

    def test_an_image_that_is_there_keeps_its_file(self, service: Service) -> None:
        files = service.stored_files()
        whole = list(service.database['c'].find(NG))
        delete(service)
        service.database['c'].insert_many(whole)
        self.expire(service)
        assert service.stored_files() == files

    @pytest.mark.parametrize('state', ['running', 'reverting'])
    def test_what_is_half_done_does_not_expire(
        self, service: Service, state: str
    ) -> None:
        files = service.stored_files()
        change = delete(service).json['change']
        service.database['_service.changes'].update_one({}, {'$set': {'state': state}})
        self.expire(service)
        assert service.stored_files() == files
        assert revert(service, change).json['reverted'] == 2
        assert labels(service) == ['OK', 'NG', 'NG']

    def test_what_is_held_does_not_expire(self, service: Service) -> None:
        change = delete(service).json['change']
        run_out(service, 'until')
        service.database['_service.changes'].update_one(
            {}, [{'$set': {'lease.until': {'$add': ['$$NOW', 9999]}}}]
        )
        reconcile(service)
        assert change_of(service, change)['state'] == 'done'

    def test_files_of_the_earlier_version_go_when_nobody_has_them(
        self, service: Service
    ) -> None:
        path = legacy_file(service)
        service.database['c'].insert_one({'image': 'old.jpg', 'n': 2})
        other = service.database['c'].insert_one({'image': 'old.jpg'}).inserted_id
        delete(service, {'n': {'$in': [1, 2]}})
        self.expire(service)
        assert path.exists()
        delete(service, {'_id': str(other)})
        self.expire(service)
        assert not path.exists()

    def test_two_of_the_earlier_version_with_one_file_go_together(
        self, service: Service
    ) -> None:
        path = legacy_file(service)
        service.database['c'].insert_one({'image': 'old.jpg', 'n': 1})
        delete(service, {'n': 1})
        self.expire(service)
        assert not path.exists()

    def test_a_change_that_never_began_goes(self, service: Service) -> None:
        change = patch(service, {'n': 1}).json['change']
        service.database['_service.changes'].update_one(
            {}, {'$set': {'state': 'selecting'}}
        )
        assert revert(service, change).status_code == 404
        assert changes(service) == []
        reconcile(service)
        assert left_of_changes(service) == 0

    def test_before_images_without_a_record_go(self, service: Service) -> None:
        delete(service)
        files = service.stored_files()
        service.database['_service.changes'].delete_many({})
        reconcile(service)
        assert left_of_changes(service) == 0
        assert service.stored_files() == files


@pytest.mark.usefixtures('client')
class TestDrop:
    """Collections that are dropped, and those that take their names."""

    def test_kept_files_go_with_the_collection(self, service: Service) -> None:
        change = delete(service).json['change']
        service.client.simulate_delete('/collections/c')
        assert service.stored_files() == []
        assert left_of_changes(service) == 0
        assert revert(service, change).status_code == 404

    def test_a_new_collection_of_the_name_has_changes_of_its_own(
        self, service: Service
    ) -> None:
        old = [delete(service).json['change'], patch(service, {'n': 1}, {}, all='true')]
        service.client.simulate_delete('/collections/c')
        service.client.upload(label='NG')
        new = delete(service).json['change']
        assert revert(service, old[0]).status_code == 404
        assert [each['_id'] for each in changes(service)] == [new]
        reconcile(service)
        assert revert(service, new).json['reverted'] == 1

    def test_nothing_is_put_back_into_a_new_collection(self, service: Service) -> None:
        change = delete(service).json['change']
        # As it is between two steps of a drop, and after a restore from a dump.
        service.database['c'].rename('old')
        answer = revert(service, change)
        assert answer.status_code == 409
        assert 'dropped' in answer.json['description']
        assert 'c' not in service.database.list_collection_names()
        service.client.upload(label='new')
        run_out(service, 'lease.until')
        assert revert(service, change).status_code == 409
        assert labels(service) == ['new']

    def test_a_drop_takes_a_change_from_whoever_works_on_it(
        self, service: Service
    ) -> None:
        change = delete(service).json['change']
        taken = service.parts.changes.take('c', change)
        service.client.simulate_delete('/collections/c')
        assert left_of_changes(service) == 0
        with pytest.raises(Exception, match='dropped'):
            service.parts.changes.renew(taken)


@pytest.mark.usefixtures('client')
def test_changes_do_not_show_as_collections(service: Service) -> None:
    delete(service)
    assert service.client.simulate_get('/collections').json == ['c']
    path = '/collections/_service.before/images'
    assert service.client.simulate_get(path).status_code == 400
