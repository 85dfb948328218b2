"""The command `serve`, and the program `serve.py`: start, serve, stop."""

import argparse
import contextlib
import ipaddress
import logging
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import click
import pymongo

from falcon_images import __version__
from falcon_images.app import App, running_app, set_up_libraries
from falcon_images.cli.signals import ignore_stops, on_stop
from falcon_images.embedded.mongod import EmbeddedMongo, EmbeddedMongoError
from falcon_images.files.opening import open_folder
from falcon_images.metadata.client import create_client
from falcon_images.metadata.refusals import reason_of
from falcon_images.resources.root import public_url
from falcon_images.server.budget import Budget
from falcon_images.server.http_server import Server, listen
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.workers import Workers
from falcon_images.settings import (
    EMBEDDED_FOLDER,
    Settings,
    SettingsError,
    find_misspelt,
    read_environment,
)
from falcon_images.store.identity import IdentityError
from falcon_images.store.opening import compare_identity
from falcon_images.telemetry.internals import find_no_callers
from falcon_images.telemetry.log_lines import LineHandler, formatter, log_warnings
from falcon_images.telemetry.processes import forget_process, shared_counters

# What keeps a service from starting; each has a text that says what to do.
NOT_STARTED = (SettingsError, EmbeddedMongoError)

logger = logging.getLogger('falcon_images')


