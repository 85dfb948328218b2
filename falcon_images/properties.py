"""Properties: what a client attached to an image, and the names they may have."""

from collections.abc import Iterable, Mapping
from typing import Any

from falcon_images.errors import InvalidRequestError, TooLargeError

# The index of all values has an entry for each, written in one transaction: with some
# hundred thousand, a small server can neither store nor delete the document.
MAX_VALUES = 100_000
# An entry has the name as well, so a long one counts as several.
_NAME_BYTES = 128
_MAX_INDEX_DIGITS = 10
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


def check_values(properties: Mapping[str, Any], limit: int = MAX_VALUES) -> None:
    """Raise `TooLargeError` if properties have more values than a limit."""
    if values_in(properties) > limit:
        raise TooLargeError(
            f'The properties of an image can have {MAX_VALUES:,} values at most, those '
            f'in lists included; under a name, with those of the objects around it, of '
            f'more than {_NAME_BYTES} bytes, a value counts as several.'
        )


def values_in(properties: Mapping[str, Any]) -> int:
    """Count values at any depth; an object or a list counts as its members, if any."""
    count = 0
    containers: list[tuple[Any, int]] = [(properties, 0)]
    while containers:
        container, name_bytes = containers.pop()
        is_list = isinstance(container, list)
        for name in container:
            value = name if is_list else container[name]
            inner = name_bytes
            if not is_list:
                inner += 1 + len(name.encode(errors='replace'))
            if value and isinstance(value, dict | list):
                containers.append((value, inner))
            else:
                count += 1 + inner // _NAME_BYTES
    return count


def indexed_names(values: Mapping[str, Any]) -> list[str]:
    """Return the properties that must be lists for dotted names with numbers."""
    parts = (path.split('.') for path in values)
    return sorted({names[0] for names in parts if any(map(_is_index, names[1:]))})


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
    """Return properties without system fields: a document can be sent back as read."""
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


def set_properties(target: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Set properties by name or dotted path, as MongoDB's ``$set`` does, in place.

    Raises:
        InvalidRequestError: a path leads through a value that is not an object.
    """
    for path, value in sorted(values.items()):
        *names, last = path.split('.')
        place: Any = target
        for name in names:
            place = _inside(place, name, path)
        _put(place, last, value, path)
    return target


def check_paths(paths: Iterable[str]) -> None:
    """Raise `InvalidRequestError` if two dotted names lead to the same place."""
    known = set(paths)
    for path in known:
        names = path.split('.')
        for length in range(1, len(names)):
            if '.'.join(names[:length]) in known:
                raise InvalidRequestError(
                    f'The property {path!r} cannot be set together with what it is in.'
                )


def _inside(place: Any, name: str, path: str) -> Any:
    """Return what is under a name of an object or list; a new object if nothing is."""
    if isinstance(place, dict):
        return place.setdefault(name, {})
    index = _index(place, name, path)
    if index == len(place):
        place.append({})
    return place[index]


def _put(place: Any, name: str, value: Any, path: str) -> None:
    if isinstance(place, dict):
        place[name] = value
        return
    index = _index(place, name, path)
    place[index : index + 1] = [value]


def _index(place: Any, name: str, path: str) -> int:
    """Read the name of a list's member, which is there or comes right after the last.

    MongoDB would fill a list with nulls, up to a million of them, as far as a number.
    """
    if not isinstance(place, list) or not _is_index(name):
        raise InvalidRequestError(
            f'The property {path[:40]!r} cannot be set: the dotted name leads through '
            'a value that is not an object.'
        )
    if len(name) > _MAX_INDEX_DIGITS or int(name) > len(place):
        raise InvalidRequestError(
            f'The property {path[:40]!r} cannot be set: a list has {len(place)} '
            'members, so the next one is the last that can be added.'
        )
    return int(name)


def _is_index(name: str) -> bool:
    return name.isascii() and name.isdigit()


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
