"""The commands: ``python -m falcon_images`` in the folder of the service."""

import os
from pathlib import Path

# The form parser asks for the home folder at its import; not every service has one.
os.environ.setdefault('HOME', str(Path.cwd()))

import click

from falcon_images import __version__
from falcon_images.cli.check import check_store
from falcon_images.libraries import set_up_libraries
from falcon_images.maintenance.findings import Extent
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
@click.option('--adopt', is_flag=True, help='Join folder and database after a restore.')
@click.pass_context
def check(ctx: click.Context, repair: bool, deep: bool, adopt: bool) -> None:
    """Compare all images with their files, and the other way round.

    No image is ever deleted. With --repair, a file without an image is moved from
    images/ to quarantine/ in the uploads directory, a file in quarantine/ whose image
    lacks it is put back, and a thumbnail whose image is gone is removed. The service
    may run meanwhile.

    Uploads folder and database know each other by an id. When one of them comes from a
    backup, or another database had the folder before, --adopt joins the two that are
    set now; no other database can use the folder from then on.

    \b
    Exit status:
      0  nothing is wrong, or all of it was repaired
      1  something is wrong
      2  the check could not be made
    """
    extent = Extent(is_deep=deep, repairs=repair)
    ctx.exit(check_store(read_environment(os.environ), extent, adopts=adopt))


if __name__ == '__main__':
    main(prog_name='python -m falcon_images')
