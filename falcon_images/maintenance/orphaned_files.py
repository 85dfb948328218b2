"""Orphaned files: those of which no document knows, found and set aside."""

import itertools
from collections.abc import Iterator

from falcon_images.errors import StorageError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.layout import IMAGES, QUARANTINE
from falcon_images.maintenance.findings import (
    Extent,
    Finding,
    FindingKind,
    OnStep,
)
from falcon_images.maintenance.references import (
    References,
    id_of,
    require_collections,
)
from falcon_images.metadata.inventory import Inventory

_BATCH_FILES = 500


class OrphanedFiles:
    """Finds files without a document, and moves them into quarantine if that is asked.

    Args:
        on_step: is called with 'files' or 'waiting', and how many more.
    """

    def __init__(
        self,
        folder: UploadsFolder,
        inventory: Inventory,
        extent: Extent,
        on_step: OnStep,
    ) -> None:
        self._inventory = inventory
        self._extent = extent
        self._on_step = on_step
        self._folder = folder
        self._files = folder.images
        self._quarantine = folder.quarantine

    def find(self) -> Iterator[Finding]:
        """Yield what is found, folder by folder."""
        references = References(self._inventory)
        folders = ['']
        while folders:
            folder = folders.pop()
            was_emptied = False
            try:
                for finding in self._of_folder(folder, folders, references):
                    was_emptied = was_emptied or finding.is_repaired
                    yield finding
            except FileNotFoundError:
                continue
            except OSError as ex:
                note = f'{ex.strerror}; what is in it was not looked at'
                yield Finding(FindingKind.UNREADABLE, _place(folder), note=note)
            if was_emptied:
                self._quarantine.prune(folder)

    def _of_folder(
        self, folder: str, folders: list[str], references: References
    ) -> Iterator[Finding]:
        links: list[str] = []
        keys = self._files.files_in(folder, folders, links)
        names = (key.rpartition('/')[2] for key in keys)
        while batch := list(itertools.islice(names, _BATCH_FILES)):
            self._on_step('files', len(batch))
            yield from self._of_batch(folder, batch, references)
        for link in links:
            place = _place(link)
            yield Finding(FindingKind.NOT_LOOKED_AT, place, note='a link to a folder')

    def _of_batch(
        self, folder: str, names: list[str], references: References
    ) -> Iterator[Finding]:
        """Look twice at what seems orphaned, the second time with new eyes.

        An upload makes its file first, then, within seconds, its document, or a note
        of an unresolved write: an old file without either is of no upload. A drop
        renames its collection in one step: a document that the first look missed
        because of that is under the new name in the second. When that is gone too, so
        are the files, or they have a note; so notes are looked for last.
        """
        referenced = references.of(folder, names)
        suspects = [name for name in names if name not in referenced]
        suspects = [name for name in suspects if self._is_old(_joined(folder, name))]
        if not suspects:
            return
        now = References(self._inventory)
        referenced = now.of(folder, suspects, exactly=False)
        for name in suspects:
            if name not in referenced:
                yield from self._of_suspect(folder, name, now)

    def _of_suspect(self, folder: str, name: str, now: References) -> Iterator[Finding]:
        if self._extent.repairs and now.of(folder, [name]):
            return
        if self._is_unresolved(name):
            self._on_step('waiting', 1)
            return
        if self._age(_joined(folder, name)) is None:
            return
        if not self._extent.repairs:
            yield Finding(FindingKind.ORPHANED, _place(folder, name))
            return
        require_collections(now, self._inventory)
        if finding := self._set_aside(folder, name):
            yield finding

    def _set_aside(self, folder: str, name: str) -> Finding | None:
        try:
            key = self._quarantine.set_aside(_joined(folder, name))
        except StorageError as ex:
            return Finding(FindingKind.ORPHANED, _place(folder, name), note=str(ex))
        if key is None:
            return None
        place = _place(folder, name)
        note = f'moved to {QUARANTINE}/{key}'
        return Finding(FindingKind.ORPHANED, place, True, note)

    def _age(self, key: str) -> float | None:
        return self._folder.ages.of(self._files.folder / key)

    def _is_old(self, key: str) -> bool:
        return self._extent.has_age(self._age(key), self._on_step)

    def _is_unresolved(self, name: str) -> bool:
        image_id = id_of(name)
        return image_id is not None and self._folder.unresolved.has(image_id)


def _joined(folder: str, name: str) -> str:
    return f'{folder}/{name}'.lstrip('/')


def _place(*parts: str) -> str:
    return '/'.join(part for part in (IMAGES, *parts) if part)
