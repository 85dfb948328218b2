from pathlib import PureWindowsPath

import pytest

from falcon_images.files.keys import image_key, path_below

KEY = image_key('Line 1', '6565f0c2a1b2c3d4e5f60718', 'image/jpeg')
SHORT_OF_WINDOWS = 260


@pytest.mark.parametrize(
    'folder',
    [
        'C:\\data\\uploads\\images',
        '\\\\server\\share\\images',
        '\\\\?\\C:\\' + 30 * 'a long name\\' + 'images',
        '\\\\?\\UNC\\server\\share\\images',
    ],
)
def test_a_file_is_below_its_folder_whatever_kind_of_name_that_has_on_windows(
    folder: str,
) -> None:
    path = path_below(folder, KEY, '\\')
    assert '/' not in path
    assert PureWindowsPath(path).relative_to(folder).as_posix() == KEY
    assert PureWindowsPath(path).drive == PureWindowsPath(folder).drive


def test_a_folder_of_150_letters_leaves_room_for_every_name_on_windows() -> None:
    longest = image_key('x' * 300, '0' * 24, 'image/svg+xml')
    folder = 'C:\\' + 'x' * 147 + '\\images'
    assert len(path_below(folder, longest, '\\')) < SHORT_OF_WINDOWS
