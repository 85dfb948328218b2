"""The receiver of uploads: places, and that each is given back."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from falcon_images.errors import InvalidRequestError, TooManyUploadsError
from falcon_images.files.folder import UploadsFolder
from falcon_images.settings import Settings
from falcon_images.uploads.form import Upload
from falcon_images.uploads.receiver import UploadReceiver
from tests.support.pictures import jpeg
from tests.support.service import form


@pytest.fixture
def files(tmp_path: Path) -> Iterator[UploadsFolder]:
    files = UploadsFolder(tmp_path)
    files.prepare()
    yield files
    files.close()


def receiving(
    receiver: UploadReceiver, image: bytes
) -> contextlib.AbstractContextManager[Upload]:
    sent = form(('image', image, 'a.jpg'))
    return receiver.receive(io.BytesIO(sent.body), sent.content_type, ())


def test_uploads_beyond_the_places_are_sent_away(files: UploadsFolder) -> None:
    receiver = UploadReceiver(files.spool, 2, Settings().limits)
    refused = pytest.raises(TooManyUploadsError, match='MAX_UPLOADS')
    first, second, third = (receiving(receiver, jpeg()) for _ in range(3))
    with first, second, refused, third:
        pass
    with receiving(receiver, jpeg()) as upload:
        assert upload.size == len(jpeg())


def test_a_place_is_free_again_after_a_form_that_fails(files: UploadsFolder) -> None:
    receiver = UploadReceiver(files.spool, 1, Settings().limits)
    refused = pytest.raises(InvalidRequestError)
    nothing = receiver.receive(io.BytesIO(b''), form().content_type, ())
    with refused, nothing:
        pass
    with receiving(receiver, jpeg()) as upload:
        assert upload.name == 'a.jpg'