@click.command(
    add_help_option=False,
    context_settings={'ignore_unknown_options': True, 'allow_extra_args': True},
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run the service, with its data in this folder."""
    try:
        main(ctx.args, ctx.obj, program=ctx.command_path)
    except NOT_STARTED as ex:
        raise click.ClickException(str(ex)) from ex


def main(
    arguments: list[str], environ: Mapping[str, str], program: str = 'serve.py'
) -> None:
    """Serve until a signal says stop."""
    options = _options(arguments, program)
    values = read_environment(environ) | _over(options)
    settings = Settings.from_env(values)
    if options.check_config:
        _check_config(settings, values)
        return
    set_up_libraries()
    log_to_standard_error(settings.log_format)
    for name, meant in find_misspelt(values).items():
        logger.warning('%s is no setting and has no effect; is %s meant?', name, meant)
    listener = _listen(settings)
    _refuse_what_cannot_work(settings)
    with contextlib.ExitStack() as stack:
        database = f'the MongoDB at {public_url(settings.mongodb_url)}'
        if not settings.mongodb_url:
            database = f'a private MongoDB in {EMBEDDED_FOLDER}'
            cache_bytes = settings.private_mongodb_cache_bytes
            embedded = EmbeddedMongo(EMBEDDED_FOLDER, cache_bytes)
            stack.callback(embedded.stop)
            embedded.wait_until_ready()
            settings = replace(
                settings,
                mongodb_url=embedded.url,
                private_mongodb_cache_bytes=embedded.cache_bytes,
            )
        else:
            settings = replace(settings, private_mongodb_cache_bytes=0)
        compare_identity(settings)
        _log_start(settings, listener, database)
        if settings.workers == 1:
            serve(settings, listener)
        else:
            stack.enter_context(shared_counters())
            work = partial(serve, settings, listener)
            Workers(settings.workers, listener, work, forget_process).run()
    ignore_stops()
    logger.info('Stopped')


def serve(settings: Settings, listener: socket.socket) -> None:
    budget, foreign = (
        Budget(settings.app_threads, settings.max_exports),
        list[IdentityError](),
    )

    def refuse(ex: IdentityError) -> None:
        logger.critical('%s', ex)
        foreign.append(ex)
        # The others find the same, and no worker is to be replaced.
        if settings.workers > 1:
            os.kill(os.getppid(), signal.SIGTERM)
        else:
            signal.raise_signal(signal.SIGTERM)

    with running_app(settings, budget, refuse) as app:
        server = _server(app, settings, listener, budget)
        on_stop(lambda number, frame: server.stop())
        server.run()
    if foreign and settings.workers == 1:
        raise SettingsError(str(foreign[0]))


def _server(
    app: App, settings: Settings, listener: socket.socket, budget: Budget
) -> Server:
    return Server(
        app,
        listener,
        threads=settings.app_threads,
        max_body_bytes=settings.max_body_bytes,
        max_archive_bytes=settings.max_archive_bytes,
        timeouts=Timeouts(
            header_seconds=settings.header_timeout_seconds,
            request_seconds=settings.request_timeout_seconds,
            body_bytes_per_second=settings.min_body_bytes_per_second,
        ),
        is_shared=settings.workers > 1,
        admit=app.admit,
        open_file=app.open_file,
        budget=budget,
    )


def _options(arguments: list[str], program: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        program,
        description='Run the image storage service: read the environment, start, '
        'serve, stop.',
    )
    parser.add_argument('--version', action='version', version=__version__)
    parser.add_argument(
        '--check-config',
        action='store_true',
        help='say whether the settings can be used, and end',
    )
    parser.add_argument('--host', help='address to listen on (over APP_HOST)')
    parser.add_argument('--port', help='port to listen on (over APP_PORT)')
    parser.add_argument('--workers', help='processes that serve (over APP_WORKERS)')
    return parser.parse_args(arguments)


def _over(options: argparse.Namespace) -> dict[str, str]:
    """Return the settings that the command line gives, which win."""
    given = {name: getattr(options, name) for name in ('host', 'port', 'workers')}
    return {f'APP_{name.upper()}': value for name, value in given.items() if value}


def _check_config(settings: Settings, values: Mapping[str, str]) -> None:
    """Print what is wrong with the settings, or that they can be used.

    Raises:
        SettingsError: the service could not start with them.
    """
    _listen(settings).close()
    _refuse_what_cannot_work(settings)
    for name, meant in find_misspelt(values).items():
        print(f'{name} is no setting and has no effect; is {meant} meant?')
    if settings.mongodb_url:
        _ping(settings)
    print('The settings can be used.')


def _ping(settings: Settings) -> None:
    with create_client(settings.mongodb_url, settings.query_timeout_seconds) as client:
        try:
            client.admin.command('ping')
        except pymongo.errors.PyMongoError as ex:
            raise SettingsError(
                f'The MongoDB at {public_url(settings.mongodb_url)} does not answer '
                f'({reason_of(ex)}); start it, or correct MONGODB_URL.'
            ) from ex


def log_to_standard_error(log_format: str) -> None:
    handler = LineHandler()
    handler.setFormatter(formatter(log_format))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    log_warnings()
    find_no_callers()
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


def _refuse_what_cannot_work(settings: Settings) -> None:
    """Try, before there are workers, what each of them will need."""
    open_folder(settings.uploads_directory).close()
    if settings.mongodb_url:
        create_client(settings.mongodb_url, settings.query_timeout_seconds).close()


def _log_start(settings: Settings, listener: socket.socket, database: str) -> None:
    host, port = listener.getsockname()[:2]
    is_local = ipaddress.ip_address(host).is_loopback
    if settings.use_authentication:
        logger.info('Authentication is on')
    else:
        logger.warning(
            'Authentication is off: everybody on %s, and any web page that one of '
            'them opens, may read, change and delete everything',
            'this machine' if is_local else 'the network',
        )
    logger.info('Using the database %r of %s', settings.mongodb_db, database)
    logger.info(
        'Image storage %s listens on port %d (worker processes: %d)',
        __version__,
        port,
        settings.workers,
    )
    for address in _addresses(host, port):
        logger.info('Service: %s/  Gallery: %s/ui', address, address)


def _addresses(host: str, port: int) -> list[str]:
    """Return the addresses of the service, on this machine and from others."""
    if not ipaddress.ip_address(host).is_unspecified:
        return [f'http://{f"[{host}]" if ":" in host else host}:{port}']
    return [f'http://{name}:{port}' for name in ('localhost', socket.gethostname())]
