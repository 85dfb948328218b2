"""Exports as a tar of samples, read by Python's `tarfile` and by WebDataset itself."""

import io
import json
import shutil
import subprocess
import tarfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import exported, upload, upload_numbered
from tests.support.pictures import every_format, jpeg
from tests.support.service import Service

FORMAT = 'format=webdataset'
OLDEST_FIRST = f'{FORMAT}&sort=time'


def tar(service: Service, query: str = OLDEST_FIRST) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(exported(service, query)))


def content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file
    return file.read()


def samples(service: Service, folder: Path, query: str) -> list[dict[str, Any]]:
    """What WebDataset makes of an export, decoded as it decodes by itself."""
    webdataset = pytest.importorskip('webdataset')
    path = folder / 'c.tar'
    path.write_bytes(exported(service, query))
    found = webdataset.WebDataset(str(path), shardshuffle=False, empty_check=False)
    return [*found.decode('pil')]


def test_each_image_is_followed_by_its_document_and_its_class(
    service: Service,
) -> None:
    document = upload_numbered(service, 1, label='OK')
    upload_numbered(service, 2, label='NG')
    archive = tar(service, f'{OLDEST_FIRST}&label_by=label')
    assert archive.getnames() == [
        *('1.jpg', '1.json', '1.cls', '2.jpg', '2.json', '2.cls'),
        *('CLASSES', 'README'),
    ]
    assert content(archive, '1.jpg') == jpeg() + b'\0\1'
    assert json.loads(content(archive, '1.json')) == document
    assert json.loads(content(archive, 'CLASSES')) == ['NG', 'OK']
    assert content(archive, '1.cls') == b'1'


def test_webdataset_reads_pictures_documents_and_classes(
    service: Service, tmp_path: Path
) -> None:
    documents = [upload_numbered(service, n, label='ABC'[n]) for n in range(3)]
    found = samples(service, tmp_path, f'{OLDEST_FIRST}&label_by=label')
    assert [each['jpg'].size for each in found] == [(64, 48)] * 3
    assert [each['json'] for each in found] == documents
    assert [each['cls'] for each in found] == [0, 1, 2]


def test_webdataset_finds_no_sample_where_nothing_matches(
    service: Service, tmp_path: Path
) -> None:
    upload_numbered(service, 1)
    assert samples(service, tmp_path, f'{FORMAT}&n=7') == []


@pytest.mark.parametrize(
    ('sent', 'key'),
    [
        ('a.b.jpg', 'a_b'),
        ('傷 é.jpg', '傷 é'),
        ('.jpg', '_jpg'),
        ('a', 'a'),
        ('../x/c.tar.gz', 'c_tar'),
        ('con.jpg', '_con'),
        ('x' * 300 + '.jpg', 'x' * 240),
        ('傷' * 100 + '.jpg', '傷' * 80),
        ('README.jpg', 'README'),
    ],
)
def test_keys_have_no_dot_and_lead_nowhere(
    service: Service, sent: str, key: str
) -> None:
    upload(service, sent)
    assert tar(service).getnames() == [f'{key}.jpg', f'{key}.json', 'README']


def test_images_of_one_name_are_two_samples(service: Service, tmp_path: Path) -> None:
    first = upload(service, 'a.jpg')
    other = upload(service, 'A.png', every_format()['png'][0])
    assert tar(service).getnames()[:4] == [
        *('a.jpg', 'a.json'),
        *(f'A_{other["_id"]}.png', f'A_{other["_id"]}.json'),
    ]
    found = samples(service, tmp_path, OLDEST_FIRST)
    assert [each['json']['_id'] for each in found] == [first['_id'], other['_id']]


def test_splits_are_folders_and_as_those_of_imagefolder(service: Service) -> None:
    for number in range(12):
        upload_numbered(service, number, work=number % 4)
    archive = tar(service, f'{FORMAT}&split=1/1&group_by=work')
    of_work: dict[int, set[str]] = {}
    for name in archive.getnames():
        if name.endswith('.json'):
            work = json.loads(content(archive, name))['work']
            of_work.setdefault(work, set()).add(name.partition('/')[0])
    assert all(len(splits) == 1 for splits in of_work.values())
    assert set.union(*of_work.values()) == {'train', 'val'}


def test_the_readme_says_what_is_there_and_what_is_not(service: Service) -> None:
    upload_numbered(service, 1, label='OK')
    missing = upload_numbered(service, 2)
    archive = tar(service, f'{FORMAT}&label_by=label')
    readme = content(archive, 'README').decode()
    assert 'Conditions: format=webdataset&label_by=label\n' in readme
    assert '  .: 1\n' in readme
    assert f'left out\t"{missing["_id"]}"\t"2.jpg"\t"it has no label"' in readme
    assert 'SHA-256 of the lines "SHA256  PATH" of all images: ' in readme


def test_entries_have_the_times_of_their_images(service: Service) -> None:
    upload_numbered(service, 1)
    archive = tar(service)
    time = json.loads(content(archive, '1.json'))['time']
    (seconds,) = {archive.getmember(name).mtime for name in ('1.jpg', '1.json')}
    assert int(datetime.fromisoformat(time).timestamp()) == seconds


@pytest.mark.skipif(shutil.which('tar') is None, reason='needs tar')
def test_the_program_tar_unpacks_it(service: Service, tmp_path: Path) -> None:
    upload(service, '傷.jpg')
    upload(service, 'x' * 230 + '.jpg', jpeg(32, 32))
    (tmp_path / 'c.tar').write_bytes(exported(service, FORMAT))
    done = subprocess.run(
        ['tar', '-xf', 'c.tar'], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stderr == b''
    assert (tmp_path / '傷.jpg').read_bytes() == jpeg()
    assert (tmp_path / ('x' * 230 + '.jpg')).read_bytes() == jpeg(32, 32)


def test_it_is_a_tar_of_that_name(service: Service) -> None:
    upload_numbered(service, 1)
    answer = service.client.simulate_get('/collections/c/export', query_string=FORMAT)
    assert answer.headers['Content-Type'] == 'application/x-tar'
    assert 'filename="c.tar"' in answer.headers['Content-Disposition']
    assert len(answer.content) % tarfile.RECORDSIZE == 0
