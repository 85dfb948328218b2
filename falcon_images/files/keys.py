"""Keys: the name under which the file of an image is on disk."""

import functools
import hashlib
import os
import re

from falcon_images.errors import InvalidRequestError

# Part of every key on disk: to change one would lose the files that have it.
_EXTENSIONS = {
    'image/avif': '.avif',
    'image/bmp': '.bmp',
    'image/gif': '.gif',
    'image/jp2': '.jp2',
    'image/jpeg': '.jpg',
    'image/png': '.png',
    'image/svg+xml': '.svg',
    'image/tiff': '.tif',
    'image/webp': '.webp',
    'image/x-portable-anymap': '.pnm',
}
_UNSAFE = re.compile('[^a-z0-9_-]')
_MAX_READABLE_CHARACTERS = 40
_DEVICES = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?', re.IGNORECASE)
# What leads elsewhere, and what Windows knows no file by.
_NOT_IN_NAMES = re.compile(r'[/\\:\x00-\x1f]')
_IMAGE_KEY = re.compile(
    '[a-z0-9_-]*-[0-9a-f]{20}/[0-9a-f]{4}/[0-9a-f]{3}/[0-9a-f]{24}([.][a-z0-9]+)?'
)
_REMEMBERED_FOLDERS = 1000


def image_key(collection_name: str, image_id: str, media_type: str) -> str:
    """Return the key of an image's file, which is made of our own names only.

    The folders stay small: the first 4 digits of an id change every 18 hours, and the 3
    that follow are the upper half of a counter, so that 4,096 images made one after
    the other by one process share a folder.
    """
    return '/'.join(
        (
            collection_folder(collection_name),
            image_id[:4],
            image_id[18:21],
            image_id + _EXTENSIONS.get(media_type, ''),
        )
    )


def legacy_key(collection_name: str, image_name: object) -> str:
    """Return the key of a legacy file, which is made of the client's own names.

    Raises:
        InvalidRequestError: such a name could lead elsewhere.
    """
    for name in (collection_name, image_name):
        if not isinstance(name, str) or not _is_plain(name):
            raise _unsafe()
    return f'{collection_name}/{image_name}'


def check_key(key: str) -> None:
    """Raise `InvalidRequestError` for a key that could lead elsewhere."""
    # Nearly all keys are `image_key`'s; they are known faster than checked.
    if not is_image_key(key) and not all(map(_is_plain, key.split('/'))):
        raise _unsafe()


def path_below(folder: str, key: str, separator: str = os.sep) -> str:
    """Return where a key's file is below a folder.

    With the system's separator alone: Windows takes names without a limit of length,
    which begin with two backslashes and a question mark, as they are.
    """
    return folder + separator + key.replace('/', separator)


def is_image_key(key: str) -> bool:
    """Return whether a key is one that `image_key` makes."""
    return _IMAGE_KEY.fullmatch(key) is not None


@functools.lru_cache(_REMEMBERED_FOLDERS)
def collection_folder(collection_name: str) -> str:
    """Return the first part of the keys of all images of a collection.

    A folder's name that is legal everywhere, and differs when names differ:
    the hash keeps apart what a file system without case would not, and makes names of
    devices (``CON``), of dots alone and of any length harmless.
    """
    readable = _UNSAFE.sub('_', collection_name.lower())[:_MAX_READABLE_CHARACTERS]
    digest = hashlib.sha256(collection_name.encode('utf-8', 'surrogatepass'))
    return f'{readable}-{digest.hexdigest()[:20]}'


def _is_plain(name: str) -> bool:
    """Return whether a name stays in its folder, on Windows as elsewhere."""
    return (
        name.strip('. ') != ''
        and not _DEVICES.fullmatch(name)
        and not _NOT_IN_NAMES.search(name)
    )


def _unsafe() -> InvalidRequestError:
    return InvalidRequestError('The file of this image has an unsafe name.')
