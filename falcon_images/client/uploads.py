"""What an upload sends, and what came of it."""

import base64
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from falcon_images.client.errors import AnswerError
from falcon_images.client.forms import Fields, FormBody
from falcon_images.client.transport import Parameters, RequestParts, Transport

_PIECE_BYTES = 256 * 1024

# What is answered when all of it is done, such as an import.
LONG_SECONDS = 24 * 3600

Document = dict[str, Any]


@dataclass(frozen=True)
class Uploaded:
    """What became of an upload.

    Args:
        document: of the image.
        is_replayed: whether the image was there already, stored with the same key.
    """

    document: Document
    is_replayed: bool


def digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of all bytes of a file, in hexadecimal."""
    file.seek(0)
    hashed = hashlib.sha256()
    while piece := file.read(_PIECE_BYTES):
        hashed.update(piece)
    return hashed.hexdigest()


def opened(source: Path | str | bytes | BinaryIO) -> BinaryIO:
    """Return what is to be uploaded as a file, which the caller closes."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return Path(source).open('rb') if isinstance(source, Path | str) else source


def upload_query(
    file: BinaryIO, name: str, properties: Mapping[str, Any], key: str, digest: str
) -> RequestParts:
    """Return the request that stores a file once, if it has this SHA-256."""
    fields = [('json', json.dumps(properties, ensure_ascii=False))]
    if not properties:
        fields = []
    encoded = base64.b64encode(bytes.fromhex(digest)).decode()
    return RequestParts(
        headers={'Idempotency-Key': key, 'Repr-Digest': f'sha-256=:{encoded}:'},
        form=lambda: FormBody(fields, 'image', name, file),
    )


def send_file(  # noqa: PLR0913, PLR0917 - each is a part of the request
    transport: Transport,
    path: str,
    part: str,
    source: Path,
    pairs: Parameters,
    fields: Fields = (),
) -> Document:
    """Send a file to a route that works through all of it before it answers."""
    is_trial = ('dry_run', 'true') in pairs
    with source.open('rb') as file:
        query = RequestParts(
            pairs,
            form=lambda: FormBody(fields, part, source.name, file),
            is_repeatable=is_trial or part == 'archive',
            more_seconds=LONG_SECONDS,
        )
        found: Document = transport.send('POST', path, query).json()
        return found


def uploaded(answer: Any, digest: str) -> Uploaded:
    """Return what an answer to an upload says.

    Raises:
        AnswerError: it is none of this service, or of another image.
    """
    try:
        document = answer.json()
        is_stored = document['_id'] and document['_file']['sha256'] == digest
    except (ValueError, TypeError, KeyError) as ex:
        raise _strange(answer.status_code) from ex
    if not is_stored:
        raise _strange(answer.status_code)
    return Uploaded(document, answer.headers.get('Idempotency-Replayed') == 'true')


def _strange(status: int) -> AnswerError:
    return AnswerError(
        status, 'The answer is not that of an image storage; is the address right?'
    )
