"""What this layer relies on inside streaming-form-data, which does not document it.

`tests/test_internals.py` asserts each of these by name, and the version.
"""

import email.parser
import functools
from collections.abc import Mapping
from email.policy import HTTP
from types import ModuleType
from typing import Any

from streaming_form_data import _parser, parser

PACKAGE = 'streaming-form-data'
VERSION = '2.1.0'

NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    # What reads the header of each part, and that of the form; both are replaced.
    _parser: ('Parser',),
    parser: ('parse_content_boundary',),
}
_MAX_REMEMBERED = 8

_library_boundary = parser.parse_content_boundary


class _Header:
    """The header of a part, as the library asks for it."""

    def __init__(self, text: str) -> None:
        message = email.parser.Parser(policy=HTTP).parsestr(text)
        self._values = {name.lower(): value for name, value in message.items()}
        # Each call of the message's own reads the header once more.
        self._disposition = message.get_content_disposition()

    def get_content_disposition(self) -> str | None:
        return self._disposition

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]


class _Reader:
    """Reads the header of a part, in place of the reader of the standard library."""

    def __init__(self, policy: object) -> None:
        pass

    parsestr = staticmethod(functools.lru_cache(_MAX_REMEMBERED)(_Header))


def remember_headers() -> None:
    """Make the parser read each header once in a process.

    It reads them with the package `email`, which takes longer than all else that is
    done for a small upload; here it is given the same two headers each time.
    """
    _parser.Parser = _Reader
    parser.parse_content_boundary = _boundary


def _boundary(headers: Mapping[str, str]) -> bytes:
    return _read_boundary(headers['Content-Type'])


@functools.lru_cache(_MAX_REMEMBERED)
def _read_boundary(content_type: str) -> bytes:
    boundary: bytes = _library_boundary({'Content-Type': content_type})
    return boundary
