"""Expressions: how MongoDB takes the values of a property from a document.

A list counts as its different members, and objects in it as their own properties.
"""

from typing import Any

from bson import MaxKey, MinKey

Expression = Any
Names = tuple[str, ...]

# Of types that JSON does not have: that a document has no value at a path, and that it
# was counted.
NO_VALUE: Expression = {'$literal': MinKey()}
A_DOCUMENT: Expression = {'$literal': MaxKey()}
_CURRENT = '$$CURRENT'


def value_at(names: Names) -> Expression:
    """Take what is at a path through objects alone; a list stays as it is."""
    value = _CURRENT
    are_objects = []
    for name in names:
        value = _member(value, name)
        are_objects.append(_is_object(value))
    found = {'$ifNull': [value, _if(_is(value, 'missing'), NO_VALUE, None)]}
    return _if({'$and': are_objects[:-1]}, found, NO_VALUE) if names[1:] else found


def values_at(names: Names) -> Expression:
    """Take all that is at a path, also through lists of objects, as one list."""
    return _let(_members_at(_CURRENT, names), _if_empty('$$found', NO_VALUE))


def leaves(value: Expression, keep_objects: bool) -> Expression:
    """List the different values that count for what `value_at` or `values_at` took.

    Args:
        keep_objects: count objects as values; else they are their members.
    """
    found = _if(is_list(value), _if_empty(value, [[]]), [value])
    if not keep_objects:
        found = {'$filter': {'input': found, 'cond': {'$not': [_is_full('$$this')]}}}
    leaves_ = _let(found, _if_empty('$$found', [NO_VALUE]))
    return {'$setUnion': [leaves_, [A_DOCUMENT]]}


def type_of(value: Expression) -> Expression:
    """Take the type of a value, the same for all kinds of numbers."""
    return _if({'$isNumber': value}, 'number', {'$type': value})


def inner_names(value: Expression) -> Expression:
    """List the names in an object, or in those of a list."""
    all_ = {'$setUnion': ['$$value', _names_of('$$this')]}
    of_list = {'$reduce': {'input': _objects(value), 'initialValue': [], 'in': all_}}
    of_other = _if(_is_object(value), _names_of(value), [])
    return _if(is_list(value), of_list, of_other)


def is_list(value: Expression) -> Expression:
    """Make the expression of whether a value is a list."""
    return {'$isArray': [value]}


def is_path(name: str) -> bool:
    """Return whether a name can stand in a path; no client can have sent another."""
    return name != '' and '.' not in name and not name.startswith('$')


def _members_at(value: Expression, names: Names) -> Expression:
    if not names:
        one = _if(_is(value, 'missing'), [], [value])
        return _if(is_list(value), _if_empty(value, [[]]), one)
    inner = _members_at(_member('$$this', names[0]), names[1:])
    return {
        '$reduce': {
            'input': _objects(_if(is_list(value), value, [value])),
            'initialValue': [],
            'in': {'$concatArrays': ['$$value', inner]},
        }
    }


def _member(value: Expression, name: str) -> Expression:
    if isinstance(value, str) and is_path(name):
        return f'{value}.{name}'
    return {'$getField': {'field': {'$literal': name}, 'input': value}}


def _objects(values: Expression) -> Expression:
    return {'$filter': {'input': values, 'cond': _is_object('$$this')}}


def _names_of(value: Expression) -> Expression:
    return {'$map': {'input': {'$objectToArray': value}, 'in': '$$this.k'}}


def _is_full(value: Expression) -> Expression:
    return {'$and': [_is_object(value), {'$ne': [value, {}]}]}


def _is_object(value: Expression) -> Expression:
    return _is(value, 'object')


def _is(value: Expression, type_: str) -> Expression:
    return {'$eq': [{'$type': value}, type_]}


def _if(condition: Expression, then: Expression, otherwise: Expression) -> Expression:
    return {'$cond': [condition, then, otherwise]}


def _if_empty(
    values: Expression, then: Expression, otherwise: Expression = None
) -> Expression:
    return _if({'$eq': [values, []]}, then, values if otherwise is None else otherwise)


def _let(value: Expression, in_: Expression) -> Expression:
    return {'$let': {'vars': {'found': value}, 'in': in_}}
