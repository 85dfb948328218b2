"""The service as a plain WSGI application, for servers other than its own.

Run as a program, it serves itself with Waitress or Cheroot; others take `application`.
Settings come from the environment, as `serve.py` takes them.
"""

import importlib
import os
import sys
from typing import Any

import waitress

from falcon_images.app import App, create_app, create_client
from falcon_images.files import DiskFiles
from falcon_images.metadata import MongoMetadata
from falcon_images.server import listen
from falcon_images.settings import Settings
from falcon_images.store import ImageStore


def create_application(settings: Settings) -> App:
    """Wire the service without its server and its reconciler."""
    metadata = MongoMetadata(
        create_client(settings), settings.mongodb_db, settings.query_timeout_seconds
    )
    files = DiskFiles(settings.uploads_directory)
    files.prepare()
    return create_app(settings, metadata, files, ImageStore(files, metadata))


def _serve_waitress(app: App, settings: Settings) -> None:
    listener = listen(settings.app_host, 0)
    _announce(listener.getsockname()[1])
    waitress.serve(
        app,
        sockets=[listener],
        threads=settings.app_threads,
        max_request_body_size=settings.max_body_bytes,
    )


def _serve_cheroot(app: App, settings: Settings) -> None:
    # It may be absent.
    cheroot: Any = importlib.import_module('cheroot.wsgi')
    server = cheroot.Server(
        (settings.app_host, 0), app, numthreads=settings.app_threads
    )
    server.prepare()
    _announce(server.bind_addr[1])
    server.serve()


def _announce(port: int) -> None:
    print(f'The server listens on port {port}', flush=True)


_SERVERS = {'waitress': _serve_waitress, 'cheroot': _serve_cheroot}
_settings = Settings.from_env(os.environ)
application = create_application(_settings)

if __name__ == '__main__':
    _SERVERS[sys.argv[1]](application, _settings)
