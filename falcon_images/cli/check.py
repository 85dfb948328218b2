"""The command `check`: finds the store, runs the check, and prints what it found."""

import contextlib
import enum
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import click
from filelock import Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from falcon_images.app import set_up_libraries
from falcon_images.cli.printing import print_any_name, printable
from falcon_images.embedded.mongod import EmbeddedMongo, EmbeddedMongoError
from falcon_images.errors import DatabaseUnavailableError, StorageError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.mark import DamagedMarkError
from falcon_images.files.quarantine import QuarantineError
from falcon_images.maintenance.check import Check
from falcon_images.maintenance.findings import (
    CheckError,
    Extent,
    Finding,
    FindingKind,
)
from falcon_images.metadata.client import create_client
from falcon_images.metadata.inventory import Inventory
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.settings import (
    EMBEDDED_FOLDER,
    Settings,
    SettingsError,
    read_environment,
)
from falcon_images.store.identity import IdentityError, StoreIdentity

# A look through a whole collection may take longer than a request.
_QUERY_TIMEOUT_SECONDS = 300
_IS_WINDOWS = os.name == 'nt'
# What keeps a check from being made; each has a text that says what to do.
_NOT_POSSIBLE = (
    CheckError,
    DamagedMarkError,
    IdentityError,
    QuarantineError,
    SettingsError,
    StorageError,
    EmbeddedMongoError,
)


class Outcome(enum.IntEnum):
    """The exit status."""

    WELL = 0
    WRONG = 1
    NOT_MADE = 2
    INTERRUPTED = 130


