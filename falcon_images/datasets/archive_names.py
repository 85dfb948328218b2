"""Names of entries: in which charset they are written, and where they lead."""

import struct
import unicodedata
import zlib

_IS_UTF_8 = 0x800
# Info-ZIP's field of a name in UTF-8: version, CRC-32 of the plain name, the name.
_UNICODE_PATH = 0x7075
_FIELD = struct.Struct('<HH')
_CHECK = struct.Struct('<BI')
# Tools of Linux and macOS, Windows in Japanese, and what the format itself says.
_CHARSETS = ('utf-8', 'cp932', 'cp437')
_OF_SYSTEMS = ('.DS_Store', 'Thumbs.db', 'desktop.ini')
_RESOURCES = '__MACOSX/'


def names_of_zip(raw: bytes, flags: int, extra: bytes) -> list[str]:
    """Return what the name of an entry may be, the likeliest first."""
    if flags & _IS_UTF_8 and (name := _decoded(raw, 'utf-8')):
        return [normal_name(name)]
    return _names(_unicode_path(extra, raw), raw)


def names_of_tar(raw: bytes) -> list[str]:
    """Return what the name of an entry may be, the likeliest first."""
    # Programs that pack a whole folder begin every name with it.
    return [name.removeprefix('./') for name in _names('', raw)]


def normal_name(name: str) -> str:
    """Return a name with the separator of archives, and accents in one form.

    Some programs of Windows write backslashes; macOS writes accents apart.
    """
    return unicodedata.normalize('NFC', name.replace('\\', '/'))


def leads_elsewhere(name: str) -> bool:
    """Return whether a name, if it were unpacked, would be outside of its folder."""
    parts = name.split('/')
    if not name:
        return True
    is_drive = len(name) > 1 and name[1] == ':' and name[0].isalpha()
    return name.startswith('/') or is_drive or '..' in parts or '\0' in name


def is_of_system(name: str) -> bool:
    """Return whether an entry is what systems add, which nobody misses."""
    last = name.rpartition('/')[2]
    return name.endswith('/') or name.startswith(_RESOURCES) or last in _OF_SYSTEMS


def _names(said: str, raw: bytes) -> list[str]:
    found = [said, *(_decoded(raw, charset) for charset in _CHARSETS)]
    return list(dict.fromkeys(normal_name(name) for name in found if name)) or ['']


def _decoded(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        return ''


def _unicode_path(extra: bytes, raw: bytes) -> str:
    while len(extra) >= _FIELD.size:
        kind, size = _FIELD.unpack_from(extra)
        field, extra = extra[_FIELD.size :][:size], extra[_FIELD.size + size :]
        if kind == _UNICODE_PATH and len(field) > _CHECK.size:
            _, check = _CHECK.unpack_from(field)
            if check == zlib.crc32(raw):
                return _decoded(field[_CHECK.size :], 'utf-8')
    return ''
