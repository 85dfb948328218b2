"""Paths of every system: opened, told, and as keys hold them."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from falcon_images.cli.sending.files import Found, extended, identity, shown
from falcon_images.cli.sending.keys import DEFAULT_PARTS, Keys

LONG = 'x' * 200
KEY = 'ca986e979a6353c4b1c396dc87041043ac110335820ae19fda658cd72b564f13'


@pytest.mark.parametrize(
    ('path', 'expected'),
    [
        ('C:\\a\\b.jpg', '\\\\?\\C:\\a\\b.jpg'),
        ('\\\\server\\share\\a.jpg', '\\\\?\\UNC\\server\\share\\a.jpg'),
        ('\\\\?\\C:\\a.jpg', '\\\\?\\C:\\a.jpg'),
        (f'C:\\{LONG}\\{LONG}.jpg', f'\\\\?\\C:\\{LONG}\\{LONG}.jpg'),
        ('C:\\画像\\部品.jpg', '\\\\?\\C:\\画像\\部品.jpg'),
    ],
)
def test_a_path_of_windows_may_be_long(path: str, expected: str) -> None:
    assert extended(PureWindowsPath(path)) == expected


@pytest.mark.parametrize(
    'path',
    ['C:\\a\\b.jpg', '\\\\server\\share\\画像\\a.jpg', f'C:\\{LONG}\\{LONG}\\a.jpg'],
)
def test_a_path_of_windows_is_told_as_it_was_written(path: str) -> None:
    assert shown(PureWindowsPath(extended(PureWindowsPath(path)))) == path


@pytest.mark.parametrize(
    'path',
    ['C:\\A\\b.jpg', 'c:\\a\\B.JPG', 'C:/a/b.jpg', '\\\\?\\C:\\a\\b.jpg'],
)
def test_a_path_of_windows_has_one_identity(path: str) -> None:
    assert identity(PureWindowsPath(path)) == 'c:/a/b.jpg'


@pytest.mark.parametrize('path', ['\\\\S\\d\\a.jpg', '\\\\?\\UNC\\s\\d\\a.jpg'])
def test_a_path_of_a_share_has_one_identity(path: str) -> None:
    assert identity(PureWindowsPath(path)) == '//s/d/a.jpg'


def test_case_matters_elsewhere() -> None:
    assert identity(PurePosixPath('/a/B.jpg')) == '/a/B.jpg'


def test_letters_have_one_form() -> None:
    composed, decomposed = '/\u30ac.jpg', '/\u30ab\u3099.jpg'
    assert composed != decomposed
    assert identity(PurePosixPath(composed)) == identity(PurePosixPath(decomposed))


def found(path: str, root: str = '/data') -> Found:
    return Found(Path(path), Path(root), 1, 1)


def test_a_key_is_of_host_path_and_bytes() -> None:
    keys = {
        Keys(DEFAULT_PARTS, host).key_of(found(path), digest)
        for host in ('h1', 'h2')
        for path in ('/data/a.jpg', '/data/b.jpg')
        for digest in ('d1', 'd2')
    }
    assert len(keys) == 8


def test_a_key_never_changes() -> None:
    # Another one would store all images again.
    key = Keys(DEFAULT_PARTS, 'line3').key_of(found('/data/a.jpg'), '0' * 64)
    assert key == KEY


@pytest.mark.parametrize(
    ('parts', 'others'),
    [
        (['sha256'], ['/x/b.jpg', '/data/x/a.jpg']),
        (['name', 'sha256'], ['/x/a.jpg', '/data/x/a.jpg']),
    ],
)
def test_a_key_is_of_what_is_told(parts: list[str], others: list[str]) -> None:
    keys = Keys(parts, 'h')
    first = keys.key_of(found('/data/a.jpg'), 'd')
    assert all(keys.key_of(found(each, '/'), 'd') == first for each in others)


def test_a_key_of_the_path_below_a_folder_moves_with_it() -> None:
    keys = Keys(['relative', 'sha256'], 'h')
    first = keys.key_of(found('/data/x/a.jpg'), 'd')
    assert keys.key_of(found('/mnt/x/a.jpg', '/mnt'), 'd') == first
    assert keys.key_of(found('/mnt/x/a.jpg', '/mnt/x'), 'd') != first


def test_each_turn_has_a_key() -> None:
    keys = Keys(DEFAULT_PARTS, 'h')
    assert len({keys.key_of(found('/data/a.jpg'), 'd', turn) for turn in range(3)}) == 3
