"""Tar archives: plain ones are read as zips are, hostile ones are refused."""

import bz2
import gzip
import io
import lzma
import tarfile

import pytest

from tests.support.importing import (
    images_of,
    import_archive,
    import_body,
    reasons,
    zipped,
)
from tests.support.pictures import jpeg
from tests.support.service import Service, running
from tests.support.tars import TAR, tarred, with_entry, with_header

FILES = {'OK/a.jpg': jpeg(), 'NG/b.jpg': jpeg(5)}
PLAIN = tarred(FILES)
LONG = f'{"x" * 150}/{"y" * 90}.jpg'
FORMATS = {
    'ustar': tarfile.USTAR_FORMAT,
    'gnu': tarfile.GNU_FORMAT,
    'pax': tarfile.PAX_FORMAT,
}


def names(service: Service) -> list[str]:
    return [each['image'] for each in images_of(service)]


@pytest.mark.parametrize('kind', FORMATS)
def test_every_file_of_a_tar_is_an_image(service: Service, kind: str) -> None:
    answer = import_body(service, tarred(FILES, FORMATS[kind]), TAR)
    assert (answer.json['imported'], answer.json['skipped']) == (2, [])
    assert names(service) == ['a.jpg', 'b.jpg']
    assert import_body(service, PLAIN, TAR).json['unchanged'] == 2


@pytest.mark.parametrize('kind', FORMATS)
def test_long_and_japanese_names_are_read(service: Service, kind: str) -> None:
    answer = import_archive(
        service,
        tarred({LONG: jpeg(), '画像/写真.jpg': jpeg()}, FORMATS[kind]),
        label_by='label',
    )
    assert answer.json['imported'] == 2, answer.text
    found = [(each['image'], each['label']) for each in images_of(service)]
    assert found == [('y' * 90 + '.jpg', 'x' * 150), ('写真.jpg', '画像')]


def test_a_name_in_cp932_is_read(service: Service) -> None:
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode='w', format=tarfile.GNU_FORMAT, encoding='cp932'
    ) as archive:
        info = tarfile.TarInfo('ソース表.jpg')
        info.size = len(jpeg())
        archive.addfile(info, io.BytesIO(jpeg()))
    assert import_body(service, buffer.getvalue(), TAR).json['imported'] == 1
    assert names(service) == ['ソース表.jpg']


def test_a_tar_and_a_zip_have_the_same_paths(service: Service) -> None:
    import_archive(service, PLAIN)
    assert import_archive(service, zipped(FILES)).json['unchanged'] == 2
    packed_folder = tarred({f'./{name}': content for name, content in FILES.items()})
    assert import_archive(service, packed_folder).json['unchanged'] == 2


def test_a_manifest_may_be_in_a_tar(service: Service) -> None:
    manifest = b'[{"_id": "6565f0c2a1b2c3d4e5f60718", "image": "a.jpg", "n": 1}]'
    archive = tarred({'mongodb_data.json': manifest, 'a.jpg': jpeg()})
    assert import_archive(service, archive).json['imported'] == 1
    assert images_of(service)[0]['n'] == 1


def entry(kind: bytes, name: str = 'b.jpg', **changes: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in changes.items():
        setattr(info, key, value)
    return info


def file_called(name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = len(jpeg())
    return with_entry(info, jpeg())


LEFT_OUT = {
    'symbolic link': (with_entry(entry(tarfile.SYMTYPE, linkname='a.jpg')), 'a link'),
    'link': (with_entry(entry(tarfile.LNKTYPE, linkname='/etc/passwd')), 'a link'),
    'device': (with_entry(entry(tarfile.CHRTYPE)), 'a link'),
    'pipe': (with_entry(entry(tarfile.FIFOTYPE)), 'a link'),
    'unknown': (with_entry(entry(b'Z')), 'a link'),
    'up': (file_called('../b.jpg'), 'out of the archive'),
    'inside up': (file_called('x/../../b.jpg'), 'out of the archive'),
    'root': (file_called('/etc/b.jpg'), 'out of the archive'),
    'drive': (file_called('C:\\b.jpg'), 'out of the archive'),
    'empty': (with_entry(tarfile.TarInfo('b.jpg')), 'not an image'),
}


@pytest.mark.parametrize('kind', LEFT_OUT)
def test_one_bad_entry_is_left_out_with_a_reason(service: Service, kind: str) -> None:
    archive, reason = LEFT_OUT[kind]
    answer = import_body(service, archive, TAR)
    assert answer.status_code == 200, answer.text
    (told,) = reasons(answer).values()
    assert reason in told
    assert names(service) == ['a.jpg']
    assert len(service.stored_files()) == 1


def test_of_files_with_one_name_none_is_taken(service: Service) -> None:
    answer = import_body(service, file_called('a.jpg'), TAR)
    assert 'several files' in reasons(answer)['a.jpg']
    assert service.stored_files() == []


REFUSED = {
    'wrong sum': file_called('b.jpg').replace(b'b.jpg', b'c.jpg'),
    'negative size': with_header(file_called('b.jpg'), 124, b'\xff' * 12),
    'huge size': with_header(file_called('b.jpg'), 124, b'\x80' + b'\x7f' * 11),
    'size beyond the end': with_header(file_called('b.jpg'), 124, b'00000777777\0'),
    'no size': with_header(file_called('b.jpg'), 124, b'xxxxxxxxxxxx'),
    'no end': PLAIN[:2048],
    'bytes behind': PLAIN[:2048] + b'x' * 512,
}


@pytest.mark.parametrize('kind', REFUSED)
def test_a_damaged_tar_is_400(service: Service, kind: str) -> None:
    answer = import_body(service, REFUSED[kind], TAR)
    assert (answer.status_code, images_of(service)) == (400, []), answer.text


def test_a_header_that_is_too_long_is_not_read(service: Service) -> None:
    archive = tarred({'x' * 2 * 1024**2: jpeg()}, tarfile.GNU_FORMAT)
    answer = import_body(service, archive, TAR)
    assert (answer.status_code, service.stored_files()) == (400, [])
    assert 'too long' in answer.json['description']


@pytest.mark.parametrize('records', [b'x', b'9 path', b'99999999 path=x\n', b'0 a=b\n'])
def test_an_odd_extended_header_is_400(service: Service, records: bytes) -> None:
    info = entry(tarfile.XHDTYPE)
    info.size = len(records)
    answer = import_body(service, with_entry(info, records), TAR)
    assert (answer.status_code, service.stored_files()) == (400, [])


@pytest.mark.parametrize('pack', [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_tars_are_415_with_what_to_do(
    service: Service, pack: object
) -> None:
    assert callable(pack)
    answer = import_body(service, pack(PLAIN), TAR)
    assert (answer.status_code, answer.json['title']) == (415, 'Not an archive')
    assert 'not compressed' in answer.json['description']


def test_a_tar_has_a_limit_of_its_own(service: Service) -> None:
    with running(service.settings, max_archive_bytes=len(PLAIN) - 1) as limited:
        assert import_body(limited, PLAIN, TAR).status_code == 413


def test_any_cut_and_any_changed_byte_leaves_nothing_half_stored(
    service: Service,
) -> None:
    archive = tarred(FILES)[:4096]
    for at in range(0, len(archive), 61):
        changed = archive[:at] + bytes([archive[at] ^ 255]) + archive[at + 1 :]
        for sent in (archive[:at], changed):
            answer = import_body(service, sent, TAR)
            assert answer.status_code in (200, 400, 413, 415), answer.text
    assert len(service.stored_files()) == len(images_of(service))
