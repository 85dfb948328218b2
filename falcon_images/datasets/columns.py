"""Columns of one type each, as programs for training read them."""

from collections.abc import Mapping
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps

RULE = (
    'Each column has one type: whole numbers and numbers together are numbers, true '
    'and false alone are that, and what is of several types, lists and empty objects '
    'are text. Members of objects have dotted names.'
)
LACKING_RULE = (
    'What an image lacks is an empty text, and null among numbers, or true and false; '
    'a column that all images of a split lack is text.'
)
# How the names of columns end that programs take for those of files.
_OF_FILES = ('file_name', 'file_names')
_IMAGE = 'image'
_MAX_COLUMNS = 1000
_NUMBERS = frozenset((int, float))


class Columns:
    """The columns of tables: the types of their values are seen before any is written.

    Args:
        lacking: what stands for a text that an image lacks.
    """

    def __init__(self, lacking: str | None = None) -> None:
        self._lacking = lacking
        self._types: dict[str, set[type]] = {}
        self._tables: dict[str, set[str]] = {}
        self._all_tables: set[str] = set()

    def see(self, values: Mapping[str, Any], table: str = '') -> None:
        """Take note of the values of one image, and of the table that they are for."""
        self._all_tables.add(table)
        for name, value in values.items():
            types = self._types.setdefault(name, set())
            if value is not None:
                types.add(type(value))
                self._tables.setdefault(name, set()).add(table)
        if len(self._types) > _MAX_COLUMNS:
            raise InvalidRequestError(
                f'The images have more than {_MAX_COLUMNS} different properties; '
                'choose some with fields.'
            )

    def types(self) -> dict[str, type]:
        """Return the one type of each column: bool, int, float or str."""
        return {name: self._type(name, types) for name, types in self._types.items()}

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of one image, in all columns."""
        return {
            name: self._of_type(values.get(name), self._type(name, types))
            for name, types in self._types.items()
        }

    def _type(self, name: str, types: set[type]) -> type:
        # Programs find out the type of a column table by table.
        if self._lacking is not None and self._tables.get(name) != self._all_tables:
            return str
        if types in ({bool}, {int}):
            return next(iter(types))
        return float if types and types <= _NUMBERS else str

    def _of_type(self, value: Any, kind: type) -> Any:
        if value is None:
            return self._lacking if kind is str else None
        if kind is float:
            return float(value)
        is_text = isinstance(value, str) or kind is not str
        return value if is_text else dumps(value).decode()


def name_beside_files(column: str) -> str:
    """Return a name for a column that does not mean an image or its file.

    No two columns get the same, and `property_of_column` finds out which it was.
    """
    return f'{column}_' if _means_a_file(column.rstrip('_')) else column


def property_of_column(name: str) -> str:
    """Return the column of which `name_beside_files` made a name."""
    means_a_file = _means_a_file(name.rstrip('_'))
    return name.removesuffix('_') if means_a_file else name


def _means_a_file(name: str) -> bool:
    return name == _IMAGE or name.endswith(_OF_FILES)
