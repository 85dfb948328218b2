"""A service whose own files and folders somebody removes while it runs."""

import os
import shutil
from collections.abc import Callable

import pytest

from tests.support.pictures import jpeg
from tests.support.reconciling import reconciler_of
from tests.support.service import Service
from tests.support.serving import Serving, eventually

Start = Callable[..., Serving]

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='Windows keeps what is open')


GONE = ('incoming/*', 'incoming', 'doubts', 'images', 'thumbnails', '')


def test_uploads_go_on_whatever_is_removed(start: Start) -> None:
    serving = start(APP_WORKERS='2').ready()
    uploads = serving.folder / 'data/uploads'
    for gone in GONE:
        # So that both have come to know the folders.
        for _ in range(4):
            serving.upload(jpeg())
        for path in list(uploads.glob(gone)) if gone else [uploads]:
            if path.is_file():
                path.unlink()
            # What goes piece by piece may be made anew in between.
            shutil.rmtree(path, ignore_errors=True)
        for _ in range(8):
            made = serving.upload(jpeg())
        image = f'/collections/c/images/{made["_id"]}'
        assert serving.get(f'{image}/image').content == jpeg(), gone
        assert serving.get(f'{image}/thumbnail?size=small').status_code == 200
        assert serving.get('/health/ready').status_code == 200, gone
    eventually(lambda: 'was gone, and was made anew' in serving.log)


def test_locks_are_made_anew_in_the_background(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    incoming = service.settings.uploads_directory / 'incoming'
    (lock,) = incoming.glob('*.lock')
    reconciler = reconciler_of(service, pause_seconds=0.05)
    reconciler.start()
    # In one step, because what goes piece by piece is made anew in between.
    incoming.rename(incoming.with_name('old'))
    eventually(lambda: lock.exists() and lock.with_suffix('').is_dir(), 10)
    reconciler.stop()
    assert f'{lock} was gone, and was made anew' in caplog.text
