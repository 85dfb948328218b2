"""The archive of the earlier version: everything of a collection in one file."""

import contextlib
import json
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from falcon_images.datasets.layouts.flat_zip import FlatZip
from falcon_images.datasets.run import Request
from falcon_images.metadata.documents import Query
from falcon_images.settings import Settings
from tests.support.archives import (
    documents_of,
    export,
    images_of,
    report_of,
    rows_of,
    unzip_finds_it_sound,
    upload,
)
from tests.support.pictures import jpeg
from tests.support.service import Service, running

EXPORT = '/collections/c/export'


def different(number: int) -> bytes:
    return jpeg() + bytes([number])


def listed(service: Service) -> Any:
    return service.client.simulate_get('/collections/c/images').json


def test_it_has_every_image_under_its_name(service: Service) -> None:
    sent = {'a.jpg': different(1), '検査 1.jpg': different(2)}
    for name, content in sent.items():
        upload(service, name, content)
    assert images_of(export(service)) == sent


def test_it_has_the_documents_as_a_list_has_them(service: Service) -> None:
    for number in range(3):
        upload(service, f'{number}.jpg', json=json.dumps({'score': number / 2}))
    assert documents_of(export(service)) == listed(service)


def test_it_has_a_sheet_with_a_column_for_every_name(service: Service) -> None:
    upload(service, 'a.jpg', json=json.dumps({'label': 'OK', 'box': {'x': 1}}))
    upload(service, 'b.jpg', json=json.dumps({'score': 0.5, 'ok': True}))
    second, first = rows_of(export(service).read('mongodb_data.xlsx'))
    assert (first['label'], first['box.x'], first['image']) == ('OK', 1, 'a.jpg')
    assert (second['score'], second['ok']) == (0.5, True)
    assert list(first)[:3] == ['_id', 'time', 'image']
    assert first['time'] == listed(service)[1]['time']


def test_nothing_else_is_in_it(service: Service) -> None:
    upload(service, 'a.jpg')
    assert sorted(export(service).namelist()) == [
        *('a.jpg', 'mongodb_data.json', 'mongodb_data.xlsx'),
        'mongodb_data_report.txt',
    ]


def test_two_images_of_a_name_are_both_there(service: Service) -> None:
    first = upload(service, 'a.jpg', different(1))
    second = upload(service, 'A.jpg', different(2))
    archive = export(service)
    renamed = f'a_{first["_id"]}.jpg'
    assert images_of(archive) == {'A.jpg': different(2), renamed: different(1)}
    assert [each['_id'] for each in documents_of(archive)] == [
        *(second['_id'], first['_id'])
    ]
    assert f'renamed\t"{first["_id"]}"\t"a.jpg"\t"{renamed}"\n' in report_of(archive)


@pytest.mark.parametrize('name', ['../../x.jpg', '..\\x.jpg', 'C:\\x.jpg', '/x.jpg'])
def test_no_name_leads_elsewhere(service: Service, name: str) -> None:
    upload(service, 'c.jpg')
    service.database['c'].update_one({}, {'$set': {'image': name}})
    assert list(images_of(export(service))) == ['x.jpg']


def test_an_image_that_is_called_like_the_documents_does_not_hide_them(
    service: Service,
) -> None:
    upload(service, 'mongodb_data.json', different(1))
    archive = export(service)
    assert images_of(archive) == {'_mongodb_data.json': different(1)}
    assert len(documents_of(archive)) == 1


def file_of(service: Service) -> Path:
    (path,) = service.stored_files()
    return path


@pytest.mark.parametrize('size', [10, 5 * 1024**2])
@pytest.mark.parametrize('is_missing', [True, False])
def test_a_file_that_is_missing_or_damaged_is_left_out_and_told(
    service: Service,
    is_missing: bool,
    size: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    document = upload(service, 'a.jpg', jpeg() + bytes(size))
    path = file_of(service)
    if is_missing:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b'x')
    upload(service, 'b.jpg')
    with caplog.at_level(logging.WARNING):
        archive = export(service)
    assert list(images_of(archive)) == ['b.jpg']
    assert len(documents_of(archive)) == 2
    assert 'Images left out: 1\n' in report_of(archive)
    assert f'left out\t"{document["_id"]}"\t"a.jpg"\t"the file' in report_of(archive)
    assert 'left out 1 images' in caplog.text


def test_a_large_file_is_whole(service: Service, tmp_path: Path) -> None:
    content = jpeg() + bytes(range(256)) * 40_000
    upload(service, 'a.jpg', content)
    archive = export(service)
    assert images_of(archive) == {'a.jpg': content}


def test_files_of_the_earlier_version_are_there(service: Service) -> None:
    folder = service.settings.uploads_directory / 'images' / 'c'
    folder.mkdir(parents=True)
    (folder / 'old.jpg').write_bytes(jpeg())
    service.database['c'].insert_one({'image': 'old.jpg', 'label': 'OK'})
    assert images_of(export(service)) == {'old.jpg': jpeg()}


