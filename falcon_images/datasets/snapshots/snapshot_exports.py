"""Exports of snapshots: recorded once, then sent in whatever parts are asked for."""

import contextlib
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import BinaryIO

from falcon_images.datasets.export import Exports, Layout, fields_read
from falcon_images.datasets.run import Request
from falcon_images.datasets.snapshots.recorded import RecordedExport
from falcon_images.datasets.snapshots.recording import RecordedRun, Recording
from falcon_images.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    TooBusyError,
)
from falcon_images.files.errors import disk_errors
from falcon_images.files.recorded_exports import RecordedExports
from falcon_images.files.spool import UploadSpool
from falcon_images.files.store import FileStore
from falcon_images.formats.json import sorted_dumps
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.snapshots.snapshot_images import SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import (
    SnapshotRecord,
    SnapshotRecords,
)

# Each is as large as the documents.
_MAX_RECORDINGS = 100
# Layouts that have addresses of images in them, as their client finds these.
_WITH_ADDRESSES = ('ultralytics',)

logger = logging.getLogger(__name__)


class SnapshotExports:
    """Exports snapshots: the same bytes each time, on any process.

    The first export of a kind is recorded before any of it is sent.
    """

    def __init__(  # noqa: PLR0913 - each has something of a snapshot or of an export
        self,
        *,
        exports: Exports,
        records: SnapshotRecords,
        images: SnapshotImages,
        bulk: BulkDocuments,
        files: FileStore,
        spool: UploadSpool,
        recorded_exports: RecordedExports,
    ) -> None:
        self._exports = exports
        self._records = records
        self._images = images
        self._bulk = bulk
        self._files = files
        self._spool = spool
        self._recorded_exports = recorded_exports
        self._recording: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def find(self, collection_name: str, name: str) -> SnapshotRecord:
        """Find a snapshot; raise `NotFoundError` if it is not there."""
        self._exports.check(collection_name)
        return self._records.get(self._bulk.uuid(collection_name), name)

    def recorded(
        self, snapshot: SnapshotRecord, request: Request, layout: str
    ) -> RecordedExport | None:
        """Open an export that was recorded; whoever calls closes it. None without one.

        Args:
            layout: the name of the layout, as clients know it.
        """
        file = self._recorded_exports.open(str(snapshot.id), _kind(request, layout))
        return RecordedExport(file, self._files) if file else None

    def begin(
        self, snapshot: SnapshotRecord, request: Request, name: str, layout: Layout
    ) -> 'SnapshotExport':
        """Open an export, and record it if that was not done; whoever calls closes it.

        Raises:
            ConflictError: it was exported in too many other ways.
            InvalidRequestError: it cannot be written as that.
            StorageFullError: the disk has no space for what has to be on it.
            TooBusyError: as many exports are sent as may be, or it is being recorded.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(self._exports.place())
            recorded = self.recorded(snapshot, request, name)
            if recorded is None:
                self._record(snapshot, request, name, layout)
                recorded = self.recorded(snapshot, request, name)
            if recorded is None:
                raise NotFoundError('The snapshot was deleted just now.')
            return SnapshotExport(recorded, stack.pop_all().close)

    def _record(
        self, snapshot: SnapshotRecord, request: Request, name: str, layout: Layout
    ) -> None:
        kind = _kind(request, name)
        if layout.max_documents and snapshot.images > layout.max_documents:
            raise InvalidRequestError(
                f'A sheet has space for {layout.max_documents} documents, and the '
                f'snapshot has {snapshot.images}; take format=csv.'
            )
        folder = str(snapshot.id)
        with self._one_at_a_time(folder, kind):
            if self._recorded_exports.count(folder) >= _MAX_RECORDINGS:
                raise ConflictError(
                    f'The snapshot was exported in {_MAX_RECORDINGS} ways, and no more '
                    'are kept; use one of these, or make another snapshot.'
                )
            with self._spool.new_file() as file:
                self._write(file, snapshot, request, layout)
                self._recorded_exports.save(file, folder, kind)
        if not self._records.are_ready([snapshot.id]):
            self._recorded_exports.forget(folder)

    def _write(
        self,
        file: BinaryIO,
        snapshot: SnapshotRecord,
        request: Request,
        layout: Layout,
    ) -> None:
        documents = self._images.documents(snapshot.id, fields_read(request))
        with disk_errors():
            run = RecordedRun(request, documents, self._files, self._spool.open_unnamed)
            # So that it is the same whenever it is made.
            run.began_at = snapshot.time.timestamp()
            with contextlib.closing(run):
                recording = Recording(file, run.new_file())
                for piece in layout.pieces(run):
                    recording.add(piece)
                recording.finish()
        if run.left_out:
            logger.warning(
                'An export of the snapshot %s of %s leaves out %d images, such as '
                'those whose files are missing or damaged; its report names them',
                snapshot.name,
                snapshot.collection_name,
                run.left_out,
            )

    @contextlib.contextmanager
    def _one_at_a_time(self, folder: str, kind: str) -> Iterator[None]:
        with self._lock:
            if (folder, kind) in self._recording:
                raise TooBusyError(
                    'This export is being prepared; ask again in a moment.'
                )
            self._recording.add((folder, kind))
        try:
            yield
        finally:
            with self._lock:
                self._recording.discard((folder, kind))


class SnapshotExport:
    """An export of a snapshot that is being sent.

    Args:
        on_close: is called once, when it ends in any way.
    """

    def __init__(self, recorded: RecordedExport, on_close: Callable[[], None]) -> None:
        self._recorded = recorded
        self._on_close: Callable[[], None] | None = on_close
        self._pieces: Iterator[bytes] = iter(())
        self.size = recorded.size
        self.etag = recorded.etag

    def choose(self, first: int, last: int) -> None:
        """Choose the part that is sent: from one place to another, both included."""
        self._pieces = self._recorded.pieces(first, last)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Let everything go; a second call does nothing."""
        on_close, self._on_close = self._on_close, None
        if on_close is None:
            return
        try:
            self._recorded.close()
        finally:
            on_close()

    # Nothing else closes an answer whose sending never began.
    __del__ = close


def _kind(request: Request, layout: str) -> str:
    """Return a name for all that decides on the bytes of an export."""
    options = {name: value for name, value in asdict(request.options).items() if value}
    what = {'format': layout, 'fields': request.fields, 'options': options}
    if layout in _WITH_ADDRESSES:
        what['address'] = request.address
    return hashlib.sha256(sorted_dumps(what)).hexdigest()[:32]
