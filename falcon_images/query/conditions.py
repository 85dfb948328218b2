"""Conditions: plain parameters such as ``label=OK`` and ``min_score=0.5``."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import NUMBER, int64
from falcon_images.metadata.values import parse_id
from falcon_images.query.comparisons import differing, same
from falcon_images.query.names import instead
from falcon_images.query.parameters import (
    BOOLEANS,
    Params,
    check_path,
    checked_text,
    one_text,
)
from falcon_images.query.times import first_moment, last_moment
from falcon_images.settings import Limits

Clause = dict[str, Any]
_Operator = Callable[[str, Sequence[str]], list[Clause]]

_MAX_CONDITIONS = 100
_PREFIX = re.compile('(eq|min|max|gt|lt|not|in|like|has|same|differs)_(.*)', re.DOTALL)


def parse_conditions(
    params: Params, limits: Limits, names: Collection[str]
) -> list[Clause]:
    """Read all plain conditions of a request; each is a filter, and all must hold.

    Args:
        names: the parameters that are none, on this route.

    Raises:
        InvalidRequestError: one of them cannot be; the text says which and why.
    """
    groups = _groups(params, limits, names)
    if len(groups) > _MAX_CONDITIONS:
        raise _too_many()
    return [
        clause
        for (operator, path), texts in groups.items()
        for clause in _OPERATORS[operator](path, texts)
    ]


def excluding_paths(
    params: Params, limits: Limits, names: Collection[str]
) -> tuple[str, ...]:
    """Return the properties of the conditions that exclude values: ``not_NAME``."""
    groups = _groups(params, limits, names)
    return tuple(path for operator, path in groups if operator == 'not')


def parse_period(params: Params, limits: Limits) -> list[Clause]:
    """Read ``from`` and ``to``: bounds of the time of storage, both included."""
    bounds = {}
    if text := one_text(params, ('from',), limits):
        bounds['$gte'] = _of_name('from', text, first_moment)
    if text := one_text(params, ('to',), limits):
        bounds['$lte'] = _of_name('to', text, last_moment)
    return [{'time': bounds}] if bounds else []


def _of_name(name: str, text: str, moment: Callable[[str], Any]) -> Any:
    try:
        return moment(text)
    except InvalidRequestError as ex:
        raise InvalidRequestError(f'{name}: {ex} Else {instead(name)}.') from ex


def _too_many() -> InvalidRequestError:
    return InvalidRequestError(
        f'A request can have {_MAX_CONDITIONS} conditions at most; use filter.'
    )


def _groups(
    params: Params, limits: Limits, names: Collection[str]
) -> dict[tuple[str, str], list[str]]:
    """Collect the values of conditions by operator and property."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, values in params.items():
        if name not in names and (texts := _texts(name, values, limits)):
            groups.setdefault(_split(name, limits), []).extend(texts)
    return groups


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
    texts = list(dict.fromkeys(texts))
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
        # A comparison with null would find images without the property, too.
        clauses += [{path: {'$type': 'null'}}] if 'null' in texts else []
    return clauses[0] if len(clauses) == 1 else {'$or': clauses}


def _meanings(text: str) -> list[Any]:
    """Return the values that a text may mean: itself, and a number or a boolean."""
    if text in BOOLEANS:
        return [BOOLEANS[text], text]
    number = _number(text)
    return [text] if number is None else [number, text]


def _number(text: str) -> int | float | None:
    """Return a JSON number; None for other text, and for what MongoDB cannot hold."""
    match = NUMBER.fullmatch(text)
    if not match:
        return None
    integer = None if match[2] or match[3] else int64(text)
    if integer is not None:
        return integer
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
    if number is None and NUMBER.fullmatch(text):
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
        if text not in BOOLEANS:
            raise InvalidRequestError(
                f'has_{path[:40]} must be true or false, not {text[:40]!r}.'
            )
    return [{path: {'$exists': BOOLEANS[text]}} for text in texts]


def _comparing_with(expression: Callable[[str, str], Any]) -> _Operator:
    def compare(path: str, texts: Sequence[str]) -> list[Clause]:
        if len(texts) > _MAX_CONDITIONS:
            raise _too_many()
        return [{'$expr': expression(path, text)} for text in texts]

    return compare


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
    'same': _comparing_with(same),
    'differs': _comparing_with(differing),
}
