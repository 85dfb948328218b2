"""Patches: properties of one document are set or merged, within the bounds of it."""

import copy
from typing import Any

from pymongo.collection import Collection, ReturnDocument

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.metadata.changes.bulk import decoded
from falcon_images.metadata.codecs import RAW
from falcon_images.metadata.documents import Document
from falcon_images.metadata.errors import BAD_UPDATE, Operations
from falcon_images.metadata.writes import (
    confirm,
    has_size,
    has_value,
    is_small,
    merging,
    selection,
)
from falcon_images.properties import (
    MAX_VALUES,
    check_values,
    indexed_names,
    merge_patch,
    set_properties,
    values_in,
)

# So small a document has fewer values than `MAX_VALUES`, even if all of them are nulls
# under one long name, and the database has space for half as many more.
_SMALL_BYTES = 12_000
_FEW_VALUES = MAX_VALUES // 2
_ATTEMPTS = 100


class Patch:
    """Properties to set, dotted names inside objects; or a merge patch (RFC 7396)."""

    def __init__(self, values: Document, is_merge: bool) -> None:
        self._values = values
        self._is_merge = is_merge
        self._count = values_in(values)
        # A dotted name may add to a list, but not leave a hole of any size in it.
        self.indexed: list[str] = [] if is_merge else indexed_names(values)
        self.update: Any = merging(values) if is_merge else {'$set': values}

    @property
    def fits_small(self) -> bool:
        """Whether it fits every small document, whatever that holds."""
        return self._count <= _FEW_VALUES and not self.indexed

    def check(self, document: Document) -> None:
        """Raise `InvalidRequestError` or `TooLargeError` if it does not fit one."""
        count = values_in(document)
        if count + self._count <= MAX_VALUES and not self.indexed:
            return
        apply = merge_patch if self._is_merge else set_properties
        after = apply(copy.deepcopy(document), self._values)
        # Those that have more from earlier on may become fewer.
        check_values(after, max(count, MAX_VALUES))


class Patches:
    """Applies patches, each in one atomic update of one document.

    Small documents are not read for it; of others the guards are that they still have
    the size and the lists that were looked at.
    """

    def __init__(self, operation: Operations) -> None:
        self._operation = operation

    def apply(
        self,
        collection: Collection[Document],
        key: Any,
        patch: Patch,
        before: Document | None = None,
    ) -> Document | None:
        """Apply a patch; return the document, None if there is none to be patched.

        Args:
            before: the whole document that it must still be; None means any.

        Raises:
            InvalidRequestError, TooLargeError: the patch does not fit the document.
        """
        if before is not None:
            patch.check(before)
            return self._write(collection, patch, selection(key, before))
        if patch.fits_small:
            small = selection(key, None, is_small(_SMALL_BYTES))
            if document := self._write(collection, patch, small):
                return document
        return self._read_and_write(collection, key, patch)

    def _read_and_write(
        self, collection: Collection[Document], key: Any, patch: Patch
    ) -> Document | None:
        for _ in range(_ATTEMPTS):
            raw = self._read(collection, key)
            if raw is None:
                return None
            found = decoded(raw)
            patch.check(found)
            guards = [has_size(len(raw.raw))]
            guards += [has_value(name, found) for name in patch.indexed]
            same = selection(key, None, *guards)
            if document := self._write(collection, patch, same):
                return document
        raise DatabaseUnavailableError(
            'Others change this image all the time; send the request again.'
        )

    def _read(self, collection: Collection[Document], key: Any) -> Any:
        raw = collection.with_options(codec_options=RAW)
        with self._operation('get'):
            while True:
                found = raw.find_one({'_id': key})
                if found is not None or not confirm(collection, {'_id': key}):
                    return found

    def _write(
        self, collection: Collection[Document], patch: Patch, filter_: Document
    ) -> Document | None:
        with self._operation('update', mistake=BAD_UPDATE):
            return collection.find_one_and_update(
                filter_, patch.update, return_document=ReturnDocument.AFTER
            )
