"""Headers of many small pieces, each of which some reader looks at one by one."""

import struct
import zlib
from collections.abc import Callable

from tests.support import pictures

BYTES = 8 * 1024**2


def _inside(content: bytes, before: int, piece: bytes) -> bytes:
    return content[:before] + piece * (BYTES // len(piece)) + content[before:]


def _format(name: str) -> bytes:
    return pictures.every_format()[name][0]


def _png(piece: bytes) -> bytes:
    return _inside(pictures.png_header(40, 30), 33, piece)


def _gif(piece: bytes) -> bytes:
    return _inside(pictures.gif_header(40, 30, 0), 19, piece)


def _gif_blocks() -> bytes:
    return pictures.gif_header(40, 30, 0)[:19] + b'!\xfe' + b'\1a' * (BYTES // 2)


def _jpeg(piece: bytes) -> bytes:
    return _inside(_format('jpeg'), 2, piece)


def box(name: bytes, data: bytes) -> bytes:
    return struct.pack('>I4s', 8 + len(data), name) + data


def _replaced(content: bytes, names: tuple[bytes, ...], new: bytes) -> bytes:
    """Replace what is in a box of a box, whose sizes are then right."""
    at = content.index(names[0]) - 4
    end = at + struct.unpack('>I', content[at : at + 4])[0]
    if len(names) > 1:
        new = _replaced(content[at + 8 : end], names[1:], new)
    return content[:at] + box(names[0], new) + content[end:]


def _boxes_in_jp2() -> bytes:
    content = _format('jp2')
    at = content.index(b'jp2h')
    size = struct.unpack('>I', content[at - 4 : at])[0] - 8
    old = content[at + 4 : at + 4 + size]
    return _replaced(content, (b'jp2h',), old + box(b'free', b'') * (BYTES // 8))


def _items_in_avif() -> bytes:
    count = BYTES // 10
    items = b''.join(struct.pack('>IHHH', 1 + n, 0, 0, 0) for n in range(count))
    locations = b'\2\0\0\0\x44\0' + struct.pack('>I', count) + items
    return _replaced(_format('avif'), (b'meta', b'iloc'), locations)


def _tags_in_tiff() -> bytes:
    tags = (struct.pack('<HHII', n, 4, 3, n) for n in range(65535))
    begin = b'II*\0\x08\0\0\0\xff\xff'
    return (begin + b''.join(tags)).ljust(BYTES, b'\1')


def text_bomb() -> bytes:
    """A PNG of 65 kB whose texts are 63 MB."""
    packed = zlib.compress(bytes(1024**2 - 10), 9)
    texts = (pictures.png_chunk(b'zTXt', b'%d\0\0' % n + packed) for n in range(63))
    header = pictures.png_header(40, 30)
    return header[:33] + b''.join(texts) + header[33:]


COSTLY: dict[str, tuple[str, Callable[[], bytes]]] = {
    'pnm comment': ('image/x-portable-anymap', lambda: b'P6\n#' + b'a' * BYTES),
    'pnm blanks': ('image/x-portable-anymap', lambda: b'P6' + b' ' * BYTES),
    'pnm comments': ('image/x-portable-anymap', lambda: b'P5\n' + b'#\n' * BYTES),
    'gif blocks': ('image/gif', _gif_blocks),
    'gif extensions': ('image/gif', lambda: _gif(b'!\xfe\0')),
    'gif without blocks': ('image/gif', lambda: _gif(b'x')),
    'jpeg markers': ('image/jpeg', lambda: _jpeg(b'\xff\xe5\0\2')),
    'jpeg comments': ('image/jpeg', lambda: _jpeg(b'\xff\xfe\0\2')),
    'jpeg fill': ('image/jpeg', lambda: _jpeg(b'\xff')),
    'jpeg exif': ('image/jpeg', lambda: _jpeg(b'\xff\xe1\0\x08Exif\0\0')),
    'png chunks': ('image/png', lambda: _png(pictures.png_chunk(b'zzZz', b''))),
    'png texts': ('image/png', lambda: _png(pictures.png_chunk(b'tEXt', b'a\0b'))),
    'png packed texts': ('image/png', text_bomb),
    'tiff tags': ('image/tiff', _tags_in_tiff),
    'jp2 boxes': ('image/jp2', lambda: _inside(_format('jp2'), 12, box(b'a   ', b''))),
    'jp2 boxes inside': ('image/jp2', _boxes_in_jp2),
    'avif boxes': (
        'image/avif',
        lambda: _inside(_format('avif'), 0x20, box(b'a', b'')),
    ),
    'avif items': ('image/avif', _items_in_avif),
}
