"""The files that paths, folders and patterns name, found as they are asked for."""

import glob
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath

ENDINGS = frozenset(
    (
        *('.avif', '.bmp', '.dib', '.gif', '.j2k', '.jfif', '.jp2', '.jpe', '.jpeg'),
        *('.jpg', '.jpx', '.mpo', '.pbm', '.pgm', '.png', '.pnm', '.ppm', '.svg'),
        *('.tif', '.tiff', '.webp'),
    )
)
_EXTENDED, _EXTENDED_UNC = '\\\\?\\', '\\\\?\\UNC\\'


@dataclass(frozen=True, slots=True)
class Found:
    """A file to be sent.

    Args:
        path: absolute.
        root: the folder that was named, or that of a file that was named.
        size: in bytes.
        changed_ns: when it was last written.
    """

    path: Path
    root: Path
    size: int
    changed_ns: int

    @property
    def relative(self) -> str:
        """Return the path under its root, with slashes on every system."""
        return self.path.relative_to(self.root).as_posix()


class Walk:
    """Goes through all files that are named, in memory that does not grow with them.

    Args:
        given: paths of files and folders, and patterns.
        on_trouble: is called with a path that cannot be read, and why.
        any_name: whether files in folders are taken whatever their ending is.
    """

    def __init__(
        self,
        given: Iterable[str],
        on_trouble: Callable[[str, str], None],
        *,
        any_name: bool = False,
    ) -> None:
        self._given = tuple(given)
        self._on_trouble = on_trouble
        self._any_name = any_name
        self.passed_over = 0

    def __iter__(self) -> Iterator[Found]:
        for name in self._given:
            paths = [name] if _is_there(name) else _matching(name)
            is_empty = True
            for path in paths:
                is_empty = False
                yield from self._under(rooted(path))
            if is_empty:
                self._on_trouble(name, 'There is no such file or folder.')

    def _under(self, path: Path) -> Iterator[Found]:
        if not _is_folder(path):
            yield from self._file(path, path.parent)
            return
        folders = [path]
        while folders:
            yield from self._in_folder(folders.pop(), path, folders)

    def _in_folder(
        self, folder: Path, root: Path, folders: list[Path]
    ) -> Iterator[Found]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_entry_a_folder(entry):
                        folders.append(Path(entry.path))
                    elif self._any_name or is_image_name(entry.name):
                        yield from self._file(Path(entry.path), root)
                    else:
                        self.passed_over += 1
        except OSError as ex:
            self._on_trouble(str(folder), reason_of(ex))

    def _file(self, path: Path, root: Path) -> Iterator[Found]:
        try:
            facts = path.stat()
        except OSError as ex:
            self._on_trouble(str(path), reason_of(ex))
        else:
            yield Found(path, root, facts.st_size, facts.st_mtime_ns)


def is_image_name(name: str) -> bool:
    """Return whether a file in a folder is taken for an image by its name."""
    return not name.startswith('.') and Path(name).suffix.lower() in ENDINGS


def rooted(path: str) -> Path:
    """Return an absolute path; on Windows one that may be of any length."""
    # Links stay as they are named: a key holds the path that people know.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    if isinstance(absolute, PureWindowsPath):
        return Path(extended(absolute))
    return absolute


def extended(path: PureWindowsPath) -> str:
    r"""Return a path of Windows in the form that has no limit of 260 characters."""
    text = str(path)
    if text.startswith(_EXTENDED):
        return text
    return f'{_EXTENDED_UNC}{text[2:]}' if text.startswith('\\\\') else _EXTENDED + text


def shown(path: PurePath) -> str:
    """Return a path as people write it."""
    text = str(path)
    if text.startswith(_EXTENDED_UNC):
        return '\\\\' + text.removeprefix(_EXTENDED_UNC)
    return text.removeprefix(_EXTENDED)


def identity(path: PurePath) -> str:
    """Return one text for one file, however its path was written."""
    text = unicodedata.normalize('NFC', shown(path))
    if isinstance(path, PureWindowsPath):
        return PureWindowsPath(text).as_posix().lower()
    return text


def reason_of(ex: OSError) -> str:
    """Return why the system refused, as a sentence."""
    return f'{ex.strerror or ex}.'


def _is_there(path: str) -> bool:
    # Where pathlib would raise, this is False: what follows says why.
    return os.path.exists(path)  # noqa: PTH110


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - as above


def _is_entry_a_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _matching(pattern: str) -> Iterator[str]:
    if not glob.has_magic(pattern):
        return iter(())
    # Those of pathlib begin at a folder; a pattern may be one with a drive.
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207
