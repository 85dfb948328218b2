"""The server: its socket, its loop, and a stop that finishes requests."""

import contextlib
import logging
import socket
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from falcon_images.server.budget import Budget
from falcon_images.server.internals import wasyncore
from falcon_images.server.listener import USE_POLL, Listener
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.verdict import Admit

__all__ = ['Server', 'Timeouts', 'listen']

_LOOP_SECONDS = 0.5
_STOP_SECONDS = 30.0

logger = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket to listen on; ``*`` means all addresses, IPv4 and IPv6.

    Raises:
        OSError: the address is taken, not this machine's, or not allowed.
    """
    if host == '*' and socket.has_dualstack_ipv6():
        return socket.create_server(
            ('', port), family=socket.AF_INET6, dualstack_ipv6=True
        )
    host = '' if host == '*' else host
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


class Server:
    """An HTTP/1.1 server for a WSGI application, on a socket from `listen`.

    Args:
        threads: how many requests are worked on at once.
        budget: how many threads each kind of work may take; without it, all.
        max_body_bytes: a larger body is answered with 413.
        max_archive_bytes: how many more bytes one body may have, where `admit` says so.
        timeouts: a request that is slower is answered with 408.
        is_shared: other processes accept connections from the same socket.
        open_file: makes a file for a body that does not stay in memory, which is gone
            when it is closed; without it, one in the system's temporary folder.
        admit: says by its headers what becomes of a request; without it, each has a
            body of `max_body_bytes` at the most.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        application: Any,
        listener: socket.socket,
        *,
        threads: int,
        max_body_bytes: int,
        max_archive_bytes: int = 0,
        timeouts: Timeouts,
        is_shared: bool = False,
        admit: Admit | None = None,
        budget: Budget | None = None,
        open_file: Callable[[], BinaryIO] | None = None,
    ) -> None:
        self._stopping = False
        self.listener = Listener(
            application,
            listener,
            threads=threads,
            max_body_bytes=max_body_bytes,
            max_archive_bytes=max_archive_bytes,
            timeouts=timeouts,
            is_shared=is_shared,
            admit=admit,
            budget=budget,
            open_file=open_file,
        )

    def run(self) -> None:
        """Serve until `stop` is called, then finish the requests that have begun."""
        while not self._stopping:
            self._turn(_LOOP_SECONDS)
        self._finish()

    def stop(self) -> None:
        """Make `run` return; may be called by a signal handler."""
        self._stopping = True
        # It may have stopped already.
        with contextlib.suppress(OSError):
            self.listener.pull_trigger()

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(seconds, use_poll=USE_POLL, map=self.listener.sockets, count=1)
        self.listener.maintenance(time.monotonic())

    def _finish(self) -> None:
        self._take_the_last()
        deadline = time.monotonic() + _STOP_SECONDS
        while busy := sum(channel.is_busy() for channel in self.listener.channels):
            if time.monotonic() > deadline:
                logger.warning('Stopping; %d requests are cut off', busy)
                break
            self._turn(_LOOP_SECONDS)
        self.listener.end()

    def _take_the_last(self) -> None:
        """Accept and read what has been sent, then nothing new."""
        self.listener.is_stopping = True
        self.listener.accept_all()
        wasyncore.dispatcher.close(self.listener)
        self._turn(0)
        self.listener.takes_requests = False
