"""Archives of the earlier version: documents with their ids, times and files."""

import hashlib
import json
from typing import Any

import bson
import pytest

from tests.support.importing import (
    file_of,
    images_of,
    import_archive,
    import_body,
    reasons,
    with_manifest,
    zipped,
)
from tests.support.pictures import jpeg, png_header
from tests.support.service import Service

ID = '6565f0c2a1b2c3d4e5f60718'
TIME = '2021-03-04T05:06:07.089Z'
DOCUMENT = {'_id': ID, 'time': TIME, 'image': 'a.jpg', 'ai_prediction': 'OK'}
ARCHIVE = with_manifest([DOCUMENT], {'a.jpg': jpeg()})
OTHER = png_header(3, 4)
NOTHING = {'imported': 0, 'updated': 0, 'unchanged': 0, 'skipped': []}


def counts(answer: Any, **expected: int) -> bool:
    """Whether an import did so much, and left nothing out."""
    wanted = {'collection': 'c', **NOTHING, 'skipped_count': 0, **expected}
    assert answer.status_code == 200, answer.text
    return bool({k: v for k, v in answer.json.items() if k != 'change'} == wanted)


def test_documents_keep_their_id_and_time(service: Service) -> None:
    assert counts(import_archive(service, ARCHIVE), imported=1)
    (document,) = images_of(service)
    assert {name: document[name] for name in DOCUMENT} == DOCUMENT
    assert document['_file']['size'] == len(jpeg())
    assert file_of(service, ID) == jpeg()


@pytest.mark.parametrize(
    'content_type',
    [
        'application/zip',
        'application/x-zip-compressed',
        'application/x-zip',
        'application/octet-stream',
        'Application/Zip; x=y',
    ],
)
def test_the_archive_may_be_the_body(service: Service, content_type: str) -> None:
    assert counts(import_body(service, ARCHIVE, content_type), imported=1)


def test_a_second_import_changes_nothing(service: Service) -> None:
    import_archive(service, ARCHIVE)
    before = images_of(service)
    assert counts(import_archive(service, ARCHIVE), unchanged=1)
    assert images_of(service) == before


def test_an_id_that_is_there_is_updated(service: Service) -> None:
    import_archive(service, ARCHIVE)
    changed = {**DOCUMENT, 'ai_prediction': 'NG', 'time': '1999-01-01T00:00:00Z'}
    archive = with_manifest([changed], {'a.jpg': jpeg()})
    assert counts(import_archive(service, archive), updated=1)
    (document,) = images_of(service)
    assert (document['ai_prediction'], document['time']) == ('NG', TIME)


def test_bytes_under_an_id_never_change(service: Service) -> None:
    import_archive(service, ARCHIVE)
    before = images_of(service)
    answer = import_archive(
        service, with_manifest([{**DOCUMENT, 'x': 1}], {'a.jpg': OTHER})
    )
    assert 'never change' in reasons(answer)['a.jpg']
    assert answer.json['skipped'][0]['_id'] == ID
    assert (images_of(service), file_of(service, ID)) == (before, jpeg())


def test_values_that_json_has_no_type_for_stay_as_they_are(service: Service) -> None:
    import_archive(service, ARCHIVE)
    seen = bson.ObjectId()
    key = {'_id': bson.ObjectId(ID)}
    service.database.c.update_one(key, {'$set': {'seen': seen}})
    sent = {**DOCUMENT, 'seen': str(seen), 'x': 1}
    archive = with_manifest([sent], {'a.jpg': jpeg()})
    assert counts(import_archive(service, archive), updated=1)
    found = service.database.c.find_one(key)
    assert found and found['seen'] == seen


def test_an_image_of_the_earlier_version_is_updated(service: Service) -> None:
    key = bson.ObjectId(ID)
    service.database.c.insert_one({'_id': key, 'image': 'a.jpg'})
    folder = service.folder.images.folder / 'c'
    folder.mkdir()
    (folder / 'a.jpg').write_bytes(jpeg())
    assert counts(import_archive(service, ARCHIVE), updated=1)
    assert service.stored_files() == [folder / 'a.jpg']
    other = with_manifest([DOCUMENT], {'a.jpg': OTHER})
    assert 'never change' in reasons(import_archive(service, other))['a.jpg']


def test_a_missing_file_is_given_back(service: Service) -> None:
    import_archive(service, ARCHIVE)
    (path,) = service.stored_files()
    path.unlink()
    assert counts(import_archive(service, ARCHIVE), unchanged=1)
    assert file_of(service, ID) == jpeg()


def test_two_documents_of_one_name_are_two_images(service: Service) -> None:
    twin = {**DOCUMENT, '_id': ID[:-1] + '9'}
    answer = import_archive(service, with_manifest([DOCUMENT, twin], {'a.jpg': jpeg()}))
    assert counts(answer, imported=2)
    assert len(service.stored_files()) == 2


