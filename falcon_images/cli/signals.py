"""The signals that ask a command to stop, on each system."""

import signal
from collections.abc import Callable
from types import FrameType

# Of Ctrl+C, of service managers, and of Ctrl+Break on Windows.
_STOPS = [
    getattr(signal, name)
    for name in ('SIGTERM', 'SIGINT', 'SIGBREAK')
    if hasattr(signal, name)
]


def on_stop(handler: Callable[[int, FrameType | None], object]) -> None:
    """Call a handler at each signal that asks to stop."""
    for number in _STOPS:
        signal.signal(number, handler)


def ignore_stops() -> None:
    """Let no further signal turn an orderly end into a failure.

    While the interpreter ends, it gives signals back to the system, which kills. Some
    send each signal twice, such as `timeout` of GNU coreutils, and impatient people do.
    """
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
