"""Queries: from the client's limit, skip, sort and filter to what MongoDB is asked."""

import datetime
import re
from collections.abc import Mapping, Sequence
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.json_text import loads_object
from falcon_images.metadata import NEWEST_FIRST, Order, Query, parse_id
from falcon_images.properties import check_name
from falcon_images.settings import Settings

Params = Mapping[str, str | list[str]]

_LIMIT = ('limit', 'batch_size', 'count')
_SKIP = ('skip', 'start_index', 'index')
# No collection has more documents than that, and MongoDB adds limit and skip up.
_MAX_COUNT = 2**62
_MAX_COUNT_DIGITS = 1000
_DIGITS = re.compile('[0-9]+')

_CLAUSES = frozenset(('$and', '$or', '$nor'))
_VALUE_OPERATORS = frozenset(('$eq', '$ne', '$gt', '$gte', '$lt', '$lte'))
_LIST_OPERATORS = frozenset(('$in', '$nin', '$all'))
_CONDITION_OPERATORS = frozenset(('$not', '$elemMatch'))
_BIT_OPERATORS = ('$bitsAllSet', '$bitsAnySet', '$bitsAllClear', '$bitsAnyClear')
_PLAIN_OPERATORS = frozenset(
    ('$exists', '$type', '$size', '$mod', '$regex', '$options', *_BIT_OPERATORS)
)
_OPERATORS = (
    _VALUE_OPERATORS | _LIST_OPERATORS | _CONDITION_OPERATORS | _PLAIN_OPERATORS
)


def parse_query(params: Params, limits: Settings) -> Query:
    """Read the list parameters of a request (see the README's table of them).

    Raises:
        InvalidRequestError: one of them cannot be used; the text says which and why.
    """
    return Query(
        filter=parse_filter(params, limits),
        sort=_order(_json(params, 'sort', limits)),
        skip=_whole_number(params, _SKIP),
        limit=_limit(params, limits),
    )


def parse_filter(params: Params, limits: Settings) -> dict[str, Any]:
    """Read the parameter ``filter``: a MongoDB query as JSON, operators allow-listed.

    Strings compared with ``_id`` become ids, those compared with ``time`` dates.
    """
    return _clause(_json(params, 'filter', limits))


def _one(params: Params, names: Sequence[str]) -> str:
    given = [(name, params[name]) for name in names if params.get(name)]
    if len(given) > 1 or any(isinstance(value, list) for _, value in given):
        raise InvalidRequestError(f'{" or ".join(names)} may be given only once.')
    return str(given[0][1]) if given else ''


def _json(params: Params, name: str, limits: Settings) -> dict[str, Any]:
    text = _one(params, (name,))
    if len(text.encode(errors='replace')) > limits.max_query_bytes:
        raise InvalidRequestError(
            f'{name} has more than {limits.max_query_bytes} bytes (MAX_QUERY_BYTES).'
        )
    return loads_object(text, name, limits) if text else {}


def _whole_number(params: Params, names: Sequence[str]) -> int:
    text = _one(params, names)
    if not text:
        return 0
    if not _DIGITS.fullmatch(text):
        raise InvalidRequestError(
            f'{names[0]} must be a whole number of 0 or more, not {text[:40]!r}.'
        )
    return min(int(text), _MAX_COUNT) if len(text) < _MAX_COUNT_DIGITS else _MAX_COUNT


def _limit(params: Params, limits: Settings) -> int:
    limit, most = _whole_number(params, _LIMIT), limits.max_list_documents
    if most and not 0 < limit <= most:
        raise InvalidRequestError(
            f'A list can have {most} documents at most (MAX_LIST_DOCUMENTS); ask for '
            'pages with limit and skip.'
        )
    return limit


def _order(given: dict[str, Any]) -> Order:
    order = list(given.items())
    for path, direction in order:
        _check_path(path)
        if type(direction) is not int or direction not in (1, -1):
            raise InvalidRequestError(
                f'sort: {path!r} must be 1 (ascending) or -1 (descending).'
            )
    if not order:
        return NEWEST_FIRST
    if all(path != '_id' for path, _ in order):
        order.append(('_id', order[-1][1]))
    return order


def _check_path(path: str) -> None:
    for name in path.split('.'):
        check_name(name)


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
    _check_path(name)
    return _condition(name, value)


def _condition(path: str, condition: Any) -> Any:
    """Make safe what is asked of one field: a value, or an object of operators."""
    if not isinstance(condition, dict) or not any(
        name.startswith('$') for name in condition
    ):
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
            return _date(value)
    if isinstance(value, list) and path in ('_id', 'time'):
        return [_value(path, member) for member in value]
    _check_names(value)
    return value


def _date(text: str) -> datetime.datetime:
    try:
        date = datetime.datetime.fromisoformat(text)
        utc = date if date.tzinfo else date.replace(tzinfo=datetime.UTC)
        return utc.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as ex:
        raise InvalidRequestError(
            f'filter: {text[:40]!r} is not a time; write 2022-03-01 or '
            '2022-03-01T08:30:00Z.'
        ) from ex


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