@pytest.fixture
def five(service: Service) -> Service:
    for number in range(5):
        upload(service, f'{number}.jpg', json=json.dumps({'n': number, 'a': {'b': 1}}))
    return service


@pytest.mark.parametrize(
    ('query', 'names'),
    [
        ('n=3', ['3.jpg']),
        ('min_n=3', ['4.jpg', '3.jpg']),
        ('sort=n&limit=2', ['0.jpg', '1.jpg']),
        ('limit=2&skip=1', ['3.jpg', '2.jpg']),
        ('filter={"n":{"$lt":1}}', ['0.jpg']),
        ('n=77', []),
    ],
)
def test_it_follows_the_query_of_a_list(
    five: Service, query: str, names: list[str]
) -> None:
    archive = export(five, query)
    assert [document['image'] for document in documents_of(archive)] == names
    assert sorted(images_of(archive)) == sorted(names)


@pytest.mark.parametrize('fields', ['n', 'a.b', 'image', '_file.size,n', '_file'])
def test_documents_have_the_fields_that_are_asked_for(
    five: Service, fields: str
) -> None:
    archive = export(five, f'fields={fields}')
    answer = five.client.simulate_get(
        '/collections/c/images', query_string=f'fields={fields}'
    )
    assert documents_of(archive) == answer.json
    assert len(images_of(archive)) == 5


@pytest.mark.parametrize(
    'query', ['cursor=x', 'format=rar', 'limit=x', 'filter={', 'sort={', 'a=%FF']
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_a_query_that_cannot_be_used_is_400(
    five: Service, query: str, method: str
) -> None:
    answer = five.client.simulate_request(method, EXPORT, query_string=query)
    assert answer.status_code == 400


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_an_unknown_collection_is_404(service: Service, method: str) -> None:
    assert service.client.simulate_request(method, EXPORT).status_code == 404


@pytest.mark.parametrize('method', ['GET', 'HEAD'])
@pytest.mark.parametrize(
    ('name', 'disposition'),
    [
        ('line 1', 'attachment; filename="line 1.zip"'),
        (
            '検査',
            'attachment; filename="images.zip"; '
            f"filename*=UTF-8''{quote('検査')}.zip",
        ),
    ],
)
def test_the_headers_are_those_of_a_download(
    service: Service, method: str, name: str, disposition: str
) -> None:
    service.client.upload(name)
    answer = service.client.simulate_request(method, f'/collections/{name}/export')
    assert answer.headers['Content-Type'] == 'application/zip'
    assert answer.headers['Content-Disposition'] == disposition
    assert answer.headers['Accept-Ranges'] == 'none'
    assert 'Content-Length' not in answer.headers


def test_head_reads_no_file(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    upload(service, 'a.jpg')
    file_of(service).unlink()
    assert service.client.simulate_head(EXPORT).status_code == 200
    assert 'left out' not in caplog.text


def test_unzip_finds_it_sound(five: Service, tmp_path: Path) -> None:
    content = five.client.simulate_get(EXPORT).content
    assert unzip_finds_it_sound(content, tmp_path)


def test_the_report_has_the_conditions_but_no_token(five: Service) -> None:
    report = report_of(export(five, 'n=3&token=secret'))
    assert 'Conditions: n=3\n' in report
    assert 'Documents: 1\n' in report
    assert 'secret' not in report


@pytest.fixture
def one_at_once(settings: Settings) -> Iterator[Service]:
    with running(settings, max_exports=1) as service:
        yield service


def test_another_export_is_refused_while_one_is_made(one_at_once: Service) -> None:
    service = one_at_once
    upload(service, 'a.jpg')
    request = Request('c', '')
    body = service.parts.exports.begin(request, Query(), FlatZip())
    with contextlib.closing(body):
        answer = service.client.simulate_get(EXPORT)
        assert answer.status_code == 503
        assert answer.headers['Retry-After'] == '5'
        assert 'MAX_EXPORTS' in answer.json['description']
        assert service.client.simulate_head(EXPORT).status_code == 200
    assert export(service).namelist()


def test_a_refused_export_leaves_its_place(one_at_once: Service) -> None:
    upload(one_at_once, 'a.jpg')
    answer = one_at_once.client.simulate_get(EXPORT, query_string='filter={"$x":1}')
    assert answer.status_code == 400
    assert export(one_at_once).namelist()


def test_files_are_the_images_alone(five: Service) -> None:
    archive = export(five, 'format=files&min_n=3')
    assert archive.namelist() == ['4.jpg', '3.jpg', 'README.txt']
    assert b'Documents: 2\n' in archive.read('README.txt')


def test_a_text_too_long_for_a_cell_is_in_the_json_and_told(service: Service) -> None:
    long = 'x' * 40_000
    document = upload(service, 'a.jpg', remark=long)
    archive: zipfile.ZipFile = export(service)
    assert documents_of(archive)[0]['remark'] == long
    assert 'remark' not in rows_of(archive.read('mongodb_data.xlsx'))[0]
    line = f'cell too long for the sheet\t"{document["_id"]}"\t"remark"\n'
    assert line in report_of(archive)
