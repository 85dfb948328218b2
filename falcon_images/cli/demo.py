"""The command `demo`: a service with drawn images, for a first look."""

import contextlib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from falcon_images.cli.drawings import drawn_part
from falcon_images.client import Client, ClientError

COLLECTION = 'demo'
_COUNT = 200
_START_SECONDS = 90
_STOP_SECONDS = 60
# Those of another service; the demo has its own.
_SETTINGS = ('MONGODB_', 'APP_', 'UPLOAD', 'USE_AUTHENTICATION')
_ADDRESS = re.compile(r'Service: (http\S+)/ ')


@click.command()
@click.option(
    '--folder',
    type=click.Path(file_okay=False, path_type=Path),
    help='Folder for the data, which stays; else one that is removed at the end.',
)
@click.option('--port', default=0, help='Port of the service; else one that is free.')
@click.option('--no-browser', is_flag=True, help='Only print the address.')
def command(folder: Path | None, port: int, no_browser: bool) -> None:
    """Start a service with drawn images of parts, and open its gallery.

    It needs neither a MongoDB nor any settings. Ctrl-C ends it.
    """
    with _data_folder(folder) as place, _service(place, port) as (url, process):
        _fill(url)
        gallery = f'{url}/ui#/{COLLECTION}'
        click.echo(f'{_COUNT} images are at {gallery}\nCtrl-C ends the service.')
        if not no_browser:
            click.launch(gallery)
        _wait(process)


@contextlib.contextmanager
def _data_folder(given: Path | None) -> Iterator[Path]:
    if given:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        yield Path(made)


@contextlib.contextmanager
def _service(place: Path, port: int) -> Iterator[tuple[str, 'subprocess.Popen[bytes]']]:
    """Run a service in a folder; yield its address and its process."""
    log = place / 'log'
    command_line = [sys.executable, '-m', 'falcon_images', 'serve']
    options = ['--host', '127.0.0.1', '--port', str(port), '--workers', '1']
    with log.open('wb') as file:
        # Ctrl-C is told to it too, by the terminal or by us.
        process = subprocess.Popen(  # noqa: S603
            [*command_line, *options],
            cwd=place,
            env=_environment(),
            stderr=file,
        )
    try:
        yield _address(process, log), process
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)


def _environment() -> dict[str, str]:
    """Return variables with the folder of this package in the path of Python."""
    ctx = click.get_current_context()
    root = str(Path(__file__).parent.parent.parent)
    others = {k: v for k, v in ctx.obj.items() if not k.startswith(_SETTINGS)}
    return others | {'PYTHONPATH': root}


def _address(process: 'subprocess.Popen[bytes]', log: Path) -> str:
    for _ in range(_START_SECONDS * 10):
        if found := _ADDRESS.search(log.read_text(encoding='utf-8', errors='replace')):
            return found[1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
            break
    last = log.read_text(encoding='utf-8', errors='replace').strip().splitlines()
    raise click.ClickException(f'The service did not start: {(last or ["?"])[-1]}')


def _fill(url: str) -> None:
    try:
        with Client(url) as client:
            for number in range(_COUNT):
                image, properties = drawn_part(number)
                client.upload(
                    COLLECTION,
                    image,
                    properties,
                    name=f'part_{number:04}.jpg',
                    key=f'demo-{number}',
                )
    except ClientError as ex:
        raise click.ClickException(str(ex)) from ex


def _wait(process: 'subprocess.Popen[bytes]') -> None:
    """Wait for Ctrl-C, or for the end of the service."""
    with contextlib.suppress(KeyboardInterrupt):
        process.wait()
