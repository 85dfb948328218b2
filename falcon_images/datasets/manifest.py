"""The manifest of an archive: an array of documents, read one after the other."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from falcon_images.datasets.json_window import JsonWindow
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import loads_object
from falcon_images.metadata.values import parse_id
from falcon_images.properties import check_properties, without_system_fields
from falcon_images.settings import Limits

MANIFEST = 'mongodb_data.json'
# Beside its properties, a document has what is ours.
_SYSTEM_BYTES = 16 * 1024
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
    window = JsonWindow(
        file,
        limits.max_properties_bytes + _SYSTEM_BYTES,
        f'A document of {MANIFEST}',
        f'{MANIFEST} is not an array of documents in JSON; nothing was imported.',
    )
    return window.members()


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
