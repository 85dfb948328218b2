"""One export that is being made: what it reads, and the files that it needs."""

import itertools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from falcon_images.datasets.image_bytes import (
    CheckedBytes,
    ImageSource,
    LeftOutError,
    checked_bytes,
)
from falcon_images.datasets.projection import projected
from falcon_images.files.store import FileStore
from falcon_images.formats.etags import TAG, column_tag
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document
from falcon_images.query.export import Options

_READ_BYTES = 256 * 1024
_STEP = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Args:
        conditions: how the client wrote them.
        address: where the client finds the collection.
        has_tags: whether documents are exported with their tags, so that they are
            read whole.
    """

    collection_name: str
    conditions: str
    fields: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    address: str = ''
    has_tags: bool = False


class Run:
    """The documents and files of one export, in order, and notes on what is left out.

    `left_out` and `renamed` count images, `sent` those in the archive and `sent_bytes`
    their bytes. When it `has_begun`, the client has the status.

    Args:
        open_file: opens a file that is gone when it is closed.
    """

    def __init__(
        self,
        request: Request,
        documents: Iterator[Document],
        files: FileStore,
        open_file: Callable[[], BinaryIO],
    ) -> None:
        self.request = request
        self.documents = documents
        self.began_at = time.time()
        self.has_begun = False
        self.left_out = self.renamed = self.sent = self.sent_bytes = 0
        self._files = files
        self._open_file = open_file
        self._opened: list[BinaryIO] = []
        self.notes = self.new_file()

    def new_file(self) -> BinaryIO:
        """Open a file that goes when the export ends."""
        file = self._open_file()
        self._opened.append(file)
        return file

    def shown(self, document: Document) -> Document:
        """Leave out of a document what was read for its file alone."""
        fields = self.request.fields
        return _chosen(document, fields) if fields else document

    def tagged(self, document: Document) -> Document:
        """Return what is shown of a whole document, with its tag."""
        fields = self.request.fields
        shown = projected(document, fields) if fields else document
        return {**shown, TAG: column_tag(document)}

    def image(self, source: ImageSource) -> CheckedBytes | None:
        """Read an image; None if it is left out, which is noted."""
        try:
            image = checked_bytes(self._files, self.request.collection_name, source)
        except LeftOutError as ex:
            self.leave_out(source, str(ex))
            return None
        self.sent += 1
        self.sent_bytes += image.size
        return image

    def digest(self, source: ImageSource) -> str | None:
        """Return the SHA-256 of an image; None if it is left out, which is noted."""
        if source.sha256 is not None:
            return source.sha256
        try:
            name = self.request.collection_name
            return checked_bytes(self._files, name, source).sha256
        except LeftOutError as ex:
            self.leave_out(source, str(ex))
            return None

    def leave_out(self, source: ImageSource, reason: str) -> None:
        """Note that an image is not in the archive, and why."""
        self.left_out += 1
        self.note('left out', source.image_id, source.name, reason)

    def rename(self, source: ImageSource, name: str) -> None:
        """Note that an image has another name than it was sent with."""
        self.renamed += 1
        self.note('renamed', source.image_id, source.name, name)

    def note(self, *texts: str) -> None:
        """Add a line to the report, with tabs between texts that have none."""
        first, *others = texts
        quoted = [dumps(text).decode('utf-8', 'replace') for text in others]
        self.notes.write('\t'.join((first, *quoted)).encode() + b'\n')

    def close(self) -> None:
        """End reading, and let the files go."""
        close = getattr(self.documents, 'close', None)
        if close is not None:
            close()
        for file in self._opened:
            try:
                file.close()
            except OSError:
                # On a full disk, closing writes what is left, and fails.
                logger.info('A file of an export could not be closed')


def steps(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Yield documents by the hundreds, so that something can be done in between."""
    while some := list(itertools.islice(documents, _STEP)):
        yield some


def chunks_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of a file from its start."""
    file.seek(0)
    while chunk := file.read(_READ_BYTES):
        yield chunk


def _chosen(document: Document, fields: tuple[str, ...]) -> Document:
    names = {field.partition('.')[0] for field in fields} | {'_id'}
    shown = {name: value for name, value in document.items() if name in names}
    facts = shown.get('_file')
    if isinstance(facts, dict) and '_file' not in fields:
        shown['_file'] = {n: v for n, v in facts.items() if f'_file.{n}' in fields}
    return shown
