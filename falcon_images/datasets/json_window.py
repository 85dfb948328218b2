"""JSON of any size, read member by member: only a part of the text is in memory."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.errors import InvalidRequestError, TooLargeError

_CHUNK_BYTES = 65536
_BLANKS = re.compile(r'[ \t\r\n]*')


class JsonWindow:
    """The part of a text in JSON that is looked at.

    Args:
        max_bytes: the most that a member may have.
        member_name: what an error calls a member, such as ``A document of a.json``.
        refusal: what an error says of a text that is not such JSON.
    """

    def __init__(
        self, file: BinaryIO, max_bytes: int, member_name: str, refusal: str
    ) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._member_name = member_name
        self._refusal = refusal
        self._bytes_decoder = codecs.getincrementaldecoder('utf-8-sig')()
        # Digits of large numbers are not of interest here, and take long.
        self._decoder = json.JSONDecoder(parse_int=str, parse_float=str)
        self._text = ''
        self._at = 0
        self._is_at_end = False

    def members(self) -> Iterator[str]:
        """Yield the text of each member of the array that begins here."""
        self._expect('[')
        is_first = True
        while not self._ends_with(']', is_first):
            yield self.value()
            is_first = False

    def keys(self) -> Iterator[str]:
        """Yield each key of the object that begins here; read its value meanwhile."""
        self._expect('{')
        is_first = True
        while not self._ends_with('}', is_first):
            if self._next_character() != '"':
                raise self._unreadable()
            key = json.loads(self.value())
            self._expect(':')
            self._next_character()
            yield str(key)
            is_first = False

    def is_array(self) -> bool:
        """Return whether an array begins here."""
        return self._next_character() == '['

    def value(self) -> str:
        """Return the text of the value that begins here."""
        while True:
            try:
                _, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as ex:
                raise self._unreadable() from ex
            except ValueError as ex:
                if self._is_at_end:
                    raise self._unreadable() from ex
                self._read_on()
                continue
            # A number could go on behind the part that was read.
            if end == len(self._text) and not self._is_at_end:
                self._read_on()
                continue
            text, self._at = self._text[self._at : end], end
            return text

    def _expect(self, character: str) -> None:
        if self._next_character() != character:
            raise self._unreadable()
        self._at += 1

    def _ends_with(self, character: str, is_first: bool) -> bool:
        """Return whether an array or object ends here; else go on to what is next."""
        if self._next_character() == character:
            self._at += 1
            return True
        if not is_first:
            self._expect(',')
            self._next_character()
        return False

    def _next_character(self) -> str:
        while True:
            match = _BLANKS.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or self._is_at_end:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def _read_on(self) -> None:
        rest = self._text[self._at :]
        if len(rest) > self._max_bytes:
            raise TooLargeError(
                f'{self._member_name} has more bytes than MAX_PROPERTIES_BYTES '
                'allows, or is no JSON.'
            )
        # Twice as much each time, or a long member would be begun too often.
        data = self._file.read(max(_CHUNK_BYTES, len(rest)))
        self._is_at_end = not data
        try:
            decoded = self._bytes_decoder.decode(data, final=not data)
        except UnicodeDecodeError as ex:
            raise self._unreadable() from ex
        self._text = rest + decoded
        self._at = 0

    def _unreadable(self) -> InvalidRequestError:
        return InvalidRequestError(self._refusal)
