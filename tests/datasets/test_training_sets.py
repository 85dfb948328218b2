"""Training sets: what tables, samples and folders say of images becomes properties."""

import csv
import io
import json
import tarfile
from typing import Any

import pytest

from tests.support.importing import (
    file_of,
    images_of,
    import_archive,
    import_body,
    reasons,
    zipped,
)
from tests.support.pictures import jpeg, png_header
from tests.support.service import Service
from tests.support.tars import TAR, tarred

ID = '6565f0c2a1b2c3d4e5f60718'
TIME = '2021-03-04T05:06:07.089Z'
FILES = {'OK/a.jpg': jpeg(), 'NG/b.jpg': jpeg(5)}
SAMPLES = {
    'train/a.jpg': jpeg(),
    'train/a.json': json.dumps({'_id': ID, 'time': TIME, 'n': 1}).encode(),
    'train/a.cls': b'1',
    'b.cls': b'0',
    'b.jpg': jpeg(5),
    'CLASSES': b'["NG", "OK"]',
    'README': b'What this is.',
}


def lines(*rows: dict[str, Any]) -> bytes:
    return b''.join(json.dumps(row).encode() + b'\n' for row in rows)


def table(*rows: dict[str, Any], **files: bytes) -> bytes:
    return zipped({**FILES, 'metadata.jsonl': lines(*rows), **files})


def found(service: Service, *names: str) -> list[tuple[Any, ...]]:
    return [
        tuple(each.get(name) for name in ('image', *names))
        for each in images_of(service)
    ]


def test_rows_of_a_table_are_properties(service: Service) -> None:
    archive = table(
        {'file_name': 'OK/a.jpg', 'n': 1, 'score': 0.5, 'camera.gain': 3, 'x': None},
        {'file_name': 'NG/b.jpg', 'n': 2, 'tags': ['a', 'b']},
    )
    answer = import_archive(service, archive, ('line', '3'))
    assert (answer.json['imported'], answer.json['skipped']) == (2, [])
    names = ('n', 'score', 'camera', 'tags', 'line')
    assert found(service, *names) == [
        ('a.jpg', 1, 0.5, {'gain': 3}, None, '3'),
        ('b.jpg', 2, None, None, ['a', 'b'], '3'),
    ]
    assert 'x' not in images_of(service)[0]
    assert import_archive(service, archive, ('line', '3')).json['unchanged'] == 2


def test_a_table_in_a_folder_is_of_that_folder(service: Service) -> None:
    archive = zipped(
        {
            'train/a.jpg': jpeg(),
            'train/metadata.jsonl': lines({'file_name': 'a.jpg', 'n': 1}),
            'test/a.jpg': jpeg(5),
            'test/metadata.jsonl': lines({'file_name': 'a.jpg', 'n': 2}),
        }
    )
    import_archive(service, archive, split_by='split')
    assert found(service, 'n', 'split') == [('a.jpg', 1, 'train'), ('a.jpg', 2, 'test')]


def test_a_table_may_be_csv(service: Service) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows(
        [('file_name', 'label', 'note'), ('OK/a.jpg', 'OK', 'one\ntwo, three')]
    )
    writer.writerow(('NG/b.jpg', '', '検査'))
    archive = zipped(
        {**FILES, 'metadata.csv': b'\xef\xbb\xbf' + text.getvalue().encode()}
    )
    assert import_archive(service, archive).json['imported'] == 2
    assert found(service, 'label', 'note') == [
        ('a.jpg', 'OK', 'one\ntwo, three'),
        ('b.jpg', None, '検査'),
    ]


def test_images_that_no_row_names_are_imported_too(service: Service) -> None:
    import_archive(service, table({'file_name': 'OK/a.jpg', 'n': 1}), label_by='label')
    assert found(service, 'n', 'label') == [('a.jpg', 1, 'OK'), ('b.jpg', None, 'NG')]


