"""The parts of a form, found by the delimiters between them.

As RFC 2046 (section 5.1) and RFC 7578 define them: text before the first delimiter and
after the last one is ignored, blanks behind a delimiter are padding.
"""

import re
from typing import Protocol

from falcon_images.errors import InvalidRequestError
from falcon_images.settings import Limits
from falcon_images.uploads.headers import (
    PartHeader,
    read_part_header,
    read_value,
    refuse_long_header,
)

_END_OF_HEADER = b'\r\n\r\n'
_AFTER = re.compile(rb'(--)|[ \t]{0,1024}\r\n')
_BEGINNING_OF_AFTER = re.compile(rb'-|[ \t]{0,1024}\r?')
_NEVER_CONTENT = b' \t\r\n'


class Parts(Protocol):
    """Takes the parts of a form, one after the other."""

    def start(self, header: PartHeader) -> None:
        """Begin a part."""

    def take(self, content: bytes) -> None:
        """Take what comes next of it."""

    def end(self) -> None:
        """End it: it is whole."""


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a header `Content-Type` names.

    Raises:
        InvalidRequestError: there is none, or it cannot be read.
    """
    boundary = read_value(content_type).parameters.get('boundary')
    if not boundary:
        raise InvalidRequestError(
            'The Content-Type has no boundary; leave that header to the library that '
            'writes the form, which knows it.'
        )
    try:
        return boundary.encode('latin-1')
    except UnicodeEncodeError as ex:
        raise InvalidRequestError('The boundary of the form is not ASCII.') from ex


class FormReader:
    """Reads a form piece by piece, and hands its parts over."""

    def __init__(self, boundary: bytes, limits: Limits, parts: Parts) -> None:
        # A line break that lacks its CR is found too, and not taken for content.
        self._mark = b'\n--' + boundary
        self._limits = limits
        self._parts = parts
        # The first delimiter may stand at the very start, without a line break.
        self._data = b'\r\n'
        self._at = 0
        self._searched = 0
        self._count = 0
        self._in_header = False
        self.closed = False

    def feed(self, chunk: bytes) -> None:
        """Read on; what comes after the last delimiter is ignored.

        Raises:
            InvalidRequestError: this is not a well-formed form.
        """
        if self.closed:
            return
        # The byte before tells what kind of line break is at the beginning.
        done = max(min(self._at, self._searched) - 1, 0)
        self._data = self._data[done:] + chunk
        self._at -= done
        self._searched -= done
        while not self.closed and self._step():
            pass

    def end(self) -> None:
        """Raise `InvalidRequestError` if the form is not whole."""
        if self.closed:
            return
        if self._count:
            raise InvalidRequestError(
                'The form ends too early, before its last delimiter; send it again.'
            )
        raise InvalidRequestError(
            'The boundary that the Content-Type names is nowhere in the body; leave '
            'that header to the library that writes the form.'
        )

    def _step(self) -> bool:
        return self._read_header() if self._in_header else self._read_content()

    def _read_content(self) -> bool:
        start = self._data.find(self._mark, self._searched)
        if start < 0:
            self._searched = max(len(self._data) - len(self._mark), self._searched)
            self._hand_over(self._searched)
            return False
        end = start + len(self._mark)
        if after := _AFTER.match(self._data, end):
            self._check_line_break(start)
            self._hand_over(start - 1)
            self._next_part(is_last=bool(after[1]), at=after.end())
            return True
        if self._may_go_on(end):
            self._searched = start - 1
            self._hand_over(self._searched)
            return False
        self._searched = end
        return True

    def _may_go_on(self, end: int) -> bool:
        """Return whether more is to be read to know if this is a delimiter."""
        if _BEGINNING_OF_AFTER.fullmatch(self._data, end):
            return True
        if self._data[end] in _NEVER_CONTENT:
            raise _broken_delimiter()
        return False

    def _check_line_break(self, start: int) -> None:
        if self._count and self._data[start - 1 : start] != b'\r':
            raise _broken_delimiter()

    def _hand_over(self, until: int) -> None:
        if until > self._at:
            if self._count:
                self._parts.take(self._data[self._at : until])
            self._at = until

    def _next_part(self, is_last: bool, at: int) -> None:
        if self._count:
            self._parts.end()
        self.closed = is_last
        if is_last:
            return
        self._count += 1
        if self._count > self._limits.max_parts:
            raise InvalidRequestError(
                f'The form has more than {self._limits.max_parts} parts '
                '(MAX_PARTS); send fewer fields, or one field "json".'
            )
        self._in_header = True
        # With the line break of the delimiter: a header may be empty.
        self._at = self._searched = at - 2

    def _read_header(self) -> bool:
        end = self._data.find(_END_OF_HEADER, self._at)
        size = (end if end >= 0 else len(self._data)) - self._at
        if size > self._limits.max_part_header_bytes:
            last = end if end >= 0 else self._data.rfind(b'\n') + 1
            refuse_long_header(self._data[self._at : last], self._limits)
        if end < 0:
            return False
        self._parts.start(read_part_header(self._data[self._at : end]))
        self._in_header = False
        self._at = end + len(_END_OF_HEADER)
        # An empty part may have no line break of its own.
        self._searched = self._at - 1
        return True


def _broken_delimiter() -> InvalidRequestError:
    return InvalidRequestError(
        'A delimiter of the form is not a line of its own that ends in CR LF; send '
        'CR LF (\\r\\n) before and behind each.'
    )
