"""Files that are sent: in a form, with properties for all images, or as a body."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.files.errors import disk_errors
from falcon_images.settings import Limits
from falcon_images.uploads.digests import Claim, DigestCheck
from falcon_images.uploads.form import FilePart, Form, read_form

_CHUNK_BYTES = 65536
_FORM = 'multipart/form-data'
_ARCHIVE = 'archive'
_SETTING = 'MAX_ARCHIVE_BYTES'
# Of the archive; no property of the images in it.
_SHA256 = 'sha256'


@dataclass(frozen=True)
class Archive:
    """An archive that arrived whole, and the properties for all images in it."""

    file: BinaryIO
    size: int
    properties: dict[str, Any]


@dataclass(frozen=True)
class SentFile:
    """A file that arrived whole, with the name that it has in the form, if any."""

    file: BinaryIO
    size: int
    name: str


@contextlib.contextmanager
def receive_archive(
    stream: BinaryIO,
    content_type: str,
    open_file: Callable[[], BinaryIO],
    limits: Limits,
    claims: Sequence[Claim] = (),
) -> Iterator[Archive]:
    """Read an archive whole into a file that is gone afterwards.

    Args:
        open_file: makes that file.
        claims: digests of the body or of the archive that must hold.

    Raises:
        InvalidRequestError: the form is cut off, broken, or has what is not allowed, or
            a digest is of other bytes.
        TooLargeError: the archive or the properties have more bytes than the limit.
        StorageFullError, StorageUnavailableError: the disk does not take the file.
    """
    part = FilePart(_ARCHIVE, limits.max_archive_bytes, _SETTING)
    with _received(stream, content_type, open_file, limits, part, claims) as form:
        properties = form.properties()
        properties.pop(_SHA256, None)
        yield Archive(form.file, form.size, properties)


@contextlib.contextmanager
def receive_file(  # noqa: PLR0913, PLR0917 - each says something of the file
    stream: BinaryIO,
    content_type: str,
    open_file: Callable[[], BinaryIO],
    limits: Limits,
    part: FilePart,
    claims: Sequence[Claim] = (),
) -> Iterator[SentFile]:
    """Read a file whole, as `receive_archive` does; with it come no properties.

    Args:
        part: what it is in a form.
    """
    with _received(stream, content_type, open_file, limits, part, claims) as form:
        for name in form.properties():
            if name != _SHA256:
                raise InvalidRequestError(
                    f'The form has a field {name[:40]!r}; it can have the file alone.'
                )
        yield SentFile(form.file, form.size, form.names[0] if form.names else '')


@contextlib.contextmanager
def _received(  # noqa: PLR0913, PLR0917 - the same
    stream: BinaryIO,
    content_type: str,
    open_file: Callable[[], BinaryIO],
    limits: Limits,
    part: FilePart,
    claims: Sequence[Claim],
) -> Iterator[Form]:
    with disk_errors():
        file = open_file()
    with contextlib.ExitStack() as stack:
        stack.callback(_close, file)
        form = Form(file, part, limits, DigestCheck(list(claims)))
        if content_type.lower().startswith(_FORM):
            read_form(stream, content_type, form)
        else:
            _read_body(stream, form)
        with disk_errors():
            file.flush()
        yield form


def _read_body(stream: BinaryIO, form: Form) -> None:
    limit = form.part.max_bytes
    while chunk := stream.read(_CHUNK_BYTES):
        form.size += len(chunk)
        if form.size > limit:
            raise TooLargeError(
                f'The {form.part.name} has more than {limit} bytes '
                f'({form.part.setting}).'
            )
        form.digests.update_body(chunk)
        form.digests.update_image(chunk)
        with disk_errors():
            form.file.write(chunk)
    form.digests.verify()


def _close(file: BinaryIO) -> None:
    # On a full disk, closing flushes what was written, and may fail.
    with contextlib.suppress(OSError):
        file.close()