BAD_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    'no file': ({'file_name': 'x.jpg'}, 'no file'),
    'no name': ({'n': 1}, 'file_name'),
    'elsewhere': ({'file_name': '../OK/a.jpg'}, 'no file'),
    'in the way': ({'file_name': 'OK/a.jpg', 'a': 1, 'a.b': 2}, 'fits no other'),
    'deep': ({'file_name': 'OK/a.jpg', 'a.' * 50 + 'b': 2}, 'fits no other'),
    'bad name': ({'file_name': 'OK/a.jpg', '$x': 2}, '$'),
    'bad id': ({'file_name': 'OK/a.jpg', '_id': 'x'}, 'id'),
}


@pytest.mark.parametrize('kind', BAD_ROWS)
def test_a_bad_row_is_left_out_with_a_reason(service: Service, kind: str) -> None:
    row, reason = BAD_ROWS[kind]
    answer = import_archive(service, table(row))
    assert reason in answer.json['skipped'][0]['reason']
    assert answer.json['imported'] == 2


def test_what_is_no_json_is_left_out(service: Service) -> None:
    content = b'{"file_name": "OK/a.jpg", "n": 1}\n\n{"x\n[]\n'
    answer = import_archive(service, zipped({**FILES, 'metadata.jsonl': content}))
    assert list(reasons(answer)) == ['metadata.jsonl, row 2', 'metadata.jsonl, row 3']
    assert answer.json['imported'] == 2


@pytest.mark.parametrize(
    'content',
    [b'{"file_name": "' + b'x' * 2 * 1024**2, b'\xff\xfe{\0'],
    ids=['long row', 'UTF-16'],
)
def test_a_table_that_cannot_be_read_stores_nothing(
    service: Service, content: bytes
) -> None:
    answer = import_archive(service, zipped({**FILES, 'metadata.jsonl': content}))
    assert answer.status_code in (400, 413)
    assert service.stored_files() == []


def export(service: Service, query: str) -> bytes:
    answer = service.client.simulate_get('/collections/c/export', query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.content


def fill(service: Service) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        {
            '_id': ID,
            'file_name': 'OK/a.jpg',
            'label': 'OK',
            'n': 1,
            'o.p': [1, 2],
            'm': 1,
        },
        {'file_name': 'NG/b.jpg', 'label': 'NG', 'n': 'two', 'score': None, 'm': 0.5},
    ]
    assert import_archive(service, table(*rows)).json['imported'] == 2
    return images_of(service)


@pytest.mark.parametrize(
    'query',
    ['', 'format=imagefolder', 'format=imagefolder&label_by=label&split=80/20'],
)
def test_an_own_export_changes_nothing_where_it_comes_from(
    service: Service, query: str
) -> None:
    before = fill(service)
    answer = import_archive(service, export(service, query))
    assert (answer.json['unchanged'], answer.json['skipped']) == (2, [])
    assert answer.json['change'] is None
    assert images_of(service) == before


@pytest.mark.parametrize(
    'query',
    ['', 'format=imagefolder', 'format=imagefolder&label_by=label&split=80/20'],
)
def test_an_own_export_brings_images_back(service: Service, query: str) -> None:
    before = fill(service)
    archive = export(service, query)
    service.client.simulate_delete('/collections/c')
    assert import_archive(service, archive).json['imported'] == 2
    for was, document in zip(before, images_of(service), strict=True):
        assert {name: document[name] for name in ('_id', 'time', 'image', '_file')} == {
            name: was[name] for name in ('_id', 'time', 'image', '_file')
        }
        assert (document['label'], str(document['n'])) == (was['label'], str(was['n']))


def test_an_export_of_files_brings_images_alone(service: Service) -> None:
    fill(service)
    answer = import_archive(service, export(service, 'format=files'))
    assert (answer.json['imported'], answer.json['skipped']) == (2, [])


def test_a_row_says_nothing_of_other_properties(service: Service) -> None:
    fill(service)
    archive = table({'_id': ID, 'file_name': 'OK/a.jpg', 'label': 'NG'})
    assert import_archive(service, archive).json['updated'] == 1
    document = next(each for each in images_of(service) if each['_id'] == ID)
    assert (document['label'], document['n']) == ('NG', 1)


