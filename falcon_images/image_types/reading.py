"""Reading of fixed fields."""

import struct
from typing import Any, BinaryIO


class NotThisFormatError(Exception):
    """The bytes are not those that the format must have."""


def exactly(file: BinaryIO, size: int) -> bytes:
    """Read so many bytes; raise `NotThisFormatError` if there are fewer."""
    data = file.read(size)
    if len(data) < size:
        raise NotThisFormatError
    return data


def fields(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    """Read fields of a layout as `struct` describes it."""
    return struct.unpack(layout, exactly(file, struct.calcsize(layout)))
