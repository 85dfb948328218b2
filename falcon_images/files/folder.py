"""The uploads folder: what is where in it, and the parts that work in it."""

import logging
import shutil
from pathlib import Path

from falcon_images.files.ages import FileAges
from falcon_images.files.disk import DiskFiles
from falcon_images.files.known_folder import KnownFolder
from falcon_images.files.layout import (
    DOUBTS,
    IMAGES,
    INCOMING,
    MARK,
    QUARANTINE,
    SNAPSHOTS,
    THUMBNAILS,
)
from falcon_images.files.mark import StoreMark
from falcon_images.files.quarantine import Quarantine
from falcon_images.files.recorded_exports import RecordedExports
from falcon_images.files.spool import UploadSpool
from falcon_images.files.thumbnails import ThumbnailCache
from falcon_images.files.unresolved import UnresolvedWrites

logger = logging.getLogger(__name__)


class UploadsFolder:
    """One folder, which several processes may share, and its parts.

    ``images/`` has the files, ``incoming/`` those that are not whole yet,
    ``doubts/`` a note for each that may lack its document, ``thumbnails/`` what was
    drawn of them, ``quarantine/`` what `check` has set aside, ``snapshots/`` how
    snapshots were exported, and ``store.json`` says which store it is. What of these is
    gone is made anew.
    """

    def __init__(self, root: Path) -> None:
        root = root.absolute()
        self.root = root
        self.spool = UploadSpool(root / INCOMING)
        self.images = DiskFiles(root / IMAGES, self.spool)
        self.unresolved = UnresolvedWrites(root / DOUBTS, self.spool)
        self.thumbnails = ThumbnailCache(root / THUMBNAILS)
        self.quarantine = Quarantine(self.images.folder, root / QUARANTINE)
        self.recorded_exports = RecordedExports(root / SNAPSHOTS)
        self.ages = FileAges(root)
        self.mark = StoreMark(root / MARK)
        self._known = [
            KnownFolder(part.folder) for part in (self.images, self.thumbnails)
        ]
        self._is_well = True

    def prepare(self) -> None:
        """Make the folders that this process works in; raise `OSError` if it cannot."""
        for folder in (self.images.folder, self.unresolved.folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._make_anew()
        self.spool.make()
        self.images.prepare()

    def close(self) -> None:
        """Give up this process's folder for files that are not whole."""
        self.spool.close(self.unresolved.take_over)

    def free_bytes(self) -> int | None:
        """Return how many bytes can still be stored; None where that is not known."""
        try:
            return shutil.disk_usage(self.images.folder).free
        except OSError:
            return None

    def keep_alive(self) -> None:
        """Make anew what is gone, and show other machines that this process lives."""
        try:
            self._make_anew()
            self.spool.make()
            self._is_well = True
        except OSError as ex:
            if self._is_well:
                logger.error('The uploads folder does not work: %s', ex)
            self._is_well = False

    def sweep_incoming(self) -> None:
        """Remove what processes that are no more have left in ``incoming/``.

        What they were writing becomes an unresolved write.
        """
        if self._is_well:
            self.spool.sweep(self.unresolved.take_over)

    def _make_anew(self) -> None:
        """Make again what was there, and log it."""
        self.unresolved.make_anew()
        for known in self._known:
            known.make_anew()