def test_a_row_with_the_digest_of_other_bytes_is_left_out(service: Service) -> None:
    row = {'_id': ID, 'file_name': 'OK/a.jpg', '_file.sha256': '0' * 64}
    answer = import_archive(service, table(row))
    assert 'SHA-256' in reasons(answer)['OK/a.jpg']
    assert found(service) == [('b.jpg',)]


def test_bytes_under_an_id_never_change(service: Service) -> None:
    fill(service)
    archive = zipped(
        {
            'a.png': png_header(3, 4),
            'metadata.jsonl': lines({'_id': ID, 'file_name': 'a.png'}),
        }
    )
    assert 'never change' in reasons(import_archive(service, archive))['a.png']
    assert file_of(service, ID) == jpeg()


def test_samples_of_a_tar_are_images_with_properties(service: Service) -> None:
    answer = import_body(service, tarred(SAMPLES), TAR)
    assert (answer.json['imported'], answer.json['skipped']) == (2, [])
    images = {each['image']: each for each in images_of(service)}
    assert (images['a.jpg']['_id'], images['a.jpg']['time']) == (ID, TIME)
    assert [images[name].get('n') for name in ('a.jpg', 'b.jpg')] == [1, None]
    assert import_body(service, tarred(SAMPLES), TAR).json['unchanged'] == 2


def test_classes_of_samples_are_told_by_label_by(service: Service) -> None:
    import_archive(service, tarred(SAMPLES), label_by='label', split_by='split')
    assert sorted(found(service, 'label', 'split')) == [
        ('a.jpg', 'OK', 'train'),
        ('b.jpg', 'NG', None),
    ]


def test_classes_without_a_list_are_numbers_or_text(service: Service) -> None:
    files = {'a.jpg': jpeg(), 'a.cls': b'7\n', 'b.jpg': jpeg(5), 'b.cls': b'NG'}
    import_archive(service, tarred(files), label_by='label')
    assert found(service, 'label') == [('a.jpg', 7), ('b.jpg', 'NG')]


@pytest.mark.parametrize(
    'document', [b'[]', b'{"_id": 1}', b'{"a', b'{"$x": 1}', b'\xff']
)
def test_a_sample_whose_document_is_bad_is_left_out(
    service: Service, document: bytes
) -> None:
    files = {'a.jpg': jpeg(), 'a.json': document, 'b.jpg': jpeg(5)}
    answer = import_archive(service, tarred(files))
    assert list(reasons(answer)) == ['a.jpg']
    assert found(service) == [('b.jpg',)]


def test_what_belongs_to_no_image_is_told(service: Service) -> None:
    answer = import_archive(service, tarred({'a.jpg': jpeg(), 'b.json': b'{}'}))
    assert reasons(answer) == {'b.json': 'No image has this name.'}


def test_a_key_ends_with_the_first_dot(service: Service) -> None:
    files = {'x.y/a.left.jpg': jpeg(), 'x.y/a.json': b'{"n": 1}'}
    import_archive(service, tarred(files, tarfile.GNU_FORMAT))
    assert found(service, 'n') == [('a.left.jpg', 1)]


@pytest.mark.parametrize(
    ('path', 'label', 'split'),
    [
        ('train/OK/a.jpg', 'OK', 'train'),
        ('set/val/OK/a.jpg', 'OK', 'val'),
        ('Test/a.jpg', None, 'Test'),
        ('OK/a.jpg', 'OK', None),
        ('a.jpg', None, None),
    ],
)
def test_folders_are_classes_and_splits(
    service: Service, path: str, label: str | None, split: str | None
) -> None:
    import_archive(service, zipped({path: jpeg()}), label_by='label', split_by='set')
    assert found(service, 'label', 'set') == [('a.jpg', label, split)]


def test_a_split_is_a_class_where_nothing_is_said(service: Service) -> None:
    import_archive(service, zipped({'train/a.jpg': jpeg()}), label_by='label')
    assert found(service, 'label') == [('a.jpg', 'train')]


@pytest.mark.parametrize('name', ['_id', 'a.b', '$x'])
def test_what_no_property_can_be_called_is_no_split(
    service: Service, name: str
) -> None:
    answer = import_archive(service, zipped(FILES), split_by=name)
    assert (answer.status_code, service.stored_files()) == (400, [])
