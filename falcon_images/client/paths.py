"""Addresses under the service, and parameters as they are written in one."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

# What a condition is given as: text, a number, true, null, or several of these.
Conditions = Mapping[str, Any]


def path_of(*parts: str) -> str:
    """Return the path of parts, each of them one segment."""
    return ''.join(f'/{quote(part, safe="")}' for part in parts)


def images_path(collection: str, *parts: str) -> str:
    """Return the path of the images of a collection, or of what is below them."""
    return path_of('collections', collection, 'images', *parts)


def parameters(
    conditions: Conditions | None = None, **own: Any
) -> list[tuple[str, str]]:
    """Return conditions, and the words of a route that are given, as parameters."""
    pairs: list[tuple[str, str]] = []
    for name, value in (conditions or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _text(each)) for each in values]
    return pairs + [
        (name, _text(value)) for name, value in own.items() if value is not None
    ]


def as_texts(conditions: Conditions | None) -> dict[str, str | list[str]]:
    """Return conditions as an object of texts and lists of texts."""
    return {
        name: [*map(_text, value)] if isinstance(value, list | tuple) else _text(value)
        for name, value in (conditions or {}).items()
    }


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return ','.join(map(_text, value))
    return json.dumps(value, ensure_ascii=False)
