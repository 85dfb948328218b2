"""Uploads: a form, streamed: its file into `incoming/`, its fields into properties.

The form is ``multipart/form-data`` as RFC 7578 and RFC 2046 (section 5.1) define it.
"""

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from streaming_form_data import StreamingFormDataParser
from streaming_form_data.parser import ParseFailedException, parse_content_boundary
from streaming_form_data.targets import BaseTarget

from falcon_images.errors import InvalidRequestError, TooLargeError, TooManyUploadsError
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool
from falcon_images.formats.json import loads_object
from falcon_images.image_types.identify import ImageFacts, identify
from falcon_images.properties import check_name, check_properties, refuse_system_fields
from falcon_images.settings import Limits
from falcon_images.uploads.boundaries import Boundaries, file_name
from falcon_images.uploads.digests import Claim, DigestCheck, verify_sha256

_CHUNK_BYTES = 65536
_IMAGE = 'image'
_SHA256 = 'sha256'
# RFC 2046 (section 5.1.1) allows more, but nearly all clients send this.
_SIMPLE_BOUNDARY = re.compile(
    'multipart/form-data; ?boundary=("?)([A-Za-z0-9_+.-]{1,70})\\1', re.IGNORECASE
)
_JSON_FIELDS = ('json', 'json_properties', 'properties_json')


@dataclass(frozen=True)
class Upload:
    """An image that arrived whole: its file in `incoming/`, and what is known of it."""

    file: BinaryIO
    name: str
    size: int
    sha256: str
    facts: ImageFacts
    properties: dict[str, Any]


class UploadSlots:
    """Places for uploads that this process works on at the same time."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place; raise `TooManyUploadsError` if there is none."""
        if not self._free.acquire(blocking=False):
            raise TooManyUploadsError(
                'Too many uploads at once (MAX_UPLOADS); send it again in a moment.'
            )
        try:
            yield
        finally:
            self._free.release()


@contextlib.contextmanager
def receive_upload(
    stream: BinaryIO,
    content_type: str,
    spool: UploadSpool,
    limits: Limits,
    claims: Sequence[Claim] = (),
) -> Iterator[Upload]:
    """Read a form whole and check all of it; nothing of it is left behind afterwards.

    Args:
        claims: digests of the body or of the image that must hold.

    Raises:
        InvalidRequestError: the form is cut off, broken, or has what is not allowed, or
            a digest is of other bytes.
        NotAnImageError: the bytes of the image are none.
        TooLargeError: the image or the properties have more bytes than the limit.
        StorageFullError, StorageUnavailableError: the disk does not take the file.
    """
    with spool.new_file() as file:
        form = _Form(file, limits, DigestCheck(list(claims)))
        _read(stream, content_type, form)
        # A browser sends a part without name and bytes when no file was chosen.
        if not form.names or not (form.names[0] or form.size):
            raise InvalidRequestError(
                'The form has no file part named "image"; send the image as one.'
            )
        form.digests.verify()
        with disk_errors():
            file.flush()
            facts = identify(file)
        sha256 = form.sha256.hexdigest()
        yield Upload(
            file=file,
            name=form.names[0],
            size=form.size,
            sha256=sha256,
            facts=facts,
            properties=_properties(form.fields, limits, sha256),
        )


def _read(stream: BinaryIO, content_type: str, form: '_Form') -> None:
    headers = {'Content-Type': content_type}
    try:
        boundaries = Boundaries(_boundary(content_type), form.limits)
        parser = StreamingFormDataParser(headers)
        # The order matters: registered first, the catch-all would take the image too.
        parser.register(_IMAGE, _ImageTarget(form, boundaries))
        parser.register('*', _FieldTarget(form, boundaries), form.remember_field_name)
        while chunk := stream.read(_CHUNK_BYTES):
            form.digests.update_body(chunk)
            parser.data_received(boundaries.feed(chunk))
    except UnicodeDecodeError as ex:
        raise InvalidRequestError(
            'A name in the form is not UTF-8; encode field and file names as UTF-8.'
        ) from ex
    except (ParseFailedException, ValueError, LookupError) as ex:
        raise _broken() from ex
    if not boundaries.closed or boundaries.headers:
        raise InvalidRequestError(
            'The form ends too early, or one of its parts has no name; send it again.'
        )


def _boundary(content_type: str) -> bytes:
    # The parser's own way knows all forms of a header, and takes a tenth of the time of
    # a small upload.
    simple = _SIMPLE_BOUNDARY.fullmatch(content_type)
    if simple:
        return simple[2].encode()
    found: bytes = parse_content_boundary({'Content-Type': content_type})
    return found


