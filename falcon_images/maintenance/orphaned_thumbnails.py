"""Stale thumbnails: those of images that are gone, or drawn as they are no more."""

import itertools
import os
import posixpath
from collections import defaultdict
from collections.abc import Callable, Iterator

from falcon_images.files.thumbnails import (
    LEGACY,
    ThumbnailCache,
    hash_of,
    is_current,
)
from falcon_images.maintenance.references import References

# Asked for together, because each batch asks every collection.
_BATCH_FILES = 1000
_LEGACY_PARTS = 4


class StaleThumbnails:
    """Looks through ``thumbnails/``, in memory that does not grow with it.

    Args:
        references: asks the documents anew.
    """

    def __init__(
        self, cache: ThumbnailCache, references: Callable[[], References]
    ) -> None:
        self._folder = cache.folder
        self._references = references

    def find(self) -> Iterator[str]:
        """Yield where they are below the folder; what is no thumbnail is left out.

        Looked for twice, the second time with new eyes: a collection may be dropped
        in between, and the bytes of an image come back with another.

        Raises:
            OSError: the disk does not show what is in a folder.
        """
        thumbnails = self._thumbnails()
        while batch := list(itertools.islice(thumbnails, _BATCH_FILES)):
            suspects = _unreferenced(batch, self._references(), exactly=True)
            if suspects:
                suspects = _unreferenced(suspects, self._references(), exactly=False)
            yield from (key for key in suspects if (self._folder / key).exists())

    def _thumbnails(self) -> Iterator[str]:
        # Text and no Path, which is slow, and keeps its parts for a while.
        for path, _, names in os.walk(self._folder, onerror=_refuse):
            folder = os.path.relpath(path, self._folder).replace(os.sep, '/')
            yield from (f'{folder}/{name}' for name in names if hash_of(name))


def _refuse(ex: OSError) -> None:
    # A folder that is empty goes with the last image that had thumbnails in it.
    if not isinstance(ex, FileNotFoundError):
        raise ex


def _unreferenced(keys: list[str], references: References, exactly: bool) -> list[str]:
    """Return those thumbnails that have no image that they are of."""
    hashes = {key: hash_of(posixpath.basename(key)) for key in keys if _is_now(key)}
    referenced = references.of_hashes({sha256 for sha256 in hashes.values() if sha256})
    names = defaultdict(set)
    for key in keys:
        if of_legacy := _legacy(key):
            names[of_legacy[0]].add(of_legacy[1])
    found = {
        (folder, name)
        for folder, some in names.items()
        for name in references.of(folder, list(some), exactly)
    }
    return [
        key
        for key in keys
        if _legacy(key) not in found and hashes.get(key) not in referenced
    ]


def _is_now(key: str) -> bool:
    return is_current(posixpath.dirname(key), posixpath.basename(key))


def _legacy(key: str) -> tuple[str, str] | None:
    """Return folder and name of the legacy file that a thumbnail is of."""
    parts = key.split('/')
    if len(parts) != _LEGACY_PARTS or parts[0] != LEGACY:
        return None
    return parts[1], parts[2]
