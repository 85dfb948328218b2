"""The service under Waitress with its defaults, or Cheroot; run as a program.

Settings come from the environment, as `falcon_images.wsgi` takes them.
"""

import importlib
import sys
from typing import Any

import waitress

from falcon_images.server.http_server import listen
from falcon_images.wsgi import application

_HOST = '127.0.0.1'
# As many as the service has.
_THREADS = 8


def _serve_waitress() -> None:
    listener = listen(_HOST, 0)
    _announce(listener.getsockname()[1])
    waitress.serve(application, sockets=[listener], threads=_THREADS)


def _serve_cheroot() -> None:
    # It may be absent.
    cheroot: Any = importlib.import_module('cheroot.wsgi')
    server = cheroot.Server((_HOST, 0), application, numthreads=_THREADS)
    server.prepare()
    _announce(server.bind_addr[1])
    server.serve()


def _announce(port: int) -> None:
    print(f'The server listens on port {port}', flush=True)


_SERVERS = {'waitress': _serve_waitress, 'cheroot': _serve_cheroot}

if __name__ == '__main__':
    _SERVERS[sys.argv[1]]()
