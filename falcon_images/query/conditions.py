"""Conditions: plain parameters such as ``label=OK`` and ``min_score=0.5``."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.values import parse_id
from falcon_images.query.parameters import Params, check_path, checked_text, one_text
from falcon_images.query.times import first_moment, last_moment
from falcon_images.settings import Limits

Clause = dict[str, Any]
_Operator = Callable[[str, Sequence[str]], list[Clause]]

# Parameters with a meaning of their own on some route; they are never conditions.
OWN_NAMES = frozenset(
    (
        *('limit', 'batch_size', 'count', 'skip', 'start_index', 'index'),
        *('sort', 'filter', 'fields', 'cursor', 'from', 'to', 'values'),
        *('all', 'dry_run', 'expect', 'jwt', 'token'),
    )
)
_MAX_CONDITIONS = 100
_PREFIX = re.compile('(eq|min|max|gt|lt|not|in|like|has)_(.*)', re.DOTALL)
_NUMBER = re.compile(r'-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?')
_INT64 = range(-(2**63), 2**63)
_MAX_INTEGER_DIGITS = 20
_BOOLEANS = {'true': True, 'false': False}


def parse_conditions(params: Params, limits: Limits) -> list[Clause]:
    """Read all plain conditions of a request; each is a filter, and all must hold.

    Raises:
        InvalidRequestError: one of them cannot be; the text says which and why.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for name, values in params.items():
        if name not in OWN_NAMES and (texts := _texts(name, values, limits)):
            groups.setdefault(_split(name, limits), []).extend(texts)
    if len(groups) > _MAX_CONDITIONS:
        raise InvalidRequestError(
            f'A request can have {_MAX_CONDITIONS} conditions at most; use filter.'
        )
    return [
        clause
        for (operator, path), texts in groups.items()
        for clause in _OPERATORS[operator](path, texts)
    ]


def parse_period(params: Params, limits: Limits) -> list[Clause]:
    """Read ``from`` and ``to``: bounds of the time of storage, both included."""
    bounds = {}
    if text := one_text(params, ('from',), limits):
        bounds['$gte'] = first_moment(text)
    if text := one_text(params, ('to',), limits):
        bounds['$lte'] = last_moment(text)
    return [{'time': bounds}] if bounds else []


def _texts(name: str, values: str | list[str], limits: Limits) -> list[str]:
    texts = values if isinstance(values, list) else [values]
    return [checked_text(name, text, limits) for text in texts if text]


def _split(name: str, limits: Limits) -> tuple[str, str]:
    match = _PREFIX.fullmatch(name)
    operator, path = (match[1], match[2]) if match else ('eq', name)
    if len(checked_text('A name', path, limits).encode()) > limits.max_name_bytes:
        raise InvalidRequestError(
            f'A name has more than {limits.max_name_bytes} bytes (MAX_NAME_BYTES).'
        )
    check_path(path)
    return operator, path


def _equal(path: str, texts: Sequence[str]) -> list[Clause]:
    return [_any_of(path, texts)]


def _in(path: str, texts: Sequence[str]) -> list[Clause]:
    members = [member for text in texts for member in text.split(',') if member]
    if not members:
        raise InvalidRequestError(f'in_{path[:40]} has no value beside its commas.')
    return [_any_of(path, members)]


def _not(path: str, texts: Sequence[str]) -> list[Clause]:
    return [{'$nor': [_any_of(path, texts)]}]


def _any_of(path: str, texts: Sequence[str]) -> Clause:
    if path == '_id':
        return {path: {'$in': [parse_id(text) for text in texts]}}
    clauses: list[Clause]
    if path == 'time':
        clauses = [
            {path: {'$gte': first_moment(text), '$lte': last_moment(text)}}
            for text in texts
        ]
    else:
        clauses = [{path: {'$in': [value for t in texts for value in _meanings(t)]}}]
        # Compared with null itself, images without the property would be found too.
        clauses += [{path: {'$type': 'null'}}] if 'null' in texts else []
    return clauses[0] if len(clauses) == 1 else {'$or': clauses}


def _meanings(text: str) -> list[Any]:
    """List what a text may stand for: itself, and a number or a boolean."""
    if text in _BOOLEANS:
        return [_BOOLEANS[text], text]
    number = _number(text)
    return [text] if number is None else [number, text]


def _number(text: str) -> int | float | None:
    """Read a JSON number; None for other text, and for what MongoDB cannot hold."""
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    is_integer = not (match[2] or match[3]) and len(text) <= _MAX_INTEGER_DIGITS
    if is_integer and int(text) in _INT64:
        return int(text)
    number = float(text)
    return number if math.isfinite(number) else None


def _comparing(operator: str, moment: Callable[[str], Any]) -> _Operator:
    def compare(path: str, texts: Sequence[str]) -> list[Clause]:
        return [{path: {operator: _bound(path, text, moment)}} for text in texts]

    return compare


def _bound(path: str, text: str, moment: Callable[[str], Any]) -> Any:
    if path == '_id':
        return parse_id(text)
    if path == 'time':
        return moment(text)
    number = _number(text)
    if number is None and _NUMBER.fullmatch(text):
        raise InvalidRequestError(f'{path[:40]}: {text[:40]} is too large a number.')
    return text if number is None else number


def _like(path: str, texts: Sequence[str]) -> list[Clause]:
    if path in ('_id', 'time'):
        raise InvalidRequestError(
            f'like_{path} cannot be: it compares text. Use from and to for times.'
        )
    patterns = [{path: {'$regex': _regex(text), '$options': 's'}} for text in texts]
    return [patterns[0] if len(patterns) == 1 else {'$or': patterns}]


def _regex(text: str) -> str:
    """Write a pattern of ``*`` and ``?`` as a regular expression.

    Its groups are atomic, so that the time to match does not grow with their number.
    """
    if '\0' in text:
        raise InvalidRequestError('A pattern holds a NUL character.')
    first, *others = (_escaped(part) for part in re.split(r'\*+', text))
    if not others:
        return rf'\A{first}\z'
    middle = ''.join(f'(?>.*?{part})' for part in others[:-1] if part)
    return rf'\A{first}{middle}.*{others[-1]}\z'


def _escaped(text: str) -> str:
    return '.'.join(re.escape(part) for part in text.split('?'))


def _has(path: str, texts: Sequence[str]) -> list[Clause]:
    for text in texts:
        if text not in _BOOLEANS:
            raise InvalidRequestError(
                f'has_{path[:40]} must be true or false, not {text[:40]!r}.'
            )
    return [{path: {'$exists': _BOOLEANS[text]}} for text in texts]


_OPERATORS: dict[str, _Operator] = {
    'eq': _equal,
    'in': _in,
    'not': _not,
    'min': _comparing('$gte', first_moment),
    'max': _comparing('$lte', last_moment),
    'gt': _comparing('$gt', last_moment),
    'lt': _comparing('$lt', first_moment),
    'like': _like,
    'has': _has,
}
