"""What is in the archive of a data set, for its report."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from falcon_images.datasets.image_bytes import ImageSource
from falcon_images.files.keys import image_key
from falcon_images.query.export import Options

README = 'README.txt'
_OF_SPLITS = (
    'The split of an image is a hash of its group, or of its bytes where it has none: '
    'it never moves when others come, and equal bytes are in one split unless '
    'duplicates=keep was asked for.'
)


class Contents:
    """How many images each folder has, and a digest of all their names and bytes."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._manifest = hashlib.sha256()

    def add(self, path: str, sha256: str) -> None:
        """Add an image."""
        self._manifest.update(f'{sha256}  {path}\n'.encode())
        self._counts[path.rpartition('/')[0] or '.'] += 1

    def lines(self, options: Options, *rules: str) -> Iterator[str]:
        """Yield the lines of a report, with the rules of the layout."""
        yield 'Images in each folder:'
        for folder, count in sorted(self._counts.items()):
            yield f'  {folder}: {count}'
        if options.shares:
            yield _OF_SPLITS
        yield from rules
        yield f'SHA-256 of the lines "SHA256  PATH" of all images: {self.digest}'

    @property
    def digest(self) -> str:
        """The SHA-256 of the lines "SHA256  PATH" of all images."""
        return self._manifest.hexdigest()

    def folders(self) -> set[str]:
        """Return the folders that have images."""
        return set(self._counts)


def joined(folder: str, name: str) -> str:
    """Return the path of a name in a folder, either of which may be empty."""
    return f'{folder}/{name}' if folder and name else folder or name


def with_extension(source: ImageSource) -> str:
    """Return the name of an image, by which programs know that it is one."""
    if '.' in source.name:
        return source.name
    dot, extension = image_key('', source.image_id, source.type).rpartition('.')[1:]
    return f'{source.name or source.image_id}{dot}{extension}' if dot else source.name
