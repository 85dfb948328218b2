"""The reconciler: finishes in the background what requests had to leave."""

import logging
import threading
import time
from collections.abc import Callable

from falcon_images.errors import DatabaseUnavailableError, StorageError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.unresolved import UnresolvedWrite
from falcon_images.maintenance.capacity import PrivateCapacity
from falcon_images.maintenance.collection_sizes import CollectionSizes
from falcon_images.metadata.indexes import Indexes
from falcon_images.store.collections import CollectionStore
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.held_files import HeldFiles
from falcon_images.store.identity import IdentityError, StoreIdentity
from falcon_images.store.unresolved import WriteResolver

_PAUSE_SECONDS = 10.0
# How long a database must have answered before an insert that it was sent, and of
# which nothing is to be seen, cannot come any more.
_GRACE_SECONDS = 30.0
_STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


class Reconciler:
    """A thread that sweeps up, resolves writes, ends what is to go, makes indexes.

    Drops, changes and snapshots are what is to go.

    What is gone of the uploads folder is made anew; when the folder is another store's,
    nothing is done. Each step is safe to do twice and at the same time in several
    processes.

    Args:
        on_foreign: is called when folder and database do not belong together.
    """

    def __init__(  # noqa: PLR0913 - each leaves something to be finished
        self,
        *,
        folder: UploadsFolder,
        identity: StoreIdentity,
        collections: CollectionStore,
        expiry: ExpiredChanges,
        held_files: HeldFiles,
        resolver: WriteResolver,
        indexes: Indexes,
        capacity: PrivateCapacity,
        sizes: CollectionSizes,
        on_foreign: Callable[[IdentityError], None] = lambda ex: None,
        pause_seconds: float = _PAUSE_SECONDS,
        grace_seconds: float = _GRACE_SECONDS,
    ) -> None:
        self._folder = folder
        self._identity = identity
        self._on_foreign = on_foreign
        self._collections = collections
        self._expiry = expiry
        self._held_files = held_files
        self._resolver = resolver
        self._indexes = indexes
        self._capacity = capacity
        self._sizes = sizes
        self._pause_seconds = pause_seconds
        self._grace_seconds = grace_seconds
        self._missing_since: dict[UnresolvedWrite, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name='reconciler', daemon=True
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step that is under way."""
        self._stopped.set()
        self._thread.join(_STOP_SECONDS)

    def run_once(self) -> None:
        """Do all there is to do now."""
        for step in (
            self._folder.keep_alive,
            self._identity.agree,
            self._folder.sweep_incoming,
            self._collections.finish_drops,
            self._expiry.expire_changes,
            self._held_files.end_snapshots,
            self._resolve_writes,
            self._indexes.make_indexes,
            self._capacity.warn,
            self._sizes.count,
        ):
            try:
                step()
            except DatabaseUnavailableError:
                continue
            except IdentityError as ex:
                self._on_foreign(ex)
                return
            except Exception:
                # Whatever it was, the next round may fare better; requests go on.
                logger.exception('The reconciler failed at %s', step.__name__)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.run_once()
            self._stopped.wait(self._pause_seconds)

    def _resolve_writes(self) -> None:
        unresolved_writes = self._resolver.unresolved_writes()
        self._missing_since = {
            unresolved_write: since
            for unresolved_write, since in self._missing_since.items()
            if unresolved_write in unresolved_writes
        }
        try:
            for unresolved_write in unresolved_writes:
                self._resolve(unresolved_write)
        except DatabaseUnavailableError:
            # Only time in which the database answers counts.
            self._missing_since.clear()
            raise

    def _resolve(self, unresolved_write: UnresolvedWrite) -> None:
        now = time.monotonic()
        is_certain = (
            now - self._missing_since.get(unresolved_write, now) >= self._grace_seconds
        )
        try:
            is_resolved = self._resolver.resolve(unresolved_write, is_certain)
        except StorageError:
            return
        if not is_resolved:
            self._missing_since.setdefault(unresolved_write, now)
