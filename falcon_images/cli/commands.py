"""The table of all commands; each is imported when it is asked for.

So a client needs none of the packages of the service, and starts fast.
"""

import importlib
import logging
from typing import NamedTuple

import click

from falcon_images import __version__


class _Entry(NamedTuple):
    part: str
    help: str


_CLIENT, _SERVICE = 'Client', 'Service'
_ENTRIES = {
    'upload': _Entry(_CLIENT, 'Upload files and folders.'),
    'watch': _Entry(_CLIENT, 'Upload what appears in folders.'),
    'serve': _Entry(_SERVICE, 'Run the service, with its data in this folder.'),
    'check': _Entry(_SERVICE, 'Compare all images with their files.'),
}


class LazyGroup(click.Group):
    """A group whose commands are modules of this folder, imported when needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the table."""
        return list(_ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; its module is imported.

        Raises:
            click.ClickException: packages that it needs are not installed.
        """
        entry = _ENTRIES.get(cmd_name)
        if entry is None:
            return None
        try:
            module = importlib.import_module(f'falcon_images.cli.{cmd_name}')
        except ModuleNotFoundError as ex:
            if entry.part != _SERVICE:
                raise
            raise click.ClickException(
                f'{cmd_name} needs the packages of the service ({ex.name} is not '
                "there): install the package with [server], or 'pip install -r "
                "requirements.txt' in a checkout."
            ) from ex
        found: click.Command = module.command
        return found

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table of commands without importing them."""
        for part in (_CLIENT, _SERVICE):
            rows = [(name, e.help) for name, e in _ENTRIES.items() if e.part == part]
            if rows:
                with formatter.section(part):
                    formatter.write_dl(rows)


@click.group(cls=LazyGroup, context_settings={'help_option_names': ['-h', '--help']})
@click.version_option(__version__, message='%(version)s')
def commands() -> None:
    """Run the image storage service, or use one from the command line."""
    # What it warns of is told by the command, in a sentence.
    logging.getLogger('urllib3').addHandler(logging.NullHandler())
