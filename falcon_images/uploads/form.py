"""Uploads: a form, streamed: its file into `incoming/`, its fields into properties.

The form is ``multipart/form-data`` as RFC 7578 and RFC 2046 (section 5.1) define it.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from falcon_images.errors import InvalidRequestError, NotWholeError, TooLargeError
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool
from falcon_images.formats.json import loads_object
from falcon_images.image_types.identify import ImageFacts, identify
from falcon_images.properties import check_name, check_properties, refuse_system_fields
from falcon_images.settings import Limits
from falcon_images.uploads.boundaries import FormReader, Parts, boundary_of
from falcon_images.uploads.digests import Claim, DigestCheck, verify_sha256
from falcon_images.uploads.encodings import Decoder, decoded_text, decoder_of
from falcon_images.uploads.headers import PartHeader
from falcon_images.uploads.parser import PartParser

_CHUNK_BYTES = 65536
IMAGE = 'image'
SHA256 = 'sha256'
_CHARSET = '_charset_'
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

    def require_whole(self) -> None:
        """Raise `NotWholeError` if the file ends before its format says."""
        if self.facts.whole is False:
            raise NotWholeError(
                'The image is cut off: its file ends before it should by its format. '
                'Send it again, or without whole=true to store it as it is.'
            )


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
    part = FilePart(IMAGE, limits.max_image_bytes, 'MAX_IMAGE_BYTES')
    with spool.new_file() as file:
        form = Form(file, part, limits, DigestCheck(list(claims)))
        read_form(stream, content_type, form)
        with disk_errors():
            file.flush()
            facts = identify(file)
        yield Upload(
            file=file,
            name=form.names[0],
            size=form.size,
            sha256=form.sha256.hexdigest(),
            facts=facts,
            properties=form.properties(),
        )


def read_form(stream: BinaryIO, content_type: str, form: 'Form') -> None:
    """Read a form whole, its file too; raise what `receive_upload` does."""
    read_parts(stream, content_type, form, form)
    # A browser sends a part without name and bytes when no file was chosen.
    if not form.names or not (form.names[0] or form.size):
        name = form.part.name
        raise InvalidRequestError(
            f'The form has no file part named "{name}"; send the {name} as one.'
        )
    form.digests.verify()


def read_parts(stream: BinaryIO, content_type: str, parts: Parts, form: 'Form') -> None:
    """Read a form whole, with the limits and the digests of a form, and hand it over.

    Raises:
        InvalidRequestError: it is cut off, or broken.
    """
    reader = FormReader(boundary_of(content_type), form.limits, PartParser(parts))
    while chunk := stream.read(_CHUNK_BYTES):
        form.digests.update_body(chunk)
        reader.feed(chunk)
    reader.end()


@dataclass(frozen=True)
class FilePart:
    """The part of a form that is a file: its name, and the setting that limits it."""

    name: str
    max_bytes: int
    setting: str


@dataclass(frozen=True)
class Field:
    """A part that is a property, as it was sent."""

    name: str
    charset: str | None
    value: bytes


@dataclass
class Form:
    """What has been read of a form so far."""

    file: BinaryIO
    part: FilePart
    limits: Limits
    digests: DigestCheck
    names: list[str] = field(default_factory=list)
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    fields: list[Field] = field(default_factory=list)
    fields_bytes: int = 0
    _header: PartHeader = field(default_factory=lambda: PartHeader(''))
    _decoder: Decoder | None = None
    _value: bytearray = field(default_factory=bytearray)

    def start(self, header: PartHeader) -> None:
        """Begin a part; refuse one that must not be in a form."""
        _check_part(header, self.part, self.limits, has_file=bool(self.names))
        self._header = header
        self._decoder = decoder_of(header.encoding, header.name)
        self._value.clear()
        if header.name == self.part.name:
            self.names.append(header.file_name or '')

    def take(self, content: bytes) -> None:
        """Take what comes next of the part, as it was encoded."""
        self._add(self._decoder.feed(content) if self._decoder else content)

    def end(self) -> None:
        """End the part."""
        if self._decoder:
            self._add(self._decoder.end())
        header = self._header
        if header.name != self.part.name:
            value = bytes(self._value)
            self.fields.append(Field(header.name, header.charset, value))

    def properties(self) -> dict[str, Any]:
        """Return what the other parts are; raise `InvalidRequestError`."""
        return properties_of(self.fields, self.limits, self.sha256.hexdigest())

    def _add(self, content: bytes) -> None:
        if self._header.name == self.part.name:
            self._add_to_file(content)
        else:
            self._add_to_value(content)

    def _add_to_file(self, content: bytes) -> None:
        self.size += len(content)
        if self.size > self.part.max_bytes:
            raise TooLargeError(
                f'The {self.part.name} has more than {self.part.max_bytes} bytes '
                f'({self.part.setting}).'
            )
        with disk_errors():
            self.file.write(content)
        self.sha256.update(content)
        self.digests.update_image(content)

    def _add_to_value(self, content: bytes) -> None:
        self.fields_bytes += len(content)
        limit = self.limits.max_properties_bytes
        if self.fields_bytes > limit:
            raise TooLargeError(
                f'The properties have more than {limit} bytes (MAX_PROPERTIES_BYTES).'
            )
        self._value += content


def _check_part(
    header: PartHeader, part: FilePart, limits: Limits, has_file: bool
) -> None:
    if header.name == part.name:
        _check_file(header, has_file)
    elif header.file_name is not None:
        raise InvalidRequestError(
            f'The file part {header.name!r} must be named "{part.name}"; '
            'other parts are properties, not files.'
        )
    if header.media_type.startswith('multipart/'):
        raise InvalidRequestError(
            f'The part {header.name!r} is a form of its own; send its parts as parts '
            'of this one.'
        )
    _check_length(header.name, limits)
    _check_length(header.file_name or '', limits)


def _check_file(header: PartHeader, has_file: bool) -> None:
    name = header.name
    if has_file:
        raise InvalidRequestError(
            f'The form has a second part named "{name}"; send one {name} a request.'
        )
    if header.file_name is None:
        raise InvalidRequestError(
            f'The part "{name}" must be a file, with a file name.'
        )


def _check_length(name: str, limits: Limits) -> None:
    if len(name.encode()) > limits.max_name_bytes:
        raise InvalidRequestError(
            f'A name has more than {limits.max_name_bytes} bytes (MAX_NAME_BYTES).'
        )


def properties_of(
    fields: Sequence[Field], limits: Limits, sha256: str
) -> dict[str, Any]:
    """Return the properties that fields are.

    Raises:
        InvalidRequestError: one cannot be, or ``sha256`` is another.
    """
    properties: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    repeated: set[str] = set()
    charset = default_charset(fields)
    for sent in fields:
        name = sent.name
        value = text_of(sent, charset)
        if name in _JSON_FIELDS:
            typed.update(loads_object(value, f'The field "{name}"', limits))
        elif name not in properties:
            properties[name] = value
        elif name in repeated:
            properties[name].append(value)
        else:
            repeated.add(name)
            properties[name] = [properties[name], value]
    if SHA256 in properties:
        verify_sha256(properties[SHA256], sha256)
    properties.update(typed)
    refuse_system_fields(properties)
    check_properties(properties)
    return properties


def default_charset(fields: Sequence[Field]) -> str | None:
    """Return what the form says its texts are in (RFC 7578, section 4.6)."""
    for sent in fields:
        if sent.name == _CHARSET:
            return decoded_text(sent.value, None, f'The field {_CHARSET!r}').strip()
    return None


def text_of(sent: Field, charset: str | None) -> str:
    """Return the text of a field; `charset` is that of the form."""
    check_name(sent.name)
    if sent.name == _CHARSET:
        charset = None
    return decoded_text(sent.value, sent.charset or charset, f'The field {sent.name!r}')