@click.command()
@click.option('--repair', is_flag=True, help='Move and remove, as described above.')
@click.option('--deep', is_flag=True, help='Read every byte and compare its SHA-256.')
@click.option('--adopt', is_flag=True, help='Join folder and database after a restore.')
@click.pass_context
def command(ctx: click.Context, repair: bool, deep: bool, adopt: bool) -> None:
    """Compare all images with their files, and the other way round.

    The same environment variables and .env count as for the service.

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
    set_up_libraries()
    extent = Extent(is_deep=deep, repairs=repair)
    ctx.exit(check_store(read_environment(ctx.obj), extent, adopts=adopt))


def check_store(environ: Mapping[str, str], extent: Extent, *, adopts: bool) -> Outcome:
    """Check the store that the environment names, and print what is found."""
    # Findings are printed, and errors as one sentence: nothing comes beside them.
    logging.getLogger('falcon_images').addHandler(logging.NullHandler())
    print_any_name()
    try:
        settings = Settings.from_env(environ)
        return _check(settings, extent, adopts=adopts)
    except DatabaseUnavailableError:
        return _not_made('The database does not answer; run the check when it does.')
    except _NOT_POSSIBLE as ex:
        return _not_made(str(ex))
    except KeyboardInterrupt:
        return Outcome.INTERRUPTED


def _check(settings: Settings, extent: Extent, *, adopts: bool) -> Outcome:
    folder = UploadsFolder(settings.uploads_directory)
    _require_images(folder)
    with (
        _database_url(settings.mongodb_url) as url,
        create_client(url, _QUERY_TIMEOUT_SECONDS) as client,
    ):
        mongo = MongoDatabase(client, settings.mongodb_db, _QUERY_TIMEOUT_SECONDS)
        identity = StoreIdentity(folder.mark, StoreIds(mongo), mongo.name)
        _compare(identity, extent, adopts=adopts)
        inventory = Inventory(client, settings.mongodb_db)
        return _report(folder, inventory, extent)


def _compare(compared: StoreIdentity, extent: Extent, *, adopts: bool) -> None:
    if adopts:
        compared.adopt()
    if extent.repairs:
        compared.require_alone()
    else:
        compared.require_same()


def _report(folder: UploadsFolder, inventory: Inventory, extent: Extent) -> Outcome:
    seen = Counter[str]()
    found = Counter[FindingKind]()
    repaired = Counter[FindingKind]()
    with _progress(inventory) as progress:

        def on_step(what: str, count: int) -> None:
            seen[what] += count
            progress.update(progress.task_ids[0], completed=_done(seen))

        for finding in Check(folder, inventory, extent, on_step).run():
            print(_line(finding), flush=True)
            if finding.kind is FindingKind.NOT_LOOKED_AT:
                seen['passed over'] += 1
                continue
            found[finding.kind] += 1
            repaired[finding.kind] += finding.is_repaired
    _print_summary(seen, found, repaired)
    _print_not_looked_at(seen, extent)
    return Outcome.WELL if found == repaired else Outcome.WRONG


def _progress(inventory: Inventory) -> Progress:
    sources = (
        *inventory.collections(),
        *inventory.deleted_collections(),
        *inventory.deleted(),
        *inventory.snapshots(),
    )
    documents = sum(inventory.count(source) for source in sources)
    progress = Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        # What goes into a file must not go to the terminal instead.
        redirect_stdout=sys.stdout.isatty(),
        transient=True,
    )
    # There is a file for each document, if all is well.
    progress.add_task('Documents, then files', total=2 * documents)
    return progress


def _done(seen: Counter[str]) -> int:
    return seen['documents'] + seen['files']


def _line(finding: Finding) -> str:
    note = f' ({finding.note})' if finding.note else ''
    return printable(f'{finding.kind} {finding.place}{note}')


def _print_summary(
    seen: Counter[str], found: Counter[FindingKind], repaired: Counter[FindingKind]
) -> None:
    table = Table('')
    for header in ('found', 'repaired', 'left'):
        table.add_column(header, justify='right')
    for kind in FindingKind:
        if kind is FindingKind.NOT_LOOKED_AT:
            continue
        numbers = (found[kind], repaired[kind], found[kind] - repaired[kind])
        table.add_row(kind, *(f'{number:,}' for number in numbers))
    console = Console()
    console.print(table)
    well = '' if found else ' All is well.'
    console.print(
        f'Compared {seen["documents"]:,} documents and {seen["files"]:,} files.{well}',
        highlight=False,
    )
    if seen['ends']:
        console.print(
            f'Found out of {seen["ends"]:,} files whether they are cut off.',
            highlight=False,
        )
    if seen['waiting']:
        console.print(
            f'{seen["waiting"]:,} files are too new, or looked into by the service '
            'itself; check again later.',
            highlight=False,
        )


def _print_not_looked_at(seen: Counter[str], extent: Extent) -> None:
    console = Console()
    if not extent.is_deep:
        console.print('Not looked at: the bytes of the files (--deep reads them).')
    if seen['passed over']:
        count = f'{seen["passed over"]:,}'
        console.print(f'Not looked at: {count} places, listed above.', highlight=False)


def _not_made(reason: str) -> Outcome:
    click.echo(f'check: {printable(reason)}', err=True)
    return Outcome.NOT_MADE


def _require_images(folder: UploadsFolder) -> None:
    if not folder.images.folder.is_dir():
        raise CheckError(
            f'There is no folder {folder.images.folder}; set UPLOADS_DIRECTORY, or run '
            'the check in the folder of the service.'
        )


@contextlib.contextmanager
def _database_url(given: str) -> Iterator[str]:
    """Yield the URL of the database, and start the private one if it does not run."""
    if given:
        yield given
        return
    if not EMBEDDED_FOLDER.is_dir():
        raise CheckError(
            f'There is no private MongoDB in {EMBEDDED_FOLDER}; set MONGODB_URL, or '
            'run the check in the folder of the service.'
        )
    embedded = _start_embedded()
    if embedded is None:
        yield _url_of_running()
        return
    try:
        embedded.wait_until_ready()
        yield embedded.url
    finally:
        embedded.stop()


def _start_embedded() -> EmbeddedMongo | None:
    """Start the private MongoDB; None if the service has it running."""
    try:
        return EmbeddedMongo(EMBEDDED_FOLDER)
    except EmbeddedMongoError as ex:
        if isinstance(ex.__cause__, Timeout):
            return None
        raise


def _url_of_running() -> str:
    path = EMBEDDED_FOLDER.absolute() / 'mongo.sock'
    if _IS_WINDOWS or not path.exists():
        raise CheckError(
            'The service uses its private MongoDB, which nobody else can reach here; '
            'stop the service for the time of the check, or give both a MONGODB_URL.'
        )
    return f'mongodb://{quote(str(path), safe="")}/?directConnection=true'
