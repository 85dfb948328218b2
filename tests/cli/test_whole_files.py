"""A file is whole when it ends as its format demands, and nobody writes to it."""

import sys
from pathlib import Path

import pytest
from PIL import Image

from falcon_images.cli.watching.whole import is_open_for_writing, is_whole
from tests.support.pictures import SVG, every_format, jpeg, saved

FORMATS = {name: content for name, (content, _) in every_format().items()}


def stored(folder: Path, content: bytes) -> Path:
    path = folder / 'image'
    path.write_bytes(content)
    return path


@pytest.mark.parametrize('name', FORMATS)
def test_a_whole_file_is_one(tmp_path: Path, name: str) -> None:
    assert is_whole(stored(tmp_path, FORMATS[name]))


@pytest.mark.parametrize('name', FORMATS)
def test_a_file_is_whole_at_no_other_place_than_its_end(
    tmp_path: Path, name: str
) -> None:
    content = FORMATS[name]
    step = max(1, len(content) // 300)
    cuts = {*range(0, len(content), step), len(content) - 1}
    found = [cut for cut in sorted(cuts) if is_whole(stored(tmp_path, content[:cut]))]
    assert found == []


def test_the_end_of_a_preview_is_not_that_of_the_picture(tmp_path: Path) -> None:
    exif = b'Exif\0\0' + jpeg()
    content = b'\xff\xd8\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif
    assert not is_whole(stored(tmp_path, content))
    assert is_whole(stored(tmp_path, content + jpeg()[2:]))


def test_a_tiff_of_several_pages_is_whole_with_the_last(tmp_path: Path) -> None:
    page = Image.radial_gradient('L')
    content = saved(page, 'TIFF', save_all=True, append_images=[page, page])
    assert is_whole(stored(tmp_path, content))
    assert not is_whole(stored(tmp_path, content[: len(content) // 2]))


def test_a_drawing_ends_with_its_element(tmp_path: Path) -> None:
    assert is_whole(stored(tmp_path, SVG + b'\n'))
    assert not is_whole(stored(tmp_path, SVG[:-3]))


@pytest.mark.parametrize('content', [b'', b'x', b'\xff\xd8\xff', b'BM', bytes(1000)])
def test_what_is_no_image_is_not_whole(tmp_path: Path, content: bytes) -> None:
    assert not is_whole(stored(tmp_path, content))


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells it so')
def test_a_file_that_is_open_elsewhere_is_seen(tmp_path: Path) -> None:
    path = stored(tmp_path, jpeg())
    assert not is_open_for_writing(path)
    with path.open('ab'):
        assert is_open_for_writing(path)
    with path.open('rb'):
        assert not is_open_for_writing(path)
