"""Filters: the client's MongoDB query as JSON, checked so that it is safe to run."""

from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.values import parse_id
from falcon_images.query.parameters import check_path
from falcon_images.query.times import parse_time

_CLAUSES = frozenset(('$and', '$or', '$nor'))
_VALUE_OPERATORS = frozenset(('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'))
_LIST_OPERATORS = frozenset(('$in', '$nin', '$all'))
_CONDITION_OPERATORS = frozenset(('$not', '$elemMatch'))
_BIT_OPERATORS = ('$bitsAllSet', '$bitsAnySet', '$bitsAllClear', '$bitsAnyClear')
_PLAIN_OPERATORS = frozenset(
    ('$exists', '$type', '$size', '$mod', '$regex', '$options', *_BIT_OPERATORS)
)
_ABOUT_OBJECTS = {'$exists', '$type'}
_OPERATORS = (
    _VALUE_OPERATORS | _LIST_OPERATORS | _CONDITION_OPERATORS | _PLAIN_OPERATORS
)


def safe_filter(given: dict[str, Any]) -> dict[str, Any]:
    """Return a safe MongoDB query for a client's: its operators are allow-listed.

    Strings compared with ``_id`` become ids, those compared with ``time`` dates.

    Raises:
        InvalidRequestError: it has what is not allowed, or means nothing.
    """
    return _clause(given)


def _clause(clause: Any) -> dict[str, Any]:
    if not isinstance(clause, dict):
        raise InvalidRequestError('filter: $and, $or and $nor hold lists of objects.')
    return {name: _member(name, value) for name, value in clause.items()}


def _member(name: str, value: Any) -> Any:
    if name in _CLAUSES:
        if not isinstance(value, list) or not value:
            raise InvalidRequestError(f'filter: {name} holds a list of objects.')
        return [_clause(clause) for clause in value]
    if name.startswith('$'):
        raise _unknown(name)
    check_path(name)
    return _condition(name, value)


def _condition(path: str, condition: Any) -> Any:
    """Return the safe form of a condition on a field: a value, or operators."""
    is_value = not isinstance(condition, dict) or not any(
        name.startswith('$') for name in condition
    )
    # A comparison with all of `_file` would reveal the fields that are hidden in it.
    if path == '_file' and (is_value or not condition.keys() <= _ABOUT_OBJECTS):
        raise InvalidRequestError(
            'filter: _file is asked for by its fields, such as _file.size.'
        )
    if is_value:
        return _value(path, condition)
    return {name: _operand(path, name, value) for name, value in condition.items()}


def _operand(path: str, operator: str, operand: Any) -> Any:
    if operator not in _OPERATORS:
        raise _unknown(operator)
    if operator in _VALUE_OPERATORS:
        return _value(path, operand)
    if operator in _LIST_OPERATORS:
        if not isinstance(operand, list):
            raise InvalidRequestError(f'filter: {operator} takes a list.')
        return [
            _condition(path, value) if operator == '$all' else _value(path, value)
            for value in operand
        ]
    if operator == '$elemMatch' and _is_clause(operand):
        return _clause(operand)
    if operator in _CONDITION_OPERATORS:
        return _condition(path, operand)
    _check_names(operand)
    return operand


def _is_clause(operand: Any) -> bool:
    return isinstance(operand, dict) and not any(
        name.startswith('$') and name not in _CLAUSES for name in operand
    )


def _value(path: str, value: Any) -> Any:
    if isinstance(value, str):
        if path == '_id':
            return parse_id(value)
        if path == 'time':
            return parse_time(value)
    if isinstance(value, list) and path in ('_id', 'time'):
        return [_value(path, member) for member in value]
    _check_names(value)
    return value


def _check_names(value: Any) -> None:
    if isinstance(value, dict):
        for name, member in value.items():
            if name.startswith('$'):
                raise _unknown(name)
            if '\0' in name:
                raise InvalidRequestError('filter: a name holds a NUL character.')
            _check_names(member)
    elif isinstance(value, list):
        for member in value:
            _check_names(member)


def _unknown(operator: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'filter: the operator {operator[:40]!r} is not allowed here. Allowed are '
        f'{", ".join(sorted(_CLAUSES | _OPERATORS))}.'
    )
