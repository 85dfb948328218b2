"""Columns of one type each, as programs for training read them."""

from collections.abc import Mapping
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps

RULE = (
    'Each column has one type: whole numbers and numbers together are numbers, true '
    'and false alone are that, and what is of several types, lists and empty objects '
    'are text. Members of objects have dotted names; what an image lacks is null.'
)
_MAX_COLUMNS = 1000
_NUMBERS = frozenset((int, float))


class Columns:
    """The columns of a table: the types of their values are seen before any is written.

    Args:
        reserved: the name of a column that is not made of a property.
    """

    def __init__(self, reserved: str) -> None:
        self._reserved = reserved
        self._types: dict[str, set[type]] = {}

    def see(self, values: Mapping[str, Any]) -> None:
        """Take note of the values of one image."""
        for name, value in values.items():
            types = self._types.setdefault(name, set())
            if value is not None:
                types.add(type(value))
        if len(self._types) > _MAX_COLUMNS:
            raise InvalidRequestError(
                f'The images have more than {_MAX_COLUMNS} different properties; '
                'choose some with fields.'
            )

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of one image, in all columns."""
        return {
            self._named(name): _of_type(values.get(name), types)
            for name, types in self._types.items()
        }

    def types(self) -> dict[str, type]:
        """Return the one type of each column: bool, int, float or str."""
        return {self._named(name): _one(types) for name, types in self._types.items()}

    def _named(self, name: str) -> str:
        return f'_{name}' if name == self._reserved else name


def _one(types: set[type]) -> type:
    if types in ({bool}, {int}):
        return next(iter(types))
    return float if types and types <= _NUMBERS else str


def _of_type(value: Any, types: set[type]) -> Any:
    if value is None or isinstance(value, str) or types in ({bool}, {int}):
        return value
    return float(value) if types <= _NUMBERS else dumps(value).decode()
