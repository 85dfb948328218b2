"""Wine, where it stands for Windows: it brings no Ctrl-Break to another process.

Run as a program, this runs another one, and does to it what Ctrl-Break does when a line
comes in: Windows calls the handler of the signal in a thread, and so does this.
"""

import ctypes
import runpy
import signal
import sys
import threading
from pathlib import Path


def is_wine() -> bool:
    """Return whether this is Wine."""
    libraries = getattr(ctypes, 'windll', None)
    return bool(libraries and hasattr(libraries.ntdll, 'wine_get_version'))


# What a test waits for at most, it waits for so much longer here.
PATIENCE = 5 if is_wine() else 1


def _break_at_a_line() -> None:
    if sys.stdin.readline():
        signal.raise_signal(signal.Signals['SIGBREAK'])


def main(program: str) -> None:
    threading.Thread(target=_break_at_a_line, daemon=True).start()
    sys.path.insert(0, str(Path(program).parent))
    runpy.run_path(program, run_name='__main__')


if __name__ == '__main__':
    del sys.argv[0]
    main(sys.argv[0])
