"""The query as it was sent: how it is encoded, and what in it has no value."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from falcon_images.errors import InvalidRequestError

_MAX_TOLD = 20
_MAX_TOLD_CHARACTERS = 100
# A comma parts the names in the header, and a percent sign marks what is encoded.
_TOLD_AS_IT_IS = ''.join(c for c in map(chr, range(0x21, 0x7F)) if c not in ',%')


def check_encoding(query_string: str) -> None:
    """Raise `InvalidRequestError` if text in a query is not percent-encoded UTF-8."""
    try:
        unquote_to_bytes(query_string.encode('ascii')).decode()
    except UnicodeError as ex:
        raise InvalidRequestError(
            'The query has characters that are not percent-encoded UTF-8; encode '
            'names and values, as curl -G --data-urlencode does.'
        ) from ex


def blank_parameters(query_string: str) -> Iterator[tuple[str, bool]]:
    """Yield the parameters without a value: their names, and whether they have a ``=``.

    Those without one are most likely meant as comparisons, such as ``score<0.2``.
    """
    for text in query_string.split('&'):
        name, sign, value = text.partition('=')
        if text and not value:
            yield unquote_plus(name), bool(sign)


def ignored_parameters(query_string: str) -> str:
    """Return the names that a list passes over, as text for a header."""
    return told_names(name for name, _ in blank_parameters(query_string))


def told_names(names: Iterable[str]) -> str:
    """Return names as text for a header, each once, and not too many of them."""
    return ', '.join(
        quote(name[:_MAX_TOLD_CHARACTERS], safe=_TOLD_AS_IT_IS, errors='replace')
        for name in list(dict.fromkeys(names))[:_MAX_TOLD]
    )


def refuse_blank_parameters(query_string: str) -> None:
    """Raise `InvalidRequestError` for the first parameter without a value.

    As if absent, it would make a change of more images than are meant.
    """
    for name, has_sign in blank_parameters(query_string):
        if has_sign:
            raise InvalidRequestError(
                f'{name[:40]!r} has no value, so it is no condition: give it one, or '
                'leave it out. An empty text is asked for with filter={"NAME": ""}.'
            )
        raise InvalidRequestError(
            f'{name[:40]!r} has no "=", so it is no condition. Write NAME=VALUE; '
            'comparisons are min_NAME, max_NAME, gt_NAME, lt_NAME and not_NAME.'
        )
