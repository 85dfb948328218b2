"""The manifest of an archive: an array of documents, read one after the other."""

import codecs
import datetime
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.json import loads_object
from falcon_images.metadata.values import parse_id
from falcon_images.properties import check_properties, without_system_fields
from falcon_images.settings import Limits

MANIFEST = 'mongodb_data.json'
_CHUNK_BYTES = 65536
# Beside its properties, a document has what is ours.
_SYSTEM_BYTES = 16 * 1024
_BLANKS = re.compile(r'[ \t\r\n]*')
_SHA256 = re.compile('[0-9a-f]{64}')


@dataclass(frozen=True)
class ManifestDocument:
    """A document of a manifest; what it does not say of itself is None.

    Args:
        is_whole: it has all properties; else it says nothing of others.
    """

    image_id: str | None
    time: datetime.datetime | None
    name: str
    size: int | None
    sha256: str | None
    properties: dict[str, Any]
    is_whole: bool = True


def document_texts(file: BinaryIO, limits: Limits) -> Iterator[str]:
    """Yield the text of each member of an array.

    Raises:
        InvalidRequestError: the file is not an array in JSON.
        TooLargeError: a member has more bytes than properties may have.
    """
    # Digits of large numbers are not of interest here, and take long.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    window = _Window(file, limits.max_properties_bytes + _SYSTEM_BYTES)
    try:
        window.expect('[')
        while not window.ends_with(']'):
            yield window.next_member(decoder)
    except UnicodeDecodeError as ex:
        raise _unreadable() from ex


def parse_document(text: str, limits: Limits) -> ManifestDocument:
    """Read a document; raise `InvalidRequestError` if it cannot be stored."""
    return checked_document(loads_object(text, 'The document', limits), limits)


def checked_document(
    document: dict[str, Any], limits: Limits, is_whole: bool = True
) -> ManifestDocument:
    """Read what a document says; raise `InvalidRequestError` for what cannot be."""
    properties = without_system_fields(document)
    check_properties(properties)
    name = document.get('image')
    if not isinstance(name, str) or not name:
        raise InvalidRequestError('The document has no name of a file in "image".')
    if len(name.encode()) > limits.max_name_bytes:
        raise InvalidRequestError(
            f'A name has more than {limits.max_name_bytes} bytes (MAX_NAME_BYTES).'
        )
    facts = document.get('_file')
    facts = facts if isinstance(facts, dict) else {}
    size = facts.get('size')
    return ManifestDocument(
        image_id=_image_id(document.get('_id')),
        time=_time(document.get('time')),
        name=name,
        size=size if isinstance(size, int) else None,
        sha256=_sha256(facts.get('sha256')),
        properties=properties,
        is_whole=is_whole,
    )


class _Window:
    """The part of a text that is looked at."""

    def __init__(self, file: BinaryIO, max_bytes: int) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder('utf-8-sig')()
        self._max_bytes = max_bytes
        self._text = ''
        self._at = 0
        self._is_at_end = False
        self._count = 0

    def expect(self, character: str) -> None:
        if self._next_character() != character:
            raise _unreadable()
        self._at += 1

    def ends_with(self, character: str) -> bool:
        """Return whether the array ends here; else go on to its next member."""
        if self._next_character() == character:
            return True
        if self._count:
            self.expect(',')
            self._next_character()
        self._count += 1
        return False

    def next_member(self, decoder: json.JSONDecoder) -> str:
        while True:
            try:
                _, end = decoder.raw_decode(self._text, self._at)
            except RecursionError as ex:
                raise _unreadable() from ex
            except ValueError as ex:
                if self._is_at_end:
                    raise _unreadable() from ex
                self._read_on()
                continue
            text, self._at = self._text[self._at : end], end
            return text

    def _next_character(self) -> str:
        while True:
            match = _BLANKS.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or self._is_at_end:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def _read_on(self) -> None:
        rest = self._text[self._at :]
        if len(rest) > self._max_bytes:
            raise TooLargeError(
                f'A document of {MANIFEST} has more bytes than MAX_PROPERTIES_BYTES '
                'allows, or is no JSON.'
            )
        # Twice as much each time, or a long document would be begun too often.
        data = self._file.read(max(_CHUNK_BYTES, len(rest)))
        self._is_at_end = not data
        self._text = rest + self._decoder.decode(data, final=not data)
        self._at = 0


def _image_id(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get('$oid')
    if value is None:
        return None
    return str(parse_id(str(value)))


def _time(value: object) -> datetime.datetime | None:
    if isinstance(value, dict):
        value = value.get('$date')
    if value is None:
        return None
    try:
        time = datetime.datetime.fromisoformat(str(value))
        if time.tzinfo is None:
            time = time.replace(tzinfo=datetime.UTC)
        time = time.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as ex:
        raise InvalidRequestError(
            f'The time {str(value)[:40]!r} cannot be read; write it in ISO 8601.'
        ) from ex
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def _sha256(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _SHA256.fullmatch(value.lower()):
        raise InvalidRequestError('The "sha256" in "_file" is none.')
    return value.lower()


def _unreadable() -> InvalidRequestError:
    return InvalidRequestError(
        f'{MANIFEST} is not an array of documents in JSON; nothing was imported.'
    )
