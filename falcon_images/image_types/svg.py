"""SVG: a document whose root says so."""

import contextlib
import xml.parsers.expat
from typing import BinaryIO

_ROOTS = ('http://www.w3.org/2000/svg svg', 'svg')
_PROLOGUE_BYTES = 65536


class _RootFoundError(Exception):
    pass


def is_svg(file: BinaryIO) -> bool:
    """Return whether the root of a document is that of SVG."""
    roots: list[str] = []

    def on_start(name: str, attributes: dict[str, str]) -> None:
        roots.append(name)
        raise _RootFoundError

    parser = xml.parsers.expat.ParserCreate(namespace_separator=' ')
    parser.StartElementHandler = on_start
    file.seek(0)
    no_more = (_RootFoundError, xml.parsers.expat.ExpatError, ValueError, LookupError)
    with contextlib.suppress(*no_more):
        parser.Parse(file.read(_PROLOGUE_BYTES), False)
    return bool(roots) and roots[0] in _ROOTS