def _broken() -> InvalidRequestError:
    return InvalidRequestError(
        'The body is not a well-formed multipart/form-data form.'
    )


@dataclass
class _Form:
    """What has been read of a form so far."""

    file: BinaryIO
    limits: Limits
    digests: DigestCheck
    names: list[str] = field(default_factory=list)
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    fields: list[tuple[str, bytes]] = field(default_factory=list)
    fields_bytes: int = 0
    field_name: str = ''
    in_part: bool = False

    def remember_field_name(self, registered: str, name: str) -> bool:
        """Take any part; the parser asks this just before it starts one."""
        self.field_name = name
        return True

    def start_part(self) -> None:
        if self.in_part:
            raise _broken()
        self.in_part = True

    def end_part(self, boundaries: Boundaries) -> str | None:
        """Tell the file name of the part that ended; None if it was not a file.

        A part starts as soon as its name is read, before its header is whole: so it
        is only at its end that the header is sure to be there.
        """
        if not boundaries.headers:
            raise _broken()
        self.in_part = False
        return file_name(boundaries.headers.popleft())


class _ImageTarget(BaseTarget):  # type: ignore[misc]
    """Writes the part named ``image`` to the file."""

    def __init__(self, form: _Form, boundaries: Boundaries) -> None:
        super().__init__()
        self._form, self._boundaries = form, boundaries

    def on_start(self) -> None:
        self._form.start_part()
        if self._form.names:
            raise InvalidRequestError(
                'The form has a second part named "image"; send one image a request.'
            )

    def on_data_received(self, chunk: bytes) -> None:
        form = self._form
        form.size += len(chunk)
        if form.size > form.limits.max_image_bytes:
            raise TooLargeError(
                f'The image has more than {form.limits.max_image_bytes} bytes '
                '(MAX_IMAGE_BYTES).'
            )
        with disk_errors():
            form.file.write(chunk)
        form.sha256.update(chunk)
        form.digests.update_image(chunk)

    def on_finish(self) -> None:
        name = self._form.end_part(self._boundaries)
        if name is None:
            raise InvalidRequestError(
                'The part "image" must be a file, with a file name.'
            )
        _check_length(name, self._form.limits)
        self._form.names.append(name)


class _FieldTarget(BaseTarget):  # type: ignore[misc]
    """Collects the other parts, each a property."""

    def __init__(self, form: _Form, boundaries: Boundaries) -> None:
        super().__init__()
        self._form, self._boundaries = form, boundaries
        self._value = bytearray()

    def on_start(self) -> None:
        self._form.start_part()
        self._value.clear()

    def on_data_received(self, chunk: bytes) -> None:
        self._form.fields_bytes += len(chunk)
        limit = self._form.limits.max_properties_bytes
        if self._form.fields_bytes > limit:
            raise TooLargeError(
                f'The properties have more than {limit} bytes (MAX_PROPERTIES_BYTES).'
            )
        self._value += chunk

    def on_finish(self) -> None:
        if self._form.end_part(self._boundaries) is not None:
            raise InvalidRequestError(
                f'The file part {self._form.field_name!r} must be named "image"; '
                'other parts are properties, not files.'
            )
        _check_length(self._form.field_name, self._form.limits)
        self._form.fields.append((self._form.field_name, bytes(self._value)))


def _check_length(name: str, limits: Limits) -> None:
    if len(name.encode()) > limits.max_name_bytes:
        raise InvalidRequestError(
            f'A name has more than {limits.max_name_bytes} bytes (MAX_NAME_BYTES).'
        )


def _properties(
    fields: list[tuple[str, bytes]], limits: Limits, sha256: str
) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    repeated: set[str] = set()
    for name, raw in fields:
        value = _text(name, raw)
        if name in _JSON_FIELDS:
            typed.update(loads_object(value, f'The field "{name}"', limits))
        elif name not in properties:
            properties[name] = value
        elif name in repeated:
            properties[name].append(value)
        else:
            repeated.add(name)
            properties[name] = [properties[name], value]
    if _SHA256 in properties:
        verify_sha256(properties[_SHA256], sha256)
    properties.update(typed)
    refuse_system_fields(properties)
    check_properties(properties)
    return properties


def _text(name: str, raw: bytes) -> str:
    check_name(name)
    try:
        return raw.decode()
    except UnicodeDecodeError as ex:
        raise InvalidRequestError(
            f'The field {name!r} is not UTF-8 text; encode it as UTF-8.'
        ) from ex
