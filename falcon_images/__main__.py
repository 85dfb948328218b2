"""The commands: ``python -m falcon_images`` in the folder of the service."""

import os
from pathlib import Path

# A package asks for the home folder when it is imported; not every service has one.
os.environ.setdefault('HOME', str(Path.cwd()))

import click

from falcon_images import __version__
from falcon_images.cli.check import check_store
from falcon_images.libraries import set_up_libraries
from falcon_images.settings import read_environment


@click.group()
@click.version_option(__version__, message='%(version)s')
def main() -> None:
    """Look after the image storage service in this folder.

    The same environment variables and .env count as for serve.py.
    """
    set_up_libraries()


@main.command()
@click.option('--repair', is_flag=True, help='Move and remove, as described above.')
@click.option('--deep', is_flag=True, help='Read every byte and compare its SHA-256.')
@click.pass_context
def check(ctx: click.Context, repair: bool, deep: bool) -> None:
    """Compare all images with their files, and the other way round.

    No image is ever deleted. With --repair, a file without an image is moved from
    images/ to quarantine/ in the uploads directory, a file in quarantine/ whose image
    lacks it is put back, and a thumbnail whose image is gone is removed. The service
    may run meanwhile.

    \b
    Exit status:
      0  nothing is wrong, or all of it was repaired
      1  something is wrong
      2  the check could not be made
    """
    ctx.exit(check_store(read_environment(os.environ), repairs=repair, is_deep=deep))


if __name__ == '__main__':
    main(prog_name='python -m falcon_images')
