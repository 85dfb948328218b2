"""Try exports and imports on a large collection of a factory line; print a table.

python -m benchmarks.datasets
python -m benchmarks.datasets --documents 1000000 --files 1000 --only 'export csv'
"""

import contextlib
import dataclasses
import json
from pathlib import Path

import click
import pymongo

from benchmarks.dataset_trials import LINE, Trial, Trials
from benchmarks.environment import DATABASE, Environment
from benchmarks.line_pictures import line_documents
from benchmarks.million import fill
from falcon_images.metadata.documents import Document
from falcon_images.metadata.mongo import MongoDatabase

_SHORT = 'export archive,relabels,snapshots,import archive'
_SHORT_DOCUMENTS, _SHORT_FILES = 100, 20
_FILL_TIMEOUT_SECONDS = 600
_MEGABYTE = 1024**2
_HEAD = (
    '| Trial | First byte s | Whole s | CPU s | MB | MB/s | Growth MiB | Found |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
)


@click.command(help=__doc__)
@click.option('--short', is_flag=True, help='A sign of life, no more.')
@click.option('--documents', default=100_000, show_default=True)
@click.option('--files', default=20_000, show_default=True, help='How many have one.')
@click.option(
    '--only',
    default='*',
    help="'export csv', 'import archive', 'query of ids', 'snapshots', 'relabels' "
    'and the like, with * and ?, and commas.',
)
@click.option('--json', 'json_path', type=click.Path(path_type=Path), help='Write it.')
@click.option(
    '--folder',
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help='A folder on the disk that is to be used.',
)
def main(
    short: bool,
    documents: int,
    files: int,
    only: str,
    json_path: Path | None,
    folder: Path | None,
) -> None:
    if short:
        documents, files, only = _SHORT_DOCUMENTS, _SHORT_FILES, _SHORT
    with contextlib.closing(Environment(folder, workers=1)) as environment:
        _fill(environment, documents, files)
        answers = environment.folder / 'answers'
        answers.mkdir()
        trials = Trials(
            lambda: environment.start_one('service'), answers, tuple(only.split(','))
        )
        found = []
        click.echo('\n'.join(_HEAD))
        for trial in trials.run():
            found.append(trial)
            click.echo(_row(trial))
            if json_path:
                _write(json_path, found)


def _fill(environment: Environment, count: int, files: int) -> None:
    images = environment.folder / 'service' / 'images'
    made = line_documents(images, LINE, count, files)
    client: pymongo.MongoClient[Document] = pymongo.MongoClient(environment.mongodb_url)
    with client:
        # The service has to begin on an empty folder.
        environment.start_one('service').stop()
        fill(MongoDatabase(client, DATABASE, _FILL_TIMEOUT_SECONDS), LINE, made)


def _row(trial: Trial) -> str:
    done = trial.transfer
    size = done.size / 1e6
    cells = (
        trial.name,
        f'{done.first_byte:.2f}',
        f'{done.seconds:.2f}',
        f'{done.cpu_seconds:.1f}',
        f'{size:,.1f}',
        f'{size / done.seconds:,.1f}',
        f'{done.growth_mb:.0f}',
        trial.found,
    )
    return f'| {" | ".join(cells)} |'


def _write(path: Path, trials: list[Trial]) -> None:
    rows = [dataclasses.asdict(trial) for trial in trials]
    path.write_text(json.dumps(rows, indent=1), encoding='utf-8')


if __name__ == '__main__':
    main(prog_name='python -m benchmarks.datasets')
