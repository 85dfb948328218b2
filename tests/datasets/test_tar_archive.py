"""Tar archives as others read them: sizes, names and times of all kinds."""

import io
import tarfile

import pytest

from falcon_images.datasets.tar_archive import TAR_BEGINNING, TarArchive


def made(*entries: tuple[str, int, bytes]) -> bytes:
    archive = TarArchive()
    text = TAR_BEGINNING
    for name, seconds, content in entries:
        text += archive.begin_entry(name, seconds, len(content)) + content
        text += archive.padding(len(content))
    return text + archive.end()


def read(text: bytes) -> list[tuple[str, int, bytes]]:
    found = []
    with tarfile.open(fileobj=io.BytesIO(text)) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file
            found.append((member.name, int(member.mtime), file.read()))
    return found


@pytest.mark.parametrize(
    'entries',
    [
        [('a.jpg', 0, b'')],
        [('a.jpg', 1_800_000_000, b'x')],
        [('a.jpg', 1, b'x' * 512), ('b.jpg', 2, b'y' * 513)],
        [('傷/é.jpg', 3, b'x')],
        [('x' * 300 + '/' + 'y' * 200 + '.jpg', 4, b'x')],
        [('a.jpg', 2**33 + 1, b'far')],
    ],
)
def test_what_was_written_is_read(entries: list[tuple[str, int, bytes]]) -> None:
    text = made(*entries)
    assert read(text) == entries
    assert len(text) % tarfile.RECORDSIZE == 0


def test_a_time_before_1970_is_the_first() -> None:
    ((_, seconds, _),) = read(made(('a.jpg', -5, b'')))
    assert seconds == 0


def test_a_file_of_more_than_8_gib_has_its_size() -> None:
    size = 9 * 1024**3
    header = TarArchive().begin_entry('a.tif', 0, size)
    with tarfile.open(fileobj=io.BytesIO(header)) as archive:
        first = archive.next()
    assert first
    assert first.size == size


def test_every_archive_begins_alike() -> None:
    assert made(('a.jpg', 0, b'')).startswith(TAR_BEGINNING)
    assert len(TAR_BEGINNING) % tarfile.BLOCKSIZE == 0
