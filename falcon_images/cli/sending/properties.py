"""The properties of a file: those that are given, and those found beside it."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from PIL import ExifTags, Image

from falcon_images.cli.sending.files import Found

Properties = dict[str, Any]
_NUMBER = re.compile(r'[+-]?\d+(\.\d+)?([eE][+-]?\d+)?', re.ASCII)
_FRACTION = re.compile('[.eE]')
_MOST = 2**63
_EXIF_TIME = '%Y:%m:%d %H:%M:%S'


class MissingPropertiesError(Exception):
    """A file lacks what its properties come from; the text says what."""


class BadSourceError(Exception):
    """A source of properties that cannot be used; the text says why."""


class PropertySource(Protocol):
    """Where properties come from."""

    def of(self, found: Found) -> Properties:
        """Return the properties of a file; raise `MissingPropertiesError`."""


class Sources:
    """All that a file gets its properties from; the last has the last word.

    Args:
        sources: in order.
        given: for all files, over all sources.
        allow_missing: whether a file may lack what a source has of others.
    """

    def __init__(
        self,
        sources: Iterable[PropertySource],
        given: Properties,
        *,
        allow_missing: bool,
    ) -> None:
        self._sources = tuple(sources)
        self._given = given
        self._allow_missing = allow_missing

    def of(self, found: Found) -> Properties:
        """Return the properties of a file.

        Raises:
            MissingPropertiesError: it lacks what a source should have.
        """
        properties: Properties = {}
        for source in self._sources:
            try:
                properties |= source.of(found)
            except MissingPropertiesError:
                if not self._allow_missing:
                    raise
        return properties | self._given


class Sidecar:
    """A JSON object beside the image: `a.jpg.json` or `a.json`."""

    def of(self, found: Found) -> Properties:
        """Return the members of the object."""
        path = found.path
        for beside in (path.with_name(f'{path.name}.json'), path.with_suffix('.json')):
            try:
                read = json.loads(beside.read_text(encoding='utf-8-sig'))
            except FileNotFoundError:
                continue
            except ValueError as ex:
                raise MissingPropertiesError(f'{beside.name} is no JSON: {ex}') from ex
            if not isinstance(read, dict):
                raise MissingPropertiesError(f'{beside.name} is no JSON object.')
            return read
        raise MissingPropertiesError(f'There is no {path.name}.json beside it.')


class Folders:
    """The names of the folders in which an image is, below the one that was named.

    Args:
        names: of the properties, from the outermost folder on.
        numbers: those that are numbers; all others are text.
    """

    def __init__(self, names: Sequence[str], numbers: frozenset[str]) -> None:
        self._names = names
        self._numbers = numbers

    def of(self, found: Found) -> Properties:
        """Return a property for each folder."""
        folders = found.relative.split('/')[:-1]
        if len(folders) < len(self._names):
            raise MissingPropertiesError(
                f'It is in {len(folders)} folders, not {len(self._names)}.'
            )
        texts = dict(zip(self._names, folders, strict=False))
        return _with_numbers(texts, self._numbers)


class Expression:
    """A regular expression whose named groups are properties.

    Args:
        pattern: is searched for in the path below the folder that was named.
        numbers: groups that are numbers; all others are text.
    """

    def __init__(self, pattern: str, numbers: frozenset[str]) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as ex:
            raise BadSourceError(f'{pattern} is no regular expression: {ex}.') from ex
        if not self._pattern.groupindex:
            raise BadSourceError(f'{pattern} has no group such as (?P<work>…).')
        self._numbers = numbers

    def of(self, found: Found) -> Properties:
        """Return a property for each group that matches."""
        match = self._pattern.search(found.relative)
        if match is None:
            raise MissingPropertiesError('Its path does not match the expression.')
        groups = {name: text for name, text in match.groupdict().items() if text}
        return _with_numbers(groups, self._numbers)


class ExifTime:
    """When a picture was taken, as its camera wrote it into it.

    Args:
        name: of the property.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def of(self, found: Found) -> Properties:
        """Return the time in ISO 8601, with its offset if the camera knew it."""
        try:
            with Image.open(found.path) as image:
                tags = image.getexif().get_ifd(ExifTags.IFD.Exif)
            text = str(tags[ExifTags.Base.DateTimeOriginal])
            taken = datetime.strptime(text.strip('\0 '), _EXIF_TIME)
        # Pillow's readers raise almost anything, and each of them means the same.
        except Exception as ex:
            raise MissingPropertiesError('It has no time of its taking.') from ex
        offset = str(tags.get(ExifTags.Base.OffsetTimeOriginal, '')).strip('\0 ')
        return {self._name: f'{taken.isoformat()}{offset}'}


def number_of(text: str) -> int | float | None:
    """Return the number that a text is, with zeros before it too; None for others."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    if number.is_integer() and not _FRACTION.search(text):
        return int(text) if abs(number) < _MOST else None
    return number if math.isfinite(number) else None


def given_property(text: str) -> tuple[str, Any]:
    """Return name and value of `NAME=TEXT` or `NAME:=JSON`.

    Raises:
        BadSourceError: it is neither.
    """
    name, separator, value = text.partition('=')
    if not separator or not name.strip(':'):
        raise BadSourceError(f'{text} is neither NAME=TEXT nor NAME:=JSON.')
    if not name.endswith(':'):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as ex:
        raise BadSourceError(
            f'{value} is no JSON; text in it has quotes, and {name[:-1]}=TEXT needs '
            'none.'
        ) from ex


def _with_numbers(texts: Mapping[str, str], numbers: frozenset[str]) -> Properties:
    properties: Properties = dict(texts)
    for name in numbers & texts.keys():
        properties[name] = number_of(texts[name])
        if properties[name] is None:
            raise MissingPropertiesError(f'Its {name}, {texts[name]}, is no number.')
    return properties
