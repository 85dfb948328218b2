"""Sends one file, so that it is stored once."""

import hashlib
import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from falcon_images.cli.sending.files import Found, reason_of
from falcon_images.cli.sending.journal import Entry
from falcon_images.cli.sending.keys import Keys
from falcon_images.cli.sending.outcomes import FileOutcome, Result
from falcon_images.cli.sending.properties import MissingPropertiesError, Sources
from falcon_images.client import AnswerError, Client, ClientError, Uploaded
from falcon_images.client.transport import is_temporary
from falcon_images.client.uploads import digest_of

_SMALL_BYTES = 1024**2
# How often a file that is written meanwhile is read again.
_MOST_READINGS = 3
_BAD_REQUEST, _GONE, _CONFLICT = 400, 410, 422
# Answers that every other file would get too.
_FOR_ALL = (301, 302, 307, 308, 401, 403, 404, 405, 409)


class StoppedError(ClientError):
    """No file can be sent now; the text says why."""


class Sender:
    """Sends files to a collection, from any number of threads.

    Args:
        client: of the service.
        collection: where to.
        keys: make the keys.
        sources: of the properties.
        again: whether an image that was deleted since is stored anew.
        stop: ends what is being sent when it is set.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        client: Client,
        collection: str,
        *,
        keys: Keys,
        sources: Sources,
        again: bool,
        stop: threading.Event,
    ) -> None:
        self._client = client
        self._collection = collection
        self._keys = keys
        self._sources = sources
        self._again = again
        self._stop = stop

    def send(self, found: Found, known: Entry | None = None) -> Result:
        """Send a file, unless it is known to be stored with the same properties.

        Raises:
            StoppedError: no other file could be sent either.
        """
        try:
            properties = self._sources.of(found)
            sent_with = digest_of_properties(properties)
            if known and known.properties == sent_with:
                return Result(found, FileOutcome.THERE, '', known.image_id, sent_with)
            uploaded = self._upload(found, properties)
        except MissingPropertiesError as ex:
            return Result(found, FileOutcome.FAILED, str(ex))
        except OSError as ex:
            return Result(found, FileOutcome.FAILED, reason_of(ex))
        except AnswerError as ex:
            return _refusal(found, ex)
        except ClientError as ex:
            raise StoppedError(str(ex)) from ex
        outcome = FileOutcome.THERE if uploaded.is_replayed else FileOutcome.STORED
        return Result(found, outcome, '', str(uploaded.document['_id']), sent_with)

    def _upload(self, found: Found, properties: Mapping[str, Any]) -> Uploaded:
        for reading in range(1, _MOST_READINGS + 1):
            with _opened(found.path, self._stop) as file:
                digest = digest_of(file)
                try:
                    return self._upload_as(found, file, digest, properties)
                except AnswerError as ex:
                    is_other = ex.status == _BAD_REQUEST and digest_of(file) != digest
                    if not is_other or reading == _MOST_READINGS:
                        raise
        raise AssertionError

    def _upload_as(
        self, found: Found, file: BinaryIO, digest: str, properties: Mapping[str, Any]
    ) -> Uploaded:
        turn = 0
        while True:
            try:
                return self._client.upload(
                    self._collection,
                    file,
                    properties,
                    name=found.path.name,
                    key=self._keys.key_of(found, digest, turn),
                    digest=digest,
                )
            except AnswerError as ex:
                if ex.status != _GONE or not self._again:
                    raise
                turn += 1


class _StoppableFile(io.FileIO):
    """A file whose sending ends when a program is told to stop."""

    def __init__(self, path: Path, stop: threading.Event) -> None:
        super().__init__(path)
        self._stop = stop

    def read(self, size: int | None = -1) -> bytes:
        if self._stop.is_set():
            raise StoppedError('It was stopped.')
        return super().read(-1 if size is None else size)


def _opened(path: Path, stop: threading.Event) -> BinaryIO:
    file = _StoppableFile(path, stop)
    beginning = file.read(_SMALL_BYTES)
    if len(beginning) < _SMALL_BYTES and not file.read(1):
        # One reading for both its digest and its sending.
        file.close()
        return io.BytesIO(beginning)
    return file


def digest_of_properties(properties: Mapping[str, Any]) -> str:
    """Return a text that is the same for the same properties alone."""
    text = json.dumps(properties, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal(found: Found, ex: AnswerError) -> Result:
    if ex.status in _FOR_ALL or is_temporary(ex):
        raise StoppedError(str(ex)) from ex
    outcomes = {_GONE: FileOutcome.DELETED, _CONFLICT: FileOutcome.CONFLICT}
    return Result(found, outcomes.get(ex.status, FileOutcome.REFUSED), str(ex))
