"""The check: are all files and documents there, and does each have its other half."""

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

from falcon_images.errors import InvalidRequestError, StorageError
from falcon_images.files.errors import disk_errors
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.layout import IMAGES, QUARANTINE, THUMBNAILS
from falcon_images.files.sha256 import sha256_of
from falcon_images.maintenance.findings import CheckError, Extent, Finding, FindingKind
from falcon_images.maintenance.orphaned_thumbnails import StaleThumbnails
from falcon_images.maintenance.references import References, id_of, key_of
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.inventory import Inventory, Source

_BATCH_FILES = 500


class Check:
    """Compares documents with files, then files and thumbnails with documents.

    Deletes thumbnails alone, which can be drawn again. A finding is looked at again
    before it is yielded, in the order that rules out an image that is just being
    deleted. Memory does not grow with the number of images.

    Args:
        on_step: is called with 'documents', 'files' or 'waiting', and how many more.
    """

    def __init__(
        self,
        folder: UploadsFolder,
        inventory: Inventory,
        extent: Extent,
        on_step: Callable[[str, int], None] = lambda what, count: None,
    ) -> None:
        self._inventory = inventory
        self._extent = extent
        self._on_step = on_step
        self._folder = folder
        self._files = folder.images
        self._quarantine = folder.quarantine

    def run(self) -> Iterator[Finding]:
        """Check all, and repair what can be if that was asked for.

        Raises:
            CheckError: there is nothing to check, or it is the wrong database.
            QuarantineError: nothing can be moved.
            DatabaseUnavailableError: it cannot go on.
        """
        if not self._files.folder.is_dir():
            raise CheckError(
                f'There is no folder {self._files.folder}; is UPLOADS_DIRECTORY right?'
            )
        if not self._extent.repairs:
            yield from self._all()
            return
        with self._quarantine.taken():
            yield from self._all()

    def _all(self) -> Iterator[Finding]:
        for source in (*self._inventory.collections(), *self._inventory.deleted()):
            for document in self._inventory.documents(source):
                self._on_step('documents', 1)
                yield from self._of_document(source, document)
        yield from self._of_files()
        yield from self._of_thumbnails()

    def _of_document(self, source: Source, document: Document) -> Iterator[Finding]:
        kind = self._fault(source, document)
        # Deleted are documents first, then files: a document that is still there now
        # had no right to be without its file before.
        if kind is None or not self._inventory.has(source, document):
            return
        place = f'{source.collection_name}/{document["_id"]}'
        if kind is FindingKind.MISSING and self._extent.repairs:
            yield self._put_back(source, document, place)
        else:
            note = 'deleted in bulk, can be reverted' if source.is_deleted else ''
            yield Finding(kind, place, note=note)

    def _fault(self, source: Source, document: Document) -> FindingKind | None:
        key = key_of(source.collection_name, document)
        try:
            file = self._files.open(key) if key else None
            if file is None:
                return FindingKind.MISSING
            with file, disk_errors():
                return self._fault_of_file(file, document)
        except InvalidRequestError:
            return FindingKind.MISSING
        except StorageError:
            return FindingKind.UNREADABLE

    def _fault_of_file(self, file: BinaryIO, document: Document) -> FindingKind | None:
        facts = file_facts(document)
        if facts is None:
            return None
        if os.fstat(file.fileno()).st_size != facts['size']:
            return FindingKind.WRONG_SIZE
        if self._extent.is_deep and sha256_of(file) != facts['sha256']:
            return FindingKind.DAMAGED
        return None

    def _put_back(self, source: Source, document: Document, place: str) -> Finding:
        key = key_of(source.collection_name, document)
        facts = file_facts(document)

        def fits(file: BinaryIO) -> bool:
            same_size = facts and os.fstat(file.fileno()).st_size == facts['size']
            return bool(same_size) and sha256_of(file) == (facts or {})['sha256']

        try:
            # Of a legacy file nothing is known but the name.
            is_back = key and self._quarantine.put_back(key, fits if facts else None)
        except StorageError as ex:
            return Finding(FindingKind.MISSING, place, note=str(ex))
        note = 'put back from the quarantine' if is_back else ''
        return Finding(FindingKind.MISSING, place, bool(is_back), note)

    def _of_files(self) -> Iterator[Finding]:
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
                yield Finding(
                    FindingKind.UNREADABLE, _place(folder), note=ex.strerror or ''
                )
            if was_emptied:
                self._quarantine.prune(folder)

    def _of_folder(
        self, folder: str, folders: list[str], references: References
    ) -> Iterator[Finding]:
        keys = self._files.files_in(folder, folders)
        names = (key.rpartition('/')[2] for key in keys)
        while batch := list(itertools.islice(names, _BATCH_FILES)):
            self._on_step('files', len(batch))
            yield from self._of_batch(folder, batch, references)

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
        self._require_collections(now)
        if finding := self._set_aside(folder, name):
            yield finding

    def _require_collections(self, now: References) -> None:
        if not now.knows_collections:
            raise CheckError(
                f'The database "{self._inventory.database_name}" has no collections, '
                'so every file would be set aside; are MONGODB_URL and MONGODB_DB '
                'right? Nothing was moved.'
            )

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

    def _of_thumbnails(self) -> Iterator[Finding]:
        cache = self._folder.thumbnails
        try:
            for key in StaleThumbnails(cache, self._references).find():
                if self._has_age(self._folder.ages.of(cache.folder / key)):
                    yield self._of_stale_thumbnail(key)
        except OSError as ex:
            yield Finding(FindingKind.UNREADABLE, THUMBNAILS, note=ex.strerror or '')

    def _references(self) -> References:
        references = References(self._inventory)
        if self._extent.repairs:
            self._require_collections(references)
        return references

    def _of_stale_thumbnail(self, key: str) -> Finding:
        found = Finding(FindingKind.STALE_THUMBNAIL, f'{THUMBNAILS}/{key}')
        if not self._extent.repairs:
            return found
        try:
            self._folder.thumbnails.remove(key)
        except OSError as ex:
            return replace(found, note=ex.strerror or '')
        return replace(found, is_repaired=True, note='removed')

    def _age(self, key: str) -> float | None:
        return self._folder.ages.of(self._files.folder / key)

    def _is_old(self, key: str) -> bool:
        return self._has_age(self._age(key))

    def _has_age(self, age: float | None) -> bool:
        if age is None:
            return False
        is_old = age >= self._extent.grace_seconds
        if not is_old:
            self._on_step('waiting', 1)
        return is_old

    def _is_unresolved(self, name: str) -> bool:
        image_id = id_of(name)
        return image_id is not None and self._folder.unresolved.has(image_id)


def _joined(folder: str, name: str) -> str:
    return f'{folder}/{name}'.lstrip('/')


def _place(*parts: str) -> str:
    return '/'.join(part for part in (IMAGES, *parts) if part)
