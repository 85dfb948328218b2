"""The trials of exports and imports run, and find what they expect."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from benchmarks.line_pictures import line_documents
from benchmarks.opening import opened

ROOT = Path(__file__).parent.parent.parent
TIMEOUT_SECONDS = 110


@pytest.fixture(scope='module')
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the command writes as JSON, by the name of the trial."""
    folder = tmp_path_factory.mktemp('trials')
    path = folder / 'trials.json'
    command = (sys.executable, '-m', 'benchmarks.datasets', '--short')
    done = subprocess.run(
        [*command, '--json', path, '--folder', folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {trial['name']: trial for trial in json.loads(path.read_bytes())}


def test_each_trial_finds_what_it_sent(found: dict[str, dict[str, Any]]) -> None:
    assert {name: trial['found'] for name, trial in found.items()} == {
        'export archive': '23 entries',
        'snapshot, made': '100 images',
        'snapshot, first export': '22 entries',
        'snapshot, second export': 'the same',
        'snapshot, second half': '206, the rest',
        'snapshot, deleted': '100 images',
        'relabel of 100 rows, dry run': '100 differ, 0 conflicts',
        'relabel of 100 rows': '100 differ, 0 conflicts',
        'relabel, reverted': '100',
        'import archive, dry run': '20 imported, 0 updated, 0 unchanged, 80 skipped',
        'import archive, first': '20 imported, 0 updated, 0 unchanged, 80 skipped',
        'import archive, again': '0 imported, 0 updated, 20 unchanged, 80 skipped',
        'import archive, reverted': '20',
    }


def test_figures_of_trials_are_of_this_world(found: dict[str, dict[str, Any]]) -> None:
    for trial in found.values():
        figures = trial['transfer']
        assert 0 < figures['first_byte'] <= figures['seconds'] < TIMEOUT_SECONDS
        assert 0 <= figures['growth_mb'] < 100
        assert figures['size'] > 0


def test_files_are_spread_evenly_and_differ(tmp_path: Path) -> None:
    made = [*line_documents(tmp_path, 'line', 12, 3)]
    paths = {path.stem: path for path in tmp_path.rglob('*.jpg')}
    present = [str(document['_id']) in paths for document in made]
    assert present == [False, False, False, True] * 3
    assert len({path.read_bytes() for path in paths.values()}) == 3


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = tmp_path / 'a.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a', b'content')
    assert opened(path, 'zip') == '1 entries'
    path.write_bytes(path.read_bytes().replace(b'content', b'contend'))
    with pytest.raises(ValueError, match='a is damaged'):
        opened(path, 'zip')
