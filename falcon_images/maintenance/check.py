"""The check: are all files and documents there, and does each have its other half."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from falcon_images.errors import InvalidRequestError, StorageError
from falcon_images.files.errors import disk_errors
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.layout import THUMBNAILS
from falcon_images.files.sha256 import sha256_of
from falcon_images.image_types.ends import is_whole
from falcon_images.maintenance.findings import (
    CheckError,
    Extent,
    Finding,
    FindingKind,
    OnStep,
)
from falcon_images.maintenance.orphaned_files import OrphanedFiles
from falcon_images.maintenance.orphaned_thumbnails import StaleThumbnails
from falcon_images.maintenance.references import (
    References,
    key_of,
    require_collections,
)
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.inventory import Inventory, Source
from falcon_images.metadata.names import DELETED_COLLECTION


class Check:
    """Compares documents with files, then files and thumbnails with documents.

    Deletes thumbnails alone, which can be drawn again. A finding is looked at again
    before it is yielded, in the order that rules out an image that is just being
    deleted. Memory does not grow with the number of images.

    Args:
        on_step: is called with 'documents', 'files', 'waiting' or 'ends', and how many
            more.
    """

    def __init__(
        self,
        folder: UploadsFolder,
        inventory: Inventory,
        extent: Extent,
        on_step: OnStep = lambda what, count: None,
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
        inventory = self._inventory
        for source in (
            *inventory.collections(),
            *inventory.deleted_collections(),
            *inventory.deleted(),
            *inventory.snapshots(),
        ):
            for document in inventory.documents(source):
                self._on_step('documents', 1)
                yield from self._of_document(source, document)
        yield from OrphanedFiles(
            self._folder, self._inventory, self._extent, self._on_step
        ).find()
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
            yield Finding(kind, place, note=_note(source))

    def _fault(self, source: Source, document: Document) -> FindingKind | None:
        key = key_of(source.collection_name, document)
        try:
            file = self._files.open(key) if key else None
            if file is None:
                return FindingKind.MISSING
            with file, disk_errors():
                fault = self._fault_of_file(file, document)
                if fault is None:
                    self._look_for_end(source, file, document)
                return fault
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

    def _look_for_end(self, source: Source, file: BinaryIO, document: Document) -> None:
        """Note whether a file is whole where nobody has looked, as at its upload."""
        facts = file_facts(document)
        is_asked = self._extent.is_deep and self._extent.repairs
        if is_asked and facts and 'whole' not in facts and not source.is_deleted:
            found = is_whole(file, facts['type'])
            self._inventory.set_whole(source, document, found)
            self._on_step('ends', 1)

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

    def _of_thumbnails(self) -> Iterator[Finding]:
        cache = self._folder.thumbnails
        try:
            for key in StaleThumbnails(cache, self._references).find():
                age = self._folder.ages.of(cache.folder / key)
                if self._extent.has_age(age, self._on_step):
                    yield self._of_stale_thumbnail(key)
        except OSError as ex:
            note = f'{ex.strerror}; the rest was not looked at'
            yield Finding(FindingKind.UNREADABLE, THUMBNAILS, note=note)

    def _references(self) -> References:
        references = References(self._inventory)
        if self._extent.repairs:
            require_collections(references, self._inventory)
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


def _note(source: Source) -> str:
    if source.is_snapshot:
        return 'deleted, and held by a snapshot'
    if source.key.startswith(DELETED_COLLECTION):
        return 'in a deleted collection, can be reverted'
    return 'deleted in bulk, can be reverted' if source.is_deleted else ''
