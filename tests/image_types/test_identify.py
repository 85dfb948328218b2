import errno
import io
import struct
import time
import tracemalloc
from pathlib import Path

import pytest

from falcon_images.errors import NotAnImageError
from falcon_images.image_types.identify import SVG, ImageFacts, identify
from tests.support import pictures
from tests.support.costly_headers import COSTLY, text_bomb
from tests.support.facts import type_and_size


@pytest.mark.parametrize('name', pictures.every_format())
def test_each_format_is_known_by_its_bytes(name: str) -> None:
    content, media_type = pictures.every_format()[name]
    assert type_and_size(io.BytesIO(content)) == ImageFacts(media_type, 40, 30)


def test_svg_is_known_by_its_root() -> None:
    assert type_and_size(io.BytesIO(pictures.SVG)) == ImageFacts(SVG)
    assert type_and_size(io.BytesIO(b'\xef\xbb\xbf<svg/>')) == ImageFacts(SVG)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\0',
        b'x' * 100_000,
        b'<html><body><svg xmlns="http://www.w3.org/2000/svg"/></body></html>',
        b'<!DOCTYPE html><script>alert(1)</script>',
        b'<?xml version="1.0" encoding="nonsense"?><svg/>',
        b'%PDF-1.7',
        b'PK\x03\x04' + b'\0' * 40,
        b'BM',
        b'\xff\xd8\xff',
        b'\x89PNG\r\n\x1a\n',
        b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR',
        b'GIF89a',
        b'II*\0' + b'\xff' * 60,
        b'RIFF\0\0\0\0WEBP',
        b'P5 99999999999999999999 1 255\n',
    ],
)
def test_other_bytes_are_no_image(content: bytes) -> None:
    with pytest.raises(NotAnImageError, match='not an image'):
        identify(io.BytesIO(content))


def test_every_cut_of_every_format_is_known_or_refused() -> None:
    for content, media_type in pictures.every_format().values():
        for length in range(0, len(content), 7):
            try:
                assert identify(io.BytesIO(content[:length])).type == media_type
            except NotAnImageError:
                continue


@pytest.mark.parametrize('disposal', [0, 2, 3])
def test_a_gif_that_says_it_is_huge_takes_no_memory_for_it(disposal: int) -> None:
    began = time.perf_counter()
    content = pictures.gif_header(30000, 30000, disposal)
    assert type_and_size(io.BytesIO(content)) == ImageFacts('image/gif', 30000, 30000)
    # To fill 900 megabytes takes longer.
    assert time.perf_counter() - began < 0.3


@pytest.mark.parametrize('length', range(len(pictures.gif_header(9, 9, 2)) - 2))
def test_a_gif_without_a_whole_header_is_no_image(length: int) -> None:
    content = pictures.gif_header(9, 9, 2)[:length]
    with pytest.raises(NotAnImageError):
        identify(io.BytesIO(content))


def test_a_gif_is_as_large_as_its_first_picture_reaches() -> None:
    content = pictures.gif_header(40, 30, 0, left=8)
    assert type_and_size(io.BytesIO(content)) == ImageFacts('image/gif', 48, 30)


def test_an_image_of_200_megapixels_is_known() -> None:
    header = b'P5 20000 10000 255\n'
    assert identify(io.BytesIO(header)).width == 20000


def test_a_disk_that_fails_is_not_taken_for_a_bad_image() -> None:
    class FailingFile(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, 'Input/output error')

    with pytest.raises(OSError, match='Input/output'):
        identify(FailingFile(b'abc'))


@pytest.mark.parametrize(
    ('beginning', 'media_type'),
    [
        (b'RIFF\0\0\0\0WEBPVP8 ', 'image/webp'),
        (b'\0\0\0\x20ftypavif\0\0\0\0', 'image/avif'),
        (b'\x89PNG\r\n\x1a\n\x7f\0\0\0iTXt', 'image/png'),
    ],
)
def test_a_header_without_end_is_not_read_whole(
    beginning: bytes, media_type: str
) -> None:
    """Pillow alone would take as much memory as the file has bytes."""

    class Endless(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert size >= 0
            data = super().read(size).ljust(size, b'\0')
            self.total += len(data)
            assert self.total < 40 * 1024**2
            return data

    assert type_and_size(Endless(beginning)) == ImageFacts(media_type)


@pytest.mark.parametrize('name', COSTLY)
def test_a_header_of_many_small_pieces_takes_no_time(name: str) -> None:
    media_type, make = COSTLY[name]
    file = io.BytesIO(make())
    began = time.thread_time()
    facts = identify(file)
    assert facts.type == media_type
    # What takes no size here is not drawn either; this one cannot be.
    assert facts.width is None or name == 'png packed texts'
    assert time.thread_time() - began < 0.5


def test_packed_texts_take_little_memory() -> None:
    file = io.BytesIO(text_bomb())
    tracemalloc.start()
    identify(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 * 1024**2


# The systems refuse some of them and read nothing at others, as after the end.
PLACES = (2**31, 2**32 - 8, 2**44, 2**62, 2**63 - 1, 2**63, 2**64 - 16)
LEADING_FAR = {
    'bigtiff': lambda at: b'II+\0\x08\0\0\0' + struct.pack('<Q', at),
    'tiff': lambda at: b'II*\0' + struct.pack('<I', at % 2**32),
    'jp2': lambda at: (
        b'\0\0\0\x0cjP  \r\n\x87\n' + struct.pack('>I4sQ', 1, b'free', at) + bytes(40)
    ),
    'png': lambda at: (
        pictures.png_header(40, 30)[:33] + struct.pack('>I4s', at % 2**32, b'abcd')
    ),
    'avif': lambda at: (
        pictures.every_format()['avif'][0][:32]
        + struct.pack('>I4sQ', 1, b'free', at)
        + bytes(40)
    ),
}


@pytest.mark.parametrize('name', LEADING_FAR)
@pytest.mark.parametrize('place', PLACES)
def test_a_header_that_leads_to_no_byte_is_not_taken_for_a_broken_disk(
    name: str, place: int, tmp_path: Path
) -> None:
    path = tmp_path / 'image'
    path.write_bytes(LEADING_FAR[name](place))
    with path.open('rb') as file, pytest.raises(NotAnImageError):
        identify(file)


def test_an_image_after_a_long_way_is_known(tmp_path: Path) -> None:
    content = pictures.every_format()['tiff'][0]
    (first,) = struct.unpack('<I', content[4:8])
    moved = content[:4] + struct.pack('<I', 2**30) + content[8:]
    path = tmp_path / 'image'
    with path.open('wb') as file:
        file.write(moved)
        file.seek(2**30)
        file.write(content[first:])
    with path.open('rb') as file:
        assert type_and_size(file) == ImageFacts('image/tiff', 40, 30)