def test_a_file_whose_name_has_the_id_is_that_of_the_document(service: Service) -> None:
    other_id = ID[:-1] + '9'
    documents = [DOCUMENT, {**DOCUMENT, '_id': other_id}]
    files = {'a.jpg': jpeg(), f'a_{other_id}.jpg': OTHER}
    assert counts(import_archive(service, with_manifest(documents, files)), imported=2)
    assert (file_of(service, ID), file_of(service, other_id)) == (jpeg(), OTHER)


def test_a_file_of_another_name_is_found_by_its_bytes(service: Service) -> None:
    facts = {'size': len(OTHER), 'sha256': hashlib.sha256(OTHER).hexdigest()}
    documents = [DOCUMENT, {'_id': ID[:-1] + '9', 'image': 'x/a?.png', '_file': facts}]
    files = {'a.jpg': jpeg(), 'a_.png': OTHER}
    assert counts(import_archive(service, with_manifest(documents, files)), imported=2)
    names = {each['_id']: each['image'] for each in images_of(service)}
    assert names == {ID: 'a.jpg', ID[:-1] + '9': 'x/a?.png'}


def test_ids_and_times_in_extended_json_are_read(service: Service) -> None:
    document = {**DOCUMENT, '_id': {'$oid': ID}, 'time': {'$date': TIME}}
    import_archive(service, with_manifest([document], {'a.jpg': jpeg()}))
    (found,) = images_of(service)
    assert (found['_id'], found['time']) == (ID, TIME)


def test_a_document_without_a_time_has_that_of_its_id(service: Service) -> None:
    document = {'_id': ID, 'image': 'a.jpg'}
    import_archive(service, with_manifest([document], {'a.jpg': jpeg()}))
    assert images_of(service)[0]['time'] == '2023-11-28T13:53:06.000Z'


def test_documents_without_an_id_are_stored_once(service: Service) -> None:
    documents = [{'image': 'a.jpg', 'n': 1}, {'image': 'a.jpg', 'n': 2}]
    archive = with_manifest(documents, {'a.jpg': jpeg()})
    assert counts(import_archive(service, archive), imported=2)
    assert counts(import_archive(service, archive), unchanged=2)


@pytest.mark.parametrize(
    ('change', 'reason'),
    [
        ({'image': 'b.jpg'}, 'no file of this name'),
        ({'image': '../../a.jpg'}, 'no file of this name'),
        ({'image': '/etc/passwd'}, 'no file of this name'),
        ({'image': None}, 'no name of a file'),
        ({'image': 'x' * 2000}, 'MAX_NAME_BYTES'),
        ({'_id': '../x'}, 'not the id of an image'),
        ({'_id': 7}, 'not the id of an image'),
        ({'time': 'yesterday'}, 'cannot be read'),
        ({'time': '0001-01-01T00:00:00+09:00'}, 'cannot be read'),
        ({'$set': 1}, 'begins with "$"'),
        ({'a.b': 1}, 'has a dot'),
        ({'': 1}, 'empty name'),
        ({'_file': {'sha256': '0' * 64}}, 'other bytes'),
        ({'_file': {'sha256': 'x'}}, 'is none'),
        ({'n': 2**70}, '64 bits'),
        ({'n': float('nan')}, 'NaN'),
        ({'text': 'x' * 1024**2}, 'MAX_PROPERTIES_BYTES'),
        ({'values': [0] * 100_001}, '100,000'),
    ],
)
def test_a_document_that_cannot_be_stored_is_left_out(
    service: Service, change: dict[str, Any], reason: str
) -> None:
    archive = with_manifest([{**DOCUMENT, **change}], {'a.jpg': jpeg()})
    answer = import_archive(service, archive)
    assert answer.status_code == 200, answer.text
    assert reason in answer.json['skipped'][0]['reason']
    assert (service.stored_files(), images_of(service)) == ([], [])
    assert service.client.simulate_get('/collections').json == []


def test_what_no_document_names_is_told(service: Service) -> None:
    files = {'a.jpg': jpeg(), 'b.jpg': jpeg(), '.DS_Store': b'x', 'folder/': b''}
    answer = import_archive(service, with_manifest([DOCUMENT], files))
    assert reasons(answer) == {'b.jpg': 'No document names it.'}


def test_an_archive_may_have_one_folder_around_it(service: Service) -> None:
    manifest = json.dumps([DOCUMENT]).encode()
    files = {'out/mongodb_data.json': manifest, 'out/a.jpg': jpeg()}
    assert counts(import_archive(service, zipped(files)), imported=1)


