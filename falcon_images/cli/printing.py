"""What commands print: text that no name can steer, and numbers for people."""

import contextlib
import sys

_KILO = 1000
_MINUTE, _HOUR = 60, 3600


def printable(text: str) -> str:
    """Write out what could steer a terminal, or begin a line of its own."""
    return ''.join(
        character
        if character.isprintable()
        else character.encode('unicode_escape').decode()
        for character in text
    )


def print_any_name() -> None:
    """Make standard output and error take names that their encoding lacks."""
    # Windows gives a pipe an encoding that lacks most letters.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors='backslashreplace')  # type: ignore[union-attr]


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts, such as `1 file` and `2 files`."""
    return f'{number:,} {noun}{"" if number == 1 else "s"}'


def size_text(count: float) -> str:
    """Return a number of bytes as people read it."""
    for unit in ('bytes', 'kB', 'MB', 'GB'):
        if count < _KILO:
            return f'{count:.0f} {unit}' if unit == 'bytes' else f'{count:.1f} {unit}'
        count /= _KILO
    return f'{count:.1f} TB'


def time_text(seconds: float) -> str:
    """Return a duration as people read it."""
    if seconds < _MINUTE:
        return f'{seconds:.1f} s'
    if seconds < _HOUR:
        return f'{seconds // _MINUTE:.0f} min {seconds % _MINUTE:.0f} s'
    return f'{seconds // _HOUR:.0f} h {seconds % _HOUR // _MINUTE:.0f} min'
