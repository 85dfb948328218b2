"""Entries of an archive, one after the other, as uploads."""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import Any

from falcon_images.datasets.archive_reader import ArchiveReader
from falcon_images.datasets.import_report import ImportReport
from falcon_images.errors import (
    ConflictError,
    InvalidRequestError,
    KeyReusedError,
    NotAnImageError,
    NotFoundError,
    TooLargeError,
)
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool
from falcon_images.image_types.identify import identify
from falcon_images.properties import check_values
from falcon_images.settings import Limits
from falcon_images.store.images import ImageStore
from falcon_images.store.import_changes import ImportChange
from falcon_images.uploads.form import Upload

# What is wrong with one entry, and nothing of it was stored.
_REFUSALS = (
    *(InvalidRequestError, NotAnImageError, TooLargeError),
    *(ConflictError, NotFoundError),
)


class Entries:
    """The entries of one archive, on their way into one collection."""

    def __init__(  # noqa: PLR0913 - each has something to do with an entry
        self,
        *,
        reader: ArchiveReader,
        report: ImportReport,
        change: ImportChange,
        store: ImageStore,
        spool: UploadSpool,
        limits: Limits,
    ) -> None:
        self.reader = reader
        self.report = report
        self.change = change
        self.collection_name = report.collection_name
        self.is_dry_run = report.is_dry_run
        self.limits = limits
        self._store = store
        self._spool = spool

    @contextlib.contextmanager
    def skipping(self, name: str, image_id: str | None = None) -> Iterator[None]:
        """Report what is refused inside, and go on after it."""
        try:
            yield
        except KeyReusedError:
            self.report.skip(
                name,
                'It was imported before with other properties, and is as it was.',
                image_id,
            )
        except _REFUSALS as ex:
            self.report.skip(name, str(ex), image_id)

    @contextlib.contextmanager
    def upload(
        self, name: str, image_name: str, properties: dict[str, Any]
    ) -> Iterator[Upload]:
        """Unpack an entry, and check it as an upload is checked."""
        _check_name(image_name, self.limits)
        check_values(properties)
        sha256, size = hashlib.sha256(), 0
        with self._spool.new_file() as file:
            for chunk in self.reader.read(name, self.limits.max_image_bytes):
                sha256.update(chunk)
                size += len(chunk)
                with disk_errors():
                    file.write(chunk)
            with disk_errors():
                file.flush()
                facts = identify(file)
            yield Upload(file, image_name, size, sha256.hexdigest(), facts, properties)

    def add(self, upload: Upload, path: str, number: int = 0) -> None:
        """Store an upload that has no id, once for each path in an archive.

        Args:
            number: how many documents before it have the same file.
        """
        key = _key(upload, path, number)
        if self.is_dry_run:
            is_new = not self._store.has_key(self.collection_name, upload, key)
        else:
            name, noting = self.collection_name, self.change.creating
            is_new = self._store.add_noted(name, upload, key, noting).is_new
        if is_new:
            self.report.imported += 1
        else:
            self.report.unchanged += 1


def _key(upload: Upload, path: str, number: int) -> str:
    """Return the key of an image without an id; no header can have such a key."""
    text = f'{path}\0{number}' if number else path
    place = hashlib.sha256(text.encode(errors='replace')).hexdigest()
    return f'archive\n{place}\n{upload.sha256}'


def _check_name(name: str, limits: Limits) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError as ex:
        raise InvalidRequestError('Its name is not Unicode text.') from ex
    if size > limits.max_name_bytes:
        raise InvalidRequestError(
            f'Its name has more than {limits.max_name_bytes} bytes (MAX_NAME_BYTES).'
        )
