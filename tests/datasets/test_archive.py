"""Zip archives are read by every program, large ones too."""

import io
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from falcon_images.datasets import archive as module
from falcon_images.datasets.archive import EARLIEST, Moment, ZipArchive
from tests.support.archives import unzip_finds_it_sound

GB = 1024**3


def written(entries: dict[str, bytes], time: Moment = EARLIEST) -> bytes:
    archive = ZipArchive(io.BytesIO())
    text = b''
    for name, content in entries.items():
        crc = zlib.crc32(content)
        text += archive.begin_entry(name, time, len(content), crc) + content
    return text + b''.join(archive.end())


@pytest.mark.parametrize(
    'entries',
    [{}, {'a.jpg': b''}, {'a.jpg': b'a' * 1000, '写真 1.png': b'\0\xff'}],
)
def test_what_was_written_is_read(entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(written(entries))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == entries


def test_names_are_marked_as_utf_8() -> None:
    with zipfile.ZipFile(io.BytesIO(written({'写真.jpg': b'x'}))) as archive:
        assert archive.infolist()[0].flag_bits == 0x800


def test_unzip_reads_it(tmp_path: Path) -> None:
    archive = written({'写真.jpg': b'x' * 5000, 'b.jpg': b''})
    assert unzip_finds_it_sound(archive, tmp_path)
    assert zipfile.is_zipfile(io.BytesIO(archive))


@pytest.mark.parametrize(
    ('time', 'kept'),
    [
        ((2026, 11, 23, 4, 5, 7), (2026, 11, 23, 4, 5, 6)),
        ((1970, 1, 1, 0, 0, 0), (1980, 1, 1, 0, 0, 0)),
        ((2222, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)),
    ],
)
def test_times_are_kept_as_a_zip_can(time: Moment, kept: Moment) -> None:
    with zipfile.ZipFile(io.BytesIO(written({'a': b''}, time))) as archive:
        assert archive.infolist()[0].date_time == kept


def test_more_entries_than_16_bits_count(tmp_path: Path) -> None:
    archive = written({f'{number}': b'' for number in range(70_000)})
    with zipfile.ZipFile(io.BytesIO(archive)) as read:
        assert len(read.namelist()) == 70_000
    assert unzip_finds_it_sound(archive, tmp_path)


@pytest.mark.skipif(sys.platform == 'win32', reason='its files have no holes')
def test_more_bytes_than_32_bits_count(tmp_path: Path) -> None:
    """Two entries of zeros, which a sparse file has without room on the disk."""
    path, zeros = tmp_path / 'large.zip', bytes(1024**2)
    crc = 0
    for _ in range(5 * 1024):
        crc = zlib.crc32(zeros, crc)
    archive = ZipArchive(io.BytesIO())
    with path.open('wb') as file:
        for name in ('a', 'b'):
            file.write(archive.begin_entry(name, EARLIEST, 5 * GB, crc))
            file.seek(5 * GB, 1)
        file.write(archive.begin_entry('c', EARLIEST, 3, zlib.crc32(b'end')) + b'end')
        file.write(b''.join(archive.end()))
    with zipfile.ZipFile(path) as read:
        assert [each.file_size for each in read.infolist()] == [5 * GB, 5 * GB, 3]
        assert read.read('c') == b'end'


def test_sizes_that_32_bits_just_hold_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, '_MAX_32', 100)
    assert b'\1\0\x10\0' in written({'a': b'x' * 100})
    assert b'\1\0\x10\0' not in written({'a': b'x' * 10})
