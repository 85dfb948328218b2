"""The header of a part, and values with parameters: one grammar for all of them.

It is that of RFC 2045 (section 5.1), RFC 2183, RFC 2231 and RFC 7578, with what is
sent beside it: bare values with blanks, backslashes of Windows that escape nothing,
and encoded words (RFC 2047) in quotes. What cannot be read is refused.
"""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_to_bytes

from falcon_images.errors import InvalidRequestError
from falcon_images.settings import Limits
from falcon_images.uploads.encodings import decoded_text

_NAME_CHARACTERS = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_BARE_LINE_BREAK = re.compile(rb'(?<!\r)\n|\r(?!\n)')
_FOLD = re.compile(rb'\r\n(?=[ \t])')
_FIELD = re.compile(rf'({_NAME_CHARACTERS})[ \t]*:(.*)'.encode(), re.DOTALL)
_PARAMETER = re.compile(
    rf'\s*(?:({_NAME_CHARACTERS})\s*=\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^";]*)))?(?:;|\Z)',
    re.DOTALL,
)
# Only these two are escaped: the others are of paths, as in C:\images\a.jpg.
_ESCAPE = re.compile(r'\\(["\\])')
# RFC 8187, section 3.2: charset'language'percent-encoded.
_EXTENDED = re.compile(r"([\w.:-]*)'[\w-]*'(.*)", re.DOTALL)
_BAD_PERCENT = re.compile('%(?![0-9A-Fa-f]{2})')
_BAD_ESCAPE = re.compile('=(?![0-9A-Fa-f]{2})')
# RFC 2231, section 3: a value in pieces, of which some are percent-encoded.
_PIECE = re.compile(r'(.+?)\*([0-9]{1,4})(\*?)')
_WORDS = re.compile(r'(?:=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=\s*)+')
_WORD = re.compile(r'=\?([^?\s*]+)(?:\*[^?\s]*)?\?([BbQq])\?([^?\s]*)\?=')
_READ = ('content-disposition', 'content-type', 'content-transfer-encoding')
_NAME = 'A name in the form'
_NOT_PACKED = ('', 'identity')


@dataclass(frozen=True)
class Value:
    """What a header says: its first word in small letters, and its parameters."""

    word: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class PartHeader:
    """What the header of a part says of it.

    Args:
        name: that of the field.
        file_name: as it was sent; None if the part is not a file.
        media_type: in small letters.
        charset: that of the text, if it is said.
        encoding: the transfer encoding, in small letters.
    """

    name: str
    file_name: str | None = None
    media_type: str = 'text/plain'
    charset: str | None = None
    encoding: str = 'binary'


def read_part_header(header: bytes) -> PartHeader:
    """Read all lines between a delimiter and the empty line.

    Raises:
        InvalidRequestError: it cannot be read, or the part has no name.
    """
    fields = _fields(header)
    disposition = read_value(fields.get('content-disposition', ''))
    name = disposition.parameters.get('name')
    if disposition.word != 'form-data' or not name:
        raise InvalidRequestError(
            'A part of the form has no name; each needs a header Content-Disposition: '
            'form-data; name="...".'
        )
    content_type = read_value(fields.get('content-type', 'text/plain'))
    return PartHeader(
        name,
        disposition.parameters.get('filename'),
        content_type.word,
        content_type.parameters.get('charset'),
        read_value(fields.get('content-transfer-encoding', 'binary')).word,
    )


def read_value(text: str) -> Value:
    """Read a word, and parameters such as ``; name="a"``.

    Raises:
        InvalidRequestError: it cannot be read, or has a parameter twice.
    """
    word, _, rest = text.partition(';')
    sent: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if not match:
            raise _unreadable(text)
        at = match.end()
        name = (match[1] or '').lower()
        if name in sent:
            raise InvalidRequestError(
                f'A header of the form has the parameter "{name}" twice; send it once.'
            )
        if name:
            quoted = match[2]
            sent[name] = match[3].strip() if quoted is None else _unescaped(quoted)
    return Value(word.strip().lower(), _decoded(sent))


def refuse_long_header(header: bytes, limits: Limits) -> NoReturn:
    """Raise `InvalidRequestError` for a header that is longer than the limit."""
    # The end of one is not found if its lines do not end as they should.
    _check_line_breaks(header)
    raise InvalidRequestError(
        f'The header of a part has more than {limits.max_part_header_bytes} bytes '
        '(MAX_PART_HEADER_BYTES).'
    )


