"""References: which files have a document, asked for many of one folder at once."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from falcon_images.errors import InvalidRequestError
from falcon_images.files.keys import collection_folder
from falcon_images.maintenance.findings import CheckError
from falcon_images.metadata.documents import Document, file_facts
from falcon_images.metadata.inventory import Inventory, Source
from falcon_images.store.image_files import file_key

_FILE_NAME = re.compile(r'[0-9a-f]{24}(\..*)?', re.IGNORECASE | re.DOTALL)
_ID_DIGITS = 24
_IMAGE_FOLDERS = 3


def key_of(collection_name: str, document: Document) -> str | None:
    """Return the key of a document's file; None if it can be nowhere."""
    try:
        return file_key(collection_name, document)
    except InvalidRequestError:
        return None


def id_of(name: str) -> str | None:
    """Return the id of the image that a file is of; None if it has no such name."""
    return name[:_ID_DIGITS].lower() if _FILE_NAME.fullmatch(name) else None


class References:
    """The files that the documents of the database have, in its collections of now.

    If that is not sure, a file has a document: names are compared as the most generous
    of file systems does. `knows_collections` is whether there are any collections.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._by_folder: dict[str, list[Source]] = defaultdict(list)
        self._by_name: dict[str, list[Source]] = defaultdict(list)
        self._sources = inventory.sources()
        self.knows_collections = bool(self._sources)
        for source in self._sources:
            name = source.collection_name
            self._by_folder[collection_folder(name)].append(source)
            self._by_name[_alike(name)].append(source)

    def of(self, folder: str, names: list[str], exactly: bool = True) -> set[str]:
        """Return those of some files in a folder that have a document.

        Args:
            exactly: do not look for legacy names that are only alike; quicker, for a
                first look.
        """
        top, *below = PurePosixPath(folder).parts or ('',)
        if not top:
            return set()
        if not below:
            return self._of_legacy(top, names, exactly)
        if len(below) == _IMAGE_FOLDERS - 1:
            return self._by_id(folder, top, names)
        return set()

    def of_hashes(self, hashes: set[str]) -> set[str]:
        """Return those of some SHA-256 that the file of a document has."""
        left = set(hashes)
        for source in self._sources:
            if left:
                left -= self._inventory.hashes(source, left)
        return hashes - left

    def _by_id(self, folder: str, top: str, names: list[str]) -> set[str]:
        ids = {image_id for name in names if (image_id := id_of(name))}
        keys = set[str]()
        unknown = set[str]()
        for source in self._by_folder.get(_alike(top), ()) if ids else ():
            for document in self._inventory.with_ids(source, ids):
                if file_facts(document) is None:
                    unknown.add(str(document['_id']))
                elif key := key_of(source.collection_name, document):
                    keys.add(key.lower())
        return {
            name
            for name in names
            if f'{folder}/{name}'.lower() in keys or id_of(name) in unknown
        }

    def _of_legacy(self, top: str, names: list[str], exactly: bool) -> set[str]:
        forms = _forms(names)
        found = {
            _alike(str(document['image']))
            for source in self._by_name.get(_alike(top), ())
            for document in self._inventory.of_legacy_version(source, forms, exactly)
        }
        return {name for name in names if _alike(name) in found}


def _forms(names: Iterable[str]) -> set[str]:
    """Write names in the ways that systems do; those that are not text have no way."""
    texts = [name for name in names if name.isascii() or _is_text(name)]
    return {
        unicodedata.normalize(form, text) for text in texts for form in ('NFC', 'NFD')
    } | set(texts)


def _is_text(name: str) -> bool:
    return not any('\ud800' <= character <= '\udfff' for character in name)


def _alike(name: str) -> str:
    return unicodedata.normalize('NFC', name).casefold()


def require_collections(references: References, inventory: Inventory) -> None:
    """Raise `CheckError` for a database without collections: it is the wrong one."""
    if not references.knows_collections:
        raise CheckError(
            f'The database "{inventory.database_name}" has no collections, so every '
            'file would be set aside; are MONGODB_URL and MONGODB_DB right? Nothing '
            'was moved.'
        )
