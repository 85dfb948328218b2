"""A proxy that cuts connections, while they send or before they are answered."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support.raw_requests import RESET

_PIECE_BYTES = 16 * 1024


@dataclass
class Cuts:
    """Where connections are cut; each connection takes the first that is left.

    Args:
        sent: after how many bytes of requests.
        answered: after how many bytes of answers; the service has seen the request.
    """

    sent: list[int] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    made: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> tuple[int | None, int | None]:
        with self.lock:
            if self.sent:
                return self.sent.pop(0), None
            return None, self.answered.pop(0) if self.answered else None


@contextlib.contextmanager
def cutting_proxy(port: int, cuts: Cuts) -> Iterator[str]:
    """Run one in front of a service on this machine; yield its address."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        ending = threading.Event()
        args = (listener, port, cuts, ending)
        thread = threading.Thread(target=_accept, args=args)
        thread.start()
        try:
            yield f'http://127.0.0.1:{listener.getsockname()[1]}'
        finally:
            ending.set()
            # Not every system wakes who waits for a connection in another way.
            socket.create_connection(listener.getsockname()).close()
            thread.join()


def _accept(
    listener: socket.socket, port: int, cuts: Cuts, ending: threading.Event
) -> None:
    while True:
        near, _ = listener.accept()
        if ending.is_set():
            near.close()
            return
        try:
            far = socket.create_connection(('127.0.0.1', port))
        except OSError:
            near.close()
            continue
        sent, answered = cuts.next()
        for source, target, most in ((near, far, sent), (far, near, answered)):
            args = (source, target, most, cuts)
            threading.Thread(target=_pass_on, args=args, daemon=True).start()


def _pass_on(
    source: socket.socket, target: socket.socket, most: int | None, cuts: Cuts
) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while piece := source.recv(_PIECE_BYTES):
            if most is not None and passed + len(piece) > most:
                target.sendall(piece[: most - passed])
                _reset(source)
                _reset(target)
                with cuts.lock:
                    cuts.made += 1
                return
            target.sendall(piece)
            passed += len(piece)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
