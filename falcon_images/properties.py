"""Properties: what a client attached to an image, and the names they may have."""

from collections.abc import Mapping
from typing import Any

from falcon_images.errors import InvalidRequestError

SYSTEM_FIELDS = ('_id', 'time', 'image', '_file')


def check_properties(properties: Mapping[str, Any]) -> None:
    """Check the names of properties, at any depth.

    Raises:
        InvalidRequestError: a name is empty, begins with ``$``, or has a dot or NUL.
    """
    for name, value in properties.items():
        check_name(name)
        if '.' in name:
            raise InvalidRequestError(
                f'The property name {name!r} has a dot; use a nested object instead.'
            )
        _check_value(value)


def check_update(properties: Mapping[str, Any]) -> None:
    """Check properties like `check_properties`, but let a dotted name be a path."""
    for path, value in properties.items():
        for name in path.split('.'):
            check_name(name)
        _check_value(value)


def check_depth(properties: Mapping[str, Any], max_depth: int) -> None:
    """Raise `InvalidRequestError` if dotted names lead deeper than JSON may nest."""
    for path, value in properties.items():
        if path.count('.') + 1 + _depth(value) > max_depth:
            raise InvalidRequestError(
                f'The property {path[:40]!r} is nested deeper than {max_depth} levels '
                '(MAX_JSON_DEPTH).'
            )


def check_name(name: str) -> None:
    """Raise `InvalidRequestError` if no property can have that name."""
    if not name:
        raise InvalidRequestError('A property has an empty name; give it one.')
    if name.startswith('$'):
        raise InvalidRequestError(
            f'The property name {name!r} begins with "$", which MongoDB keeps for its '
            'operators; choose another.'
        )
    if '\0' in name:
        raise InvalidRequestError(f'The property name {name!r} holds a NUL character.')


def refuse_system_fields(properties: Mapping[str, Any]) -> None:
    """Raise `InvalidRequestError` if a client tries to set what is ours."""
    for name in SYSTEM_FIELDS:
        if name in properties:
            raise InvalidRequestError(
                f'The field {name!r} is set by the service; send it under another name.'
            )


def without_system_fields(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Leave system fields out, so that a document that was read can be sent back."""
    return {
        path: value
        for path, value in properties.items()
        if path.split('.', 1)[0] not in SYSTEM_FIELDS
    }


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396, section 2) and return the result."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return 0
    return 1 + max(map(_depth, value), default=0)


def _check_value(value: Any) -> None:
    if isinstance(value, dict):
        check_properties(value)
    elif isinstance(value, list):
        for member in value:
            _check_value(member)
