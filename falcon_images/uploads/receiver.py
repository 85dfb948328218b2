"""The receiver of uploads: as many at the same time as there are places."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from falcon_images.errors import TooManyUploadsError
from falcon_images.files.spool import UploadSpool
from falcon_images.server.places import Places
from falcon_images.settings import Limits
from falcon_images.uploads.digests import Claim
from falcon_images.uploads.form import Upload, receive_upload
from falcon_images.uploads.many import ManyImages, receive_many


class UploadReceiver:
    """Receives uploads, each with a place for as long as it is worked on."""

    def __init__(self, spool: UploadSpool, max_uploads: int, limits: Limits) -> None:
        self._spool = spool
        self._places = Places(max_uploads, _too_many)
        self._limits = limits

    @contextlib.contextmanager
    def receive(
        self, stream: BinaryIO, content_type: str, claims: Sequence[Claim]
    ) -> Iterator[Upload]:
        """Take a place and do what `receive_upload` does.

        Raises:
            TooManyUploadsError: there is no place.
        """
        with (
            self._places.taken(),
            receive_upload(
                stream, content_type, self._spool, self._limits, claims
            ) as upload,
        ):
            yield upload

    @contextlib.contextmanager
    def receive_many(
        self, stream: BinaryIO, content_type: str, claims: Sequence[Claim]
    ) -> Iterator[ManyImages]:
        """Take one place for all images of a form, and do what `receive_many` does.

        Raises:
            TooManyUploadsError: there is no place.
        """
        with (
            self._places.taken(),
            receive_many(
                stream, content_type, self._spool, self._limits, claims
            ) as images,
        ):
            yield images


def _too_many() -> TooManyUploadsError:
    return TooManyUploadsError(
        'Too many uploads at once (MAX_UPLOADS); send it again in a moment.'
    )
