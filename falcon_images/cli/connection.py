"""Which service a command asks: options, variables and the file of settings."""

import errno
import os
import stat
import threading
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from falcon_images.cli.printing import print_any_name, printable
from falcon_images.client import Client, ClientError

_KNOWN = ('url', 'token', 'ca', 'collection')
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_INTERRUPTED = 130
_IS_WINDOWS = os.name == 'nt'
_DEFAULT_FILE = Path(click.get_app_dir('falcon-images')) / 'config.toml'


@dataclass(frozen=True)
class Target:
    """The service and the collection that a command is for.

    Args:
        url: of the service.
        token: for it; empty for none.
        ca: the file with the certificates to trust; empty for the public ones.
        collection: its name; empty if the command names none.
    """

    url: str
    token: str
    ca: str
    collection: str

    def client(
        self,
        *,
        connections: int = 8,
        retry_seconds: float = 60,
        stop: threading.Event | None = None,
    ) -> Client:
        """Return a client of the service."""
        return Client(
            self.url,
            token=self.token,
            ca=self.ca,
            connections=connections,
            retry_seconds=retry_seconds,
            stop=stop,
        )


class ClientCommand(click.Command):
    """A command that asks a service: what it cannot do is told in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        print_any_name()
        try:
            return super().invoke(ctx)
        except ClientError as ex:
            raise click.ClickException(printable(str(ex))) from ex
        except OSError as ex:
            if ex.errno == errno.EPIPE:
                raise
            raise click.ClickException(printable(str(ex))) from ex
        except KeyboardInterrupt:
            click.echo('Interrupted.', err=True)
            ctx.exit(_INTERRUPTED)


def connection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which service it asks."""
    options = (
        click.option(
            *('--url', '-u'),
            help='Address of the service [or FALCON_IMAGES_URL].',
        ),
        click.option(
            *('--ca',),
            type=click.Path(exists=True, dir_okay=False),
            help='File with the certificates to trust [or FALCON_IMAGES_CA].',
        ),
        click.option(
            *('--config',),
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help='File with url, token, ca and collection [or FALCON_IMAGES_CONFIG].',
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def collection_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option that names the collection."""
    return click.option(
        *('--collection', '-c'),
        help='Name of the collection [or FALCON_IMAGES_COLLECTION].',
    )(command)


def connection_of(ctx: click.Context, *, needs_collection: bool = True) -> Target:
    """Return the service that options, variables and file name, in this order.

    Raises:
        click.UsageError: none is named, or the file cannot be used.
    """
    environ: Mapping[str, str] = ctx.obj
    saved = _saved(ctx.params.get('config'), environ)

    def find(name: str) -> str:
        given = ctx.params.get(name) or environ.get(f'FALCON_IMAGES_{name.upper()}')
        return str(given or saved.get(name, ''))

    found = Target(*map(find, _KNOWN))
    if not found.url.startswith(('http://', 'https://')):
        raise click.UsageError(
            'Which service? Give --url http://…, or set FALCON_IMAGES_URL.', ctx
        )
    if needs_collection and not found.collection:
        raise click.UsageError(
            'Which collection? Give --collection, or set FALCON_IMAGES_COLLECTION.', ctx
        )
    return found


def _saved(given: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the file of settings says; nothing if there is none."""
    named = given or Path(environ.get('FALCON_IMAGES_CONFIG') or _DEFAULT_FILE)
    try:
        text = named.read_text(encoding='utf-8')
        saved = tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as ex:
        raise click.UsageError(f'{named} cannot be read: {ex}') from ex
    if unknown := set(saved) - set(_KNOWN):
        raise click.UsageError(f'{named} has unknown names: {", ".join(unknown)}.')
    if 'token' in saved and not _IS_WINDOWS and named.stat().st_mode & _OTHERS:
        raise click.UsageError(
            f'Others can read the token in {named}: run chmod 600 {named}'
        )
    return saved
