"""What a disk refuses is told in the log: why, and for which file of the store."""

import errno
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from falcon_images.errors import StorageFullError, StorageUnavailableError
from falcon_images.files import errors
from falcon_images.files.errors import disk_errors, path_in_store
from falcon_images.telemetry.rare_warnings import RareWarnings


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made = RareWarnings(logging.getLogger('falcon_images.files.errors'))
    monkeypatch.setattr(errors, '_warnings', made)
    yield


@pytest.mark.parametrize(
    ('number', 'name', 'error'),
    [
        (errno.ENOSPC, 'ENOSPC', StorageFullError),
        (errno.EACCES, 'EACCES', StorageUnavailableError),
        (errno.EIO, 'EIO', StorageUnavailableError),
        (errno.EROFS, 'EROFS', StorageUnavailableError),
        (errno.EMFILE, 'EMFILE', StorageUnavailableError),
    ],
)
def test_the_reason_is_in_the_log_once(
    number: int, name: str, error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        with pytest.raises(error), disk_errors():
            raise OSError(number, 'so it is', '/srv/secret/images/c-1/a.jpg')
    assert caplog.messages == [
        f'The disk refused: so it is ({name}) for images/c-1/a.jpg'
    ]


def test_a_real_refusal_names_its_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / 'images').write_text('not a folder')
    with pytest.raises(StorageUnavailableError), disk_errors():
        (tmp_path / 'images' / 'c-1' / 'a.jpg').read_bytes()
    assert 'for images/c-1/a.jpg' in caplog.text
    assert str(tmp_path) not in caplog.text


@pytest.mark.parametrize(
    ('name', 'told'),
    [
        ('/srv/images/data/images/c/1.jpg', 'images/c/1.jpg'),
        ('data/uploads/incoming/x/y.part', 'incoming/x/y.part'),
        (b'/srv/doubts/1.json', 'doubts/1.json'),
        ('/tmp/tmpabc', 'a file outside the store'),
        (7, 'an open file'),
        (None, 'an open file'),
    ],
)
def test_nothing_above_the_store_is_told(name: object, told: str) -> None:
    assert path_in_store(name) == told