@pytest.mark.parametrize(
    'manifest',
    [
        b'',
        b'{}',
        b'[',
        b'[{}',
        b'[{},]',
        b'[{} {}]',
        b'[{"_id":',
        b'null',
        b'[' * 100_000,
        b'[{"image": "\xff"}]',
        json.dumps([DOCUMENT]).encode()[:-1],
        b'["' + b'x' * 3_000_000,
    ],
)
def test_nothing_is_imported_with_a_broken_manifest(
    service: Service, manifest: bytes
) -> None:
    answer = import_body(
        service, zipped({'mongodb_data.json': manifest, 'a.jpg': jpeg()})
    )
    assert answer.status_code in (400, 413), answer.text
    assert 'mongodb_data.json' in answer.json['description']
    assert service.stored_files() == []


def test_a_manifest_may_have_any_blanks_and_a_mark(service: Service) -> None:
    text = json.dumps([DOCUMENT, {**DOCUMENT, '_id': ID[:-1] + '9'}], indent=' \t')
    manifest = ('\ufeff \r\n' + text + '\n').encode()
    archive = zipped({'mongodb_data.json': manifest, 'a.jpg': jpeg()})
    assert counts(import_archive(service, archive), imported=2)


def test_a_manifest_is_read_in_pieces(service: Service) -> None:
    documents = [{**DOCUMENT, '_id': f'{n:024x}', 'text': 'é' * 50_000} for n in (1, 2)]
    archive = with_manifest(documents, {'a.jpg': jpeg()})
    assert counts(import_archive(service, archive), imported=2)


def test_what_a_bulk_delete_keeps_is_reverted_and_not_imported(
    service: Service,
) -> None:
    import_archive(service, ARCHIVE)
    path = '/collections/c/images'
    change = service.client.simulate_delete(path, params={'all': 'true'}).json['change']
    answer = import_archive(service, ARCHIVE)
    assert 'revert that change' in reasons(answer)['a.jpg']
    revert = f'/collections/c/changes/{change}/revert'
    assert service.client.simulate_post(revert).json['reverted'] == 1
    assert file_of(service, ID) == jpeg()


def test_an_image_that_was_deleted_is_imported_again(service: Service) -> None:
    import_archive(service, ARCHIVE)
    path = f'/collections/c/images/{ID}'
    assert service.client.simulate_delete(path).status_code == 200
    assert counts(import_archive(service, ARCHIVE), imported=1)
    assert file_of(service, ID) == jpeg()


def test_a_collection_that_was_dropped_is_imported_again(service: Service) -> None:
    import_archive(service, ARCHIVE)
    assert service.client.simulate_delete('/collections/c').status_code == 200
    assert counts(import_archive(service, ARCHIVE), imported=1)
    assert file_of(service, ID) == jpeg()


def test_no_id_is_stored_while_a_drop_removes_files(service: Service) -> None:
    import_archive(service, ARCHIVE)
    service.parts.drops.begin('c')
    assert 'being deleted' in reasons(import_archive(service, ARCHIVE))['a.jpg']


def test_no_id_is_stored_of_which_a_write_is_unresolved(service: Service) -> None:
    write = service.parts.removal.unresolved_write('c', ID, 'image/jpeg')
    with service.parts.removal.announced(write):
        answer = import_archive(service, ARCHIVE)
    assert 'in a minute' in reasons(answer)['a.jpg']
    service.parts.removal.note(write)
    answer = import_archive(service, ARCHIVE)
    assert 'in a minute' in reasons(answer)['a.jpg']
    assert service.stored_files() == []


def test_a_dry_run_says_what_would_be_done(service: Service) -> None:
    import_archive(service, ARCHIVE)
    before = (service.stored_files(), list(service.database.c.find()))
    ids = [ID[:-1] + digit for digit in '789']
    documents = [
        {**DOCUMENT, 'x': 1},
        *({**DOCUMENT, '_id': image_id} for image_id in ids[:1]),
        {'image': 'a.jpg'},
        {**DOCUMENT, '_id': ids[2], 'image': 'b.jpg'},
    ]
    archive = with_manifest(documents, {'a.jpg': jpeg()})
    answer = import_archive(service, archive, dry_run='true')
    assert answer.json['dry_run'] is True
    told = {name: answer.json[name] for name in ('imported', 'updated', 'unchanged')}
    assert told == {'imported': 2, 'updated': 1, 'unchanged': 0}
    assert list(reasons(answer)) == ['b.jpg']
    assert (service.stored_files(), list(service.database.c.find())) == before
    real = import_archive(service, archive).json
    assert {name: real[name] for name in told} == told


def test_a_dry_run_makes_no_collection(service: Service) -> None:
    assert import_archive(service, ARCHIVE, dry_run='true').json['imported'] == 1
    assert service.client.simulate_get('/collections').json == []