def _check_line_breaks(header: bytes) -> None:
    """Raise `InvalidRequestError` if a line ends otherwise than in CR LF."""
    if _BARE_LINE_BREAK.search(header):
        raise InvalidRequestError(
            'The header of a part has lines that do not end in CR LF; '
            'send CR LF (\\r\\n) at the end of each line of the form.'
        )


def _fields(header: bytes) -> dict[str, str]:
    _check_line_breaks(header)
    fields: dict[str, str] = {}
    for line in _FOLD.sub(b'', header).split(b'\r\n'):
        if line:
            name, value = _field(line)
            if name in _READ and name in fields:
                raise InvalidRequestError(f'A part of the form has two headers {name}.')
            fields[name] = value
    if fields.get('content-encoding', '').lower() not in _NOT_PACKED:
        raise InvalidRequestError(
            'A part of the form has a Content-Encoding; send it as identity, unpacked.'
        )
    return fields


def _field(line: bytes) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if not match:
        raise InvalidRequestError(
            'The header of a part has a line that is no header, such as Name: value.'
        )
    name = match[1].decode().lower()
    try:
        return name, match[2].decode().strip()
    except UnicodeDecodeError as ex:
        if name not in _READ:
            return name, ''
        raise InvalidRequestError(
            'A name in the form is not UTF-8; encode field and file names as UTF-8.'
        ) from ex


def _unescaped(quoted: str) -> str:
    text = _ESCAPE.sub(r'\1', quoted)
    return _of_words(text) if _WORDS.fullmatch(text) else text


def _of_words(text: str) -> str:
    """Decode words of RFC 2047, as .NET writes names that are not ASCII."""
    words = _WORD.findall(text)
    runs: list[tuple[str, bytes]] = []
    for charset, kind, encoded in words:
        data = _word_bytes(kind, encoded)
        # A character may be divided between two words of one charset.
        if runs and runs[-1][0] == charset:
            runs[-1] = (charset, runs[-1][1] + data)
        else:
            runs.append((charset, data))
    return ''.join(decoded_text(data, charset, _NAME) for charset, data in runs)


def _word_bytes(kind: str, encoded: str) -> bytes:
    try:
        if kind in 'Bb':
            return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as ex:
        raise _unreadable(encoded) from ex
    if _BAD_ESCAPE.search(encoded):
        raise _unreadable(encoded)
    return quopri.decodestring(encoded.encode(), header=True)


def _decoded(sent: dict[str, str]) -> dict[str, str]:
    """Return parameters by their plain names; the richer of two forms wins."""
    plain = {name: value for name, value in sent.items() if '*' not in name}
    if len(plain) == len(sent):
        return plain
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    extended = {}
    for name, value in sent.items():
        if match := _PIECE.fullmatch(name):
            numbered = pieces.setdefault(match[1], {})
            numbered[int(match[2])] = (value, bool(match[3]))
        elif name.endswith('*'):
            extended[name[:-1]] = _extended(value)
    joined = {name: _joined(name, numbered) for name, numbered in pieces.items()}
    return plain | joined | extended


def _extended(value: str) -> str:
    match = _EXTENDED.fullmatch(value)
    if not match or _BAD_PERCENT.search(match[2]):
        raise _unreadable(value)
    return decoded_text(unquote_to_bytes(match[2]), match[1], _NAME)


def _joined(name: str, pieces: dict[int, tuple[str, bool]]) -> str:
    if sorted(pieces) != list(range(len(pieces))):
        raise _unreadable(name)
    charset, data = 'utf-8', b''
    for number in range(len(pieces)):
        value, is_encoded = pieces[number]
        if is_encoded and number == 0:
            match = _EXTENDED.fullmatch(value)
            if not match:
                raise _unreadable(value)
            charset, value = match[1] or 'utf-8', match[2]
        if is_encoded and _BAD_PERCENT.search(value):
            raise _unreadable(value)
        data += unquote_to_bytes(value) if is_encoded else value.encode()
    return decoded_text(data, charset, _NAME)


def _unreadable(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'A header of the form cannot be read at {text[:100]!r}; write its parameters '
        'as in name="value".'
    )
