"""Run the image storage service: read the environment, start, serve, stop."""

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType

# A package asks for the home folder when it is imported; not every service has one.
os.environ.setdefault('HOME', str(Path.cwd()))

from falcon_images import __version__
from falcon_images.app import create_app, create_client
from falcon_images.embedded import EmbeddedMongo, EmbeddedMongoError
from falcon_images.environment import EMBEDDED_FOLDER, read_environment
from falcon_images.errors import DatabaseUnavailableError
from falcon_images.files import DiskFiles
from falcon_images.metadata import MongoMetadata
from falcon_images.reconciler import Reconciler
from falcon_images.resources import public_url
from falcon_images.server import Server, Timeouts, listen
from falcon_images.settings import Settings, SettingsError
from falcon_images.store import ImageStore

_STOP_SIGNALS = ('SIGTERM', 'SIGINT', 'SIGBREAK')
_FIRST_PING_SECONDS = 2.0

logger = logging.getLogger('falcon_images')


def main(arguments: list[str], environ: Mapping[str, str]) -> None:
    """Serve until a signal says stop."""
    settings = _settings(arguments, environ)
    _log_to_standard_error()
    listener = _listen(settings)
    with contextlib.ExitStack() as stack:
        files = _files(settings)
        stack.callback(files.close)
        is_private = not settings.mongodb_url
        if is_private:
            embedded = EmbeddedMongo(EMBEDDED_FOLDER)
            stack.callback(embedded.stop)
            embedded.wait_until_ready()
            settings = replace(settings, mongodb_url=embedded.url)
        _serve(settings, listener, files, is_private)


def _serve(
    settings: Settings, listener: socket.socket, files: DiskFiles, is_private: bool
) -> None:
    client = create_client(settings)
    metadata = MongoMetadata(
        client, settings.mongodb_db, settings.query_timeout_seconds
    )
    store = ImageStore(files, metadata)
    server = Server(
        create_app(settings, metadata, files, store),
        listener,
        threads=settings.app_threads,
        max_body_bytes=settings.max_body_bytes,
        timeouts=Timeouts(
            header_seconds=settings.header_timeout_seconds,
            request_seconds=settings.request_timeout_seconds,
        ),
    )
    for name in _STOP_SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _stopper(server))
    reconciler = Reconciler(store, metadata, files)
    _log_start(settings, listener, metadata, is_private)
    reconciler.start()
    server.run()
    reconciler.stop()
    client.close()
    logger.info('Stopped')


def _settings(arguments: list[str], environ: Mapping[str, str]) -> Settings:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--host', help='address to listen on (over APP_HOST)')
    parser.add_argument('--port', help='port to listen on (over APP_PORT)')
    given = parser.parse_args(arguments)
    values = read_environment(environ)
    if given.host is not None:
        values['APP_HOST'] = given.host
    if given.port is not None:
        values['APP_PORT'] = given.port
    return Settings.from_env(values)


def _log_to_standard_error() -> None:
    logging.basicConfig(
        level=logging.INFO, format='%(asctime)s %(levelname)s %(message)s'
    )
    # Its warnings have the identification URL in them.
    logging.getLogger('urllib3').setLevel(logging.ERROR)
    logging.getLogger('waitress.queue').setLevel(logging.ERROR)


def _listen(settings: Settings) -> socket.socket:
    try:
        return listen(settings.app_host, settings.app_port)
    except PermissionError as ex:
        raise SettingsError(
            f'Port {settings.app_port} may not be used without more rights; choose '
            'another with --port or APP_PORT, such as 7070.'
        ) from ex
    except OSError as ex:
        raise SettingsError(
            f'Cannot listen on port {settings.app_port} of {settings.app_host} '
            f'({ex.strerror}); end what uses it, or choose another with --port or '
            'APP_PORT.'
        ) from ex


def _files(settings: Settings) -> DiskFiles:
    files = DiskFiles(settings.uploads_directory)
    try:
        files.prepare()
    except OSError as ex:
        raise SettingsError(
            f'UPLOADS_DIRECTORY {settings.uploads_directory} cannot be written '
            f'({ex.strerror}); give the service the right to, or choose another folder.'
        ) from ex
    return files


def _stopper(server: Server) -> 'signal._HANDLER':
    def stop(number: int, frame: FrameType | None) -> None:
        server.stop()

    return stop


def _log_start(
    settings: Settings,
    listener: socket.socket,
    metadata: MongoMetadata,
    is_private: bool,
) -> None:
    where = f'a private MongoDB in {EMBEDDED_FOLDER}'
    if not is_private:
        where = f'the MongoDB at {public_url(settings.mongodb_url)}'
    logger.info('Using the database %r of %s', settings.mongodb_db, where)
    try:
        metadata.ping(_FIRST_PING_SECONDS)
    except DatabaseUnavailableError:
        logger.warning('The database does not answer; requests get 503 until it does')
    if settings.use_authentication:
        logger.info('Authentication is on')
    logger.info(
        'Image storage %s listens on port %d', __version__, listener.getsockname()[1]
    )


if __name__ == '__main__':
    try:
        main(sys.argv[1:], os.environ)
    except (SettingsError, EmbeddedMongoError) as ex:
        sys.exit(f'serve.py: {ex}')
