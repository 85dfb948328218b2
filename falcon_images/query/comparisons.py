"""Comparisons of two properties: ``same_A=B`` and ``differs_A=B``.

Values are the same as those that ``A=VALUE`` finds: a text may mean a number or a
boolean, and of a list one value is enough. Null and an empty list are no values.
"""

from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import NUMBER
from falcon_images.query.parameters import BOOLEANS, check_path

Expression = Any

# They have types of their own, and what is hidden in `_file` would be compared too.
_NOT_COMPARED = ('_id', 'time', '_file')
_VALUE: Expression = {'$gt': ['$$this', None]}


def same(path: str, other: str) -> Expression:
    """Make the expression of whether two properties have a value in common."""
    return _compared(path, other, '$eq', _SAME)


def differing(path: str, other: str) -> Expression:
    """Make the expression of whether both have a value, and none in common."""
    both = [_is_filled('$$a'), _is_filled('$$b')]
    return _compared(path, other, '$ne', {'$and': [*both, {'$not': [_SAME]}]})


def _compared(
    path: str, other: str, of_texts: str, expression: Expression
) -> Expression:
    values = {'a': _values(path), 'b': _values(other)}
    fields = [f'${path}', f'${other}']
    # Most are texts, of which nothing has to be read.
    are_texts = [{'$eq': [{'$type': field}, 'string']} for field in fields]
    any_values = {'$let': {'vars': values, 'in': expression}}
    return {'$cond': [{'$and': are_texts}, {of_texts: fields}, any_values]}


def _values(path: str) -> Expression:
    """List the values of a property, as a condition looks at them one by one."""
    _check(path)
    field = f'${path}'
    names = path.split('.')
    outer = ['.'.join(names[:length]) for length in range(1, len(names))]
    found = {'$cond': [{'$isArray': field}, field, [field]]}
    if outer:
        # Each object of a list may have a list of its own there.
        is_in_list = {'$or': [{'$isArray': f'${each}'} for each in outer]}
        found = {'$cond': [is_in_list, _unpacked(field), found]}
    return {'$filter': {'input': found, 'as': 'this', 'cond': _VALUE}}


def _check(path: str) -> None:
    check_path(path)
    if path in _NOT_COMPARED:
        raise InvalidRequestError(
            f'{path} cannot be compared with a property; same_ and differs_ take '
            'properties, image, and fields of _file such as _file.type.'
        )
    if any(name.isascii() and name.isdigit() for name in path.split('.')[1:]):
        raise InvalidRequestError(
            f'{path[:40]!r} has a number as a name; same_ and differs_ compare all '
            'values of a list, so leave the number out.'
        )


def _unpacked(field: Expression) -> Expression:
    is_list = {'$isArray': '$$this'}
    lists = {'$filter': {'input': field, 'as': 'this', 'cond': is_list}}
    others = {'$filter': {'input': field, 'as': 'this', 'cond': {'$not': [is_list]}}}
    joined = {'$concatArrays': ['$$value', '$$this']}
    return {'$reduce': {'input': lists, 'initialValue': others, 'in': joined}}


def _readings(values: Expression) -> Expression:
    """List what the texts among values may mean beside themselves."""
    is_text = {'$eq': [{'$type': '$$this'}, 'string']}
    texts = {'$filter': {'input': values, 'as': 'this', 'cond': is_text}}
    read = {'$map': {'input': texts, 'as': 'this', 'in': _reading('$$this')}}
    return {'$filter': {'input': read, 'as': 'this', 'cond': _VALUE}}


def _reading(text: Expression) -> Expression:
    is_number = {'$regexMatch': {'input': text, 'regex': rf'\A{NUMBER.pattern}\z'}}
    real = {'$convert': {'input': text, 'to': 'double', 'onError': None}}
    number = {'$convert': {'input': text, 'to': 'long', 'onError': real}}
    cases = [
        {'case': {'$eq': [text, word]}, 'then': {'$literal': value}}
        for word, value in BOOLEANS.items()
    ]
    cases.append({'case': is_number, 'then': number})
    return {'$switch': {'branches': cases, 'default': None}}


def _is_filled(values: Expression) -> Expression:
    return {'$gt': [{'$size': values}, 0]}


def _meet(some: Expression, others: Expression) -> Expression:
    return _is_filled({'$setIntersection': [some, others]})


# Two texts are the same if they are equal: only what is no text is compared with what a
# text means.
_SAME: Expression = {
    '$or': [
        _meet('$$a', {'$concatArrays': ['$$b', _readings('$$b')]}),
        _meet(_readings('$$a'), '$$b'),
    ]
}
