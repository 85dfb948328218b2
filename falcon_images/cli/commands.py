"""The table of all commands; each is imported when it is asked for.

So a client needs none of the packages of the service, and starts fast.
"""

import importlib
import logging
from typing import NamedTuple

import click
from click.shell_completion import CompletionItem

from falcon_images import __version__


class _Entry(NamedTuple):
    part: str
    help: str
    # Of the module and in it; else they are called as the command is.
    module: str = ''
    name: str = 'command'


_CLIENT, _SERVICE = 'Client', 'Service'
_ENTRIES = {
    'upload': _Entry(_CLIENT, 'Upload files and folders.'),
    'watch': _Entry(_CLIENT, 'Upload what appears in folders.'),
    'list': _Entry(_CLIENT, 'Show the images that match.', 'reading', 'list_'),
    'show': _Entry(_CLIENT, 'Show the document of an image.', 'reading', 'show'),
    'collections': _Entry(_CLIENT, 'Show all collections.', 'reading', 'collections'),
    'fields': _Entry(_CLIENT, 'Show which properties there are.', 'reading', 'fields'),
    'set': _Entry(_CLIENT, 'Set properties of images.', 'changing', 'set_'),
    'unset': _Entry(_CLIENT, 'Remove properties of images.', 'changing', 'unset'),
    'delete': _Entry(_CLIENT, 'Delete images.', 'changing', 'delete'),
    'changes': _Entry(_CLIENT, 'Show the changes of many.', 'reading', 'changes'),
    'revert': _Entry(_CLIENT, 'Undo a change of many.', 'changing', 'revert'),
    'download': _Entry(_CLIENT, 'Write image files to a folder.', 'fetching', 'files'),
    'export': _Entry(_CLIENT, 'Write images to one file.', 'fetching', 'export'),
    'import': _Entry(_CLIENT, 'Store the images of an archive.', 'fetching', 'import_'),
    'relabel': _Entry(_CLIENT, 'Change images by a table.', 'changing', 'relabel'),
    'snapshots': _Entry(_CLIENT, 'Show, make and delete snapshots.'),
    'demo': _Entry(_SERVICE, 'Start a service with drawn images, for a first look.'),
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
            module = importlib.import_module(
                f'falcon_images.cli.{entry.module or cmd_name}'
            )
        except ModuleNotFoundError as ex:
            if entry.part != _SERVICE:
                raise
            raise click.ClickException(
                f'{cmd_name} needs the packages of the service ({ex.name} is not '
                "there): install the package with [server], or 'pip install -r "
                "requirements.txt' in a checkout."
            ) from ex
        found: click.Command = getattr(module, entry.name)
        return found

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Return what can follow, without importing any command."""
        names = [
            CompletionItem(name, help=entry.help)
            for name, entry in _ENTRIES.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

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
