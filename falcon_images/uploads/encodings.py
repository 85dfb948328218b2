"""How the bytes of a part are written, and text in other charsets than UTF-8."""

import base64
import binascii
import codecs
import re
from typing import Protocol

from falcon_images.errors import InvalidRequestError

_BLANKS = re.compile(rb'[ \t\r\n]+')
_QUARTET = 4
# RFC 2045, section 6.7, says 76; some programs break no lines of short texts.
_MAX_LINE_BYTES = 65536
_QUOTED_LINE = re.compile(rb'(?:[^=]|=[0-9A-Fa-f]{2})*', re.DOTALL)
_QUOTED = re.compile(rb'=([0-9A-Fa-f]{2})')
_UTF_8 = ('utf-8', 'ascii')
# Codecs of Python that are none of text, or take a time that grows with its square.
_NO_CHARSETS = ('idna', 'punycode', 'unicode_escape', 'raw_unicode_escape')
# Python does not know this name.
_ALIASES = {'windows-31j': 'cp932'}
# Without a mark, the order of their bytes can only be guessed.
_MARKS = {
    'utf-16': (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    'utf-32': (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}


class Decoder(Protocol):
    """Gives back the bytes before a transfer encoding (RFC 2045, section 6)."""

    def feed(self, data: bytes) -> bytes:
        """Take what comes next, and return what it is."""

    def end(self) -> bytes:
        """Return what is left; raise `InvalidRequestError` if it is cut off."""


def decoder_of(encoding: str, name: str) -> Decoder | None:
    """Return the decoder of a part; None if its bytes are as they are.

    Raises:
        InvalidRequestError: the encoding is not known.
    """
    if encoding in ('', 'binary', '8bit', '7bit'):
        return None
    if encoding == 'base64':
        return _Base64(name)
    if encoding == 'quoted-printable':
        return _QuotedPrintable(name)
    raise InvalidRequestError(
        f'The Content-Transfer-Encoding {encoding!r} of the part {name!r} is not '
        'known; send it as binary, or leave that header out.'
    )


class _Base64:
    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = b''
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        data = self._rest + _BLANKS.sub(b'', data)
        whole = len(data) - len(data) % _QUARTET
        self._rest = data[whole:]
        return self._decoded(data[:whole])

    def end(self) -> bytes:
        if self._rest:
            raise _broken('base64', self._name)
        return b''

    def _decoded(self, data: bytes) -> bytes:
        if data and self._ended:
            raise _broken('base64', self._name)
        self._ended = data.endswith(b'=')
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error as ex:
            raise _broken('base64', self._name) from ex


class _QuotedPrintable:
    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = b''

    def feed(self, data: bytes) -> bytes:
        *lines, self._rest = (self._rest + data).split(b'\n')
        if len(self._rest) > _MAX_LINE_BYTES:
            raise InvalidRequestError(
                f'The part {self._name!r} has a line of quoted-printable with more '
                f'than {_MAX_LINE_BYTES} bytes; break it, or send the part as binary.'
            )
        return b''.join(map(self._line, lines))

    def end(self) -> bytes:
        return self._text(self._rest)

    def _line(self, line: bytes) -> bytes:
        end = b'\r\n' if line.endswith(b'\r') else b'\n'
        # Blanks at its end were added on the way.
        text = line.removesuffix(b'\r').rstrip(b' \t')
        if text.endswith(b'='):
            return self._text(text[:-1])
        return self._text(text) + end

    def _text(self, text: bytes) -> bytes:
        if not _QUOTED_LINE.fullmatch(text):
            raise _broken('quoted-printable', self._name)
        return _QUOTED.sub(lambda match: bytes.fromhex(match[1].decode()), text)


def decoded_text(raw: bytes, charset: str | None, what: str) -> str:
    """Return text that is UTF-8, or of the charset that its sender names.

    Args:
        what: what the error calls the text, such as ``The field 'a'``.

    Raises:
        InvalidRequestError: it is not of that charset, or that is not known.
    """
    name = _codec_name(charset or 'utf-8', what)
    marks = _MARKS.get(name)
    if marks and raw and not raw.startswith(marks):
        raise InvalidRequestError(
            f'{what} is {name} without a byte order mark; name the order ({name}le, '
            f'{name}be), or encode it as UTF-8.'
        )
    try:
        return raw.decode('utf-8' if name in _UTF_8 else name)
    except UnicodeError as ex:
        wanted = 'UTF-8' if name in _UTF_8 else charset
        raise InvalidRequestError(
            f'{what} is not {wanted} text; encode it as UTF-8.'
        ) from ex


def _codec_name(charset: str, what: str) -> str:
    try:
        name = codecs.lookup(_ALIASES.get(charset.lower(), charset)).name
        # It refuses codecs of bytes to bytes, such as "hex" and "zip".
        ''.encode(name)
    except (LookupError, ValueError) as ex:
        raise _unknown_charset(charset, what) from ex
    if name.replace('-', '_') in _NO_CHARSETS:
        raise _unknown_charset(charset, what)
    return name


def _unknown_charset(charset: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'The charset {charset!r} of {what[0].lower()}{what[1:]} is not known; '
        'encode it as UTF-8.'
    )


def _broken(encoding: str, name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'The part {name!r} is not whole {encoding}, as its header '
        'Content-Transfer-Encoding says; send it as binary.'
    )
