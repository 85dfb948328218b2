"""Hostile, damaged and odd archives: refused, or left out with a reason."""

import contextlib
import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from falcon_images.datasets import archive_reader
from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.archives.entry_list import EntryList
from falcon_images.datasets.archives.zip_entries import (
    directory_entries,
    find_directory,
    unpacked,
)
from falcon_images.errors import InvalidRequestError
from tests.support.importing import (
    images_of,
    import_archive,
    import_body,
    reasons,
    with_manifest,
    with_raw_names,
    zipped,
)
from tests.support.pictures import jpeg
from tests.support.service import Service, running

PLAIN = zipped({'a.jpg': jpeg()})
DIRECTORY = b'PK\1\2'
LOCAL = b'PK\3\4'


def with_info(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
    """An archive of a picture, and of another entry that is somehow different."""
    info = zipfile.ZipInfo('b.jpg')
    info.compress_type = zipfile.ZIP_DEFLATED
    change(info)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        archive.writestr('a.jpg', jpeg())
        archive.writestr(info, jpeg(), info.compress_type)
    return buffer.getvalue()


def in_directory(archive: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite bytes of the last entry in the directory of an archive."""
    at = archive.rindex(DIRECTORY) + offset
    return archive[:at] + value + archive[at + len(value) :]


def a_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o120777 << 16


def a_device(info: zipfile.ZipInfo) -> None:
    info.external_attr = 0o060666 << 16


def by_lzma(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_LZMA


def two_entries() -> bytes:
    return with_info(lambda info: None)


def damaged() -> bytes:
    archive = two_entries()
    at = archive.rindex(LOCAL) + 60
    return archive[:at] + bytes([archive[at] ^ 255]) + archive[at + 1 :]


LEFT_OUT = {
    'link': (with_info(a_link), 'a link'),
    'device': (with_info(a_device), 'a link'),
    'method': (with_info(by_lzma), 'Deflate'),
    'encrypted': (in_directory(two_entries(), 8, b'\1\0'), 'encrypted'),
    'damaged': (damaged(), 'damaged'),
    'longer than it says': (in_directory(two_entries(), 24, b'\x50\0\0\0'), 'damaged'),
    'shorter than it says': (
        in_directory(two_entries(), 24, b'\xff\xff\0\0'),
        'damaged',
    ),
    'other check': (in_directory(two_entries(), 16, b'\0\0\0\0'), 'damaged'),
    'other name': (in_directory(two_entries(), 46, b'c.jpg'), 'damaged'),
    'nowhere': (in_directory(two_entries(), 42, b'\0\0\0\x7f'), 'damaged'),
    'up': (zipped({'a.jpg': jpeg(), '../b.jpg': jpeg()}), 'out of the archive'),
    'inside up': (zipped({'a.jpg': jpeg(), 'x/../../b.jpg': jpeg()}), 'out of the'),
    'root': (zipped({'a.jpg': jpeg(), '/etc/b.jpg': jpeg()}), 'out of the archive'),
    'drive': (zipped({'a.jpg': jpeg(), 'C:\\b.jpg': jpeg()}), 'out of the archive'),
    'windows up': (zipped({'a.jpg': jpeg(), '..\\b.jpg': jpeg()}), 'out of the'),
    'no image': (zipped({'a.jpg': jpeg(), 'x.html': b'<script>'}), 'not an image'),
    'nested': (zipped({'a.jpg': jpeg(), 'x.zip': PLAIN}), 'not an image'),
    'empty': (zipped({'a.jpg': jpeg(), 'x.jpg': b''}), 'not an image'),
    'long name': (zipped({'a.jpg': jpeg(), 'x' * 2000: jpeg()}), 'MAX_NAME_BYTES'),
}


@pytest.mark.parametrize('kind', LEFT_OUT)
def test_one_bad_entry_is_left_out_with_a_reason(service: Service, kind: str) -> None:
    archive, reason = LEFT_OUT[kind]
    answer = import_archive(service, archive)
    assert answer.status_code == 200, answer.text
    (told,) = reasons(answer).values()
    assert reason in told
    assert [each['image'] for each in images_of(service)] == ['a.jpg']
    assert len(service.stored_files()) == 1


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_of_files_with_one_name_none_is_taken(service: Service) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        for size in (20, 30):
            archive.writestr('a.jpg', jpeg(size))
    answer = import_archive(service, buffer.getvalue())
    assert 'several files' in reasons(answer)['a.jpg']
    assert service.stored_files() == []


@pytest.mark.parametrize('length', [3, 30, len(PLAIN) // 2, len(PLAIN) - 1])
def test_an_archive_that_is_cut_off_is_400(service: Service, length: int) -> None:
    assert import_archive(service, PLAIN[:length]).status_code == 400
    assert service.stored_files() == []


@pytest.mark.parametrize(
    'content', [b'', b'x', jpeg(), b'\x1f\x8b' + bytes(50), b'Rar!\x1a\7\0', b'7z\xbc']
)
def test_what_is_no_archive_is_415(service: Service, content: bytes) -> None:
    answer = import_archive(service, content)
    assert (answer.status_code, answer.json['title']) == (415, 'Not an archive')
    assert import_body(service, content).status_code == 415


def overlapping() -> bytes:
    """A bomb: many entries that are the same bytes of the archive."""
    archive = PLAIN
    start = archive.index(DIRECTORY)
    end = archive.index(b'PK\5\6')
    entries = archive[start:end] * 100
    record = struct.pack('<4s4H2IH', b'PK\5\6', 0, 0, 100, 100, len(entries), start, 0)
    return archive[:start] + entries + record


def test_entries_that_share_bytes_are_400(service: Service) -> None:
    answer = import_archive(service, overlapping())
    assert answer.status_code == 400
    assert 'overlap' in answer.text or 'damaged' in answer.text


def test_an_archive_that_unpacks_to_too_much_is_413(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_reader, '_MIN_UNPACKED_BYTES', 1000)
    answer = import_archive(service, zipped({'a.ppm': b'P6\n' + bytes(10**6)}))
    assert answer.status_code == 413
    assert '100 times' in answer.json['description']


def test_an_archive_with_too_many_files_is_413(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_reader, 'MAX_ENTRIES', 2)
    archive = zipped({f'{number}.jpg': jpeg() for number in range(3)})
    assert import_archive(service, archive).status_code == 413


def in_end(offset: int, value: bytes) -> bytes:
    """An archive of which the record at the end has other bytes."""
    archive = two_entries()
    at = archive.rindex(b'PK\5\6') + offset
    return archive[:at] + value + archive[at + len(value) :]


def with_deflated(packed: bytes, size: int) -> bytes:
    """An archive of which the second entry has these bytes, and says that size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        archive.writestr('a.jpg', jpeg())
        archive.writestr('b.jpg', packed)
    found = buffer.getvalue()
    deflated = struct.pack('<H', zipfile.ZIP_DEFLATED)
    found = in_directory(found, 10, deflated)
    found = in_directory(found, 16, struct.pack('<L', zlib.crc32(jpeg())))
    return in_directory(found, 24, struct.pack('<L', size))


def deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


LIES = {
    'more entries': in_end(8, b'\3\0\3\0'),
    'fewer entries': in_end(8, b'\1\0\1\0'),
    'entries here': in_end(8, b'\1\0'),
    'other disks': in_end(4, b'\1\0'),
    'longer directory': in_end(12, b'\xff\0\0\0'),
    'shorter directory': in_end(12, b'\x10\0\0\0'),
    'directory far away': in_end(16, b'\xff\xff\0\0'),
    'sizes of 64 bits': in_end(12, b'\xff\xff\xff\xff'),
    'no field of 64 bits': in_directory(two_entries(), 24, b'\xff' * 4),
    'longer name': in_directory(two_entries(), 28, b'\xff\0'),
    'longer comment': in_directory(two_entries(), 32, b'\xff\0'),
}


@pytest.mark.parametrize('kind', LIES)
def test_an_archive_that_lies_of_its_directory_is_400(
    service: Service, kind: str
) -> None:
    answer = import_body(service, LIES[kind])
    assert (answer.status_code, images_of(service)) == (400, [])
    assert 'damaged' in answer.json['description']


ODD_STREAMS = {
    'bytes behind it': with_deflated(deflated(jpeg()) + b'x', len(jpeg())),
    'no end': with_deflated(deflated(jpeg())[:-3], len(jpeg())),
    'more than it says': with_deflated(deflated(jpeg() + bytes(10**6)), len(jpeg())),
    'less than it says': with_deflated(deflated(jpeg()[:-1]), len(jpeg())),
    'nothing': with_deflated(b'', len(jpeg())),
}


@pytest.mark.parametrize('kind', ODD_STREAMS)
def test_a_compressed_entry_is_exactly_what_it_says(
    service: Service, kind: str
) -> None:
    answer = import_body(service, ODD_STREAMS[kind])
    assert 'damaged' in reasons(answer)['b.jpg']
    assert [each['image'] for each in images_of(service)] == ['a.jpg']


def test_an_entry_that_unpacks_to_more_is_not_unpacked_further() -> None:
    archive = with_deflated(deflated(jpeg() + bytes(10**7)), len(jpeg()))
    file = io.BytesIO(archive)
    directory = find_directory(file, len(archive))
    assert directory
    *_, (entry, _) = directory_entries(file, directory)
    size = 0
    with pytest.raises(InvalidRequestError):
        for chunk in unpacked(file, entry):
            size += len(chunk)
    assert size <= len(jpeg())


def test_a_long_list_of_entries_is_not_in_memory(tmp_path: Path) -> None:
    count = 20_000
    archive = zipped({f'{n:0100}.jpg': b'' for n in range(count)})
    path = tmp_path / 'listing'
    path.touch()
    with contextlib.closing(EntryList(str(path))) as listing:
        tracemalloc.start()
        reader = ArchiveReader(io.BytesIO(archive), len(archive), listing)
        found = sum(1 for _ in reader.names())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found == count
    # The archive itself is in memory here, once more.
    assert peak - len(archive) < 1024**2


def test_an_entry_has_the_limit_of_an_image(service: Service) -> None:
    with running(service.settings, max_image_bytes=len(jpeg()) - 1) as limited:
        answer = import_archive(limited, PLAIN)
    assert 'more than' in reasons(answer)['a.jpg']


def streamed() -> bytes:
    """An archive that was written without going back: with data descriptors."""

    class OneWay(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    buffer = OneWay()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.jpg', jpeg())
    return buffer.getvalue()


def zip64() -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, 'w') as archive,
        archive.open('a.jpg', 'w', force_zip64=True) as entry,
    ):
        entry.write(jpeg())
    return buffer.getvalue()


def in_comment() -> bytes:
    """An archive whose comment looks like its end."""
    buffer = io.BytesIO(PLAIN)
    with zipfile.ZipFile(buffer, 'a') as archive:
        archive.comment = b'PK\5\6' + bytes(30)
    return buffer.getvalue()


@pytest.mark.parametrize(
    'archive',
    [
        streamed(),
        zip64(),
        zipped({'a.jpg': jpeg()}, compression=zipfile.ZIP_STORED),
        b'#!/bin/sh\n' + PLAIN,
        PLAIN + b'\n',
        in_comment(),
        zipped({'a.jpg': jpeg(), '__MACOSX/._a.jpg': b'x', 'Thumbs.db': b'x'}),
    ],
    ids=[
        *('descriptors', 'zip64', 'stored', 'prefix', 'appended', 'comment'),
        'system files',
    ],
)
def test_odd_archives_are_read(service: Service, archive: bytes) -> None:
    answer = import_archive(service, archive)
    assert (answer.status_code, answer.json['imported']) == (200, 1)
    assert answer.json['skipped'] == []


def test_an_archive_of_nothing_makes_no_collection(service: Service) -> None:
    assert import_archive(service, zipped({})).json['imported'] == 0
    assert service.client.simulate_get('/collections').json == []


@pytest.mark.parametrize('charset', ['utf-8', 'cp932', 'cp437'])
def test_names_without_the_flag_are_understood(service: Service, charset: str) -> None:
    name = 'café.jpg' if charset == 'cp437' else 'ソース表.jpg'
    answer = import_body(service, with_raw_names({name.encode(charset): jpeg()}))
    assert answer.json['imported'] == 1, answer.text
    assert [each['image'] for each in images_of(service)] == [name]


def test_a_document_finds_a_name_that_may_be_read_in_two_ways(
    service: Service,
) -> None:
    raw = 'Straße.jpg'.encode('cp437')
    manifest = b'[{"image": "Stra\xc3\x9fe.jpg"}]'
    archive = with_raw_names({raw: jpeg(), b'mongodb_data.json': manifest})
    assert import_body(service, archive).json['imported'] == 1
    assert [each['image'] for each in images_of(service)] == ['Straße.jpg']


def test_a_name_in_another_form_of_unicode_is_found(service: Service) -> None:
    archive = with_manifest([{'image': 'ガ.jpg'}], {'カ\u3099.jpg': jpeg()})
    assert import_archive(service, archive).json['imported'] == 1


def test_any_cut_and_any_changed_byte_leaves_nothing_half_stored(
    service: Service,
) -> None:
    archive = two_entries()
    for at in range(0, len(archive), 7):
        for changed in (
            archive[:at],
            archive[:at] + bytes([archive[at] ^ 255]) + archive[at + 1 :],
        ):
            assert import_body(service, changed).status_code in (200, 400, 413, 415)
    for document in images_of(service):
        assert document['_file']['size'] == len(jpeg())
    assert len(service.stored_files()) == len(images_of(service))
