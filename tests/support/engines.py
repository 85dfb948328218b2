"""Servers of other projects, each installed for its tests in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

_FOLDER = Path(__file__).parents[2] / '.engines_cache'


def installed(*packages: str) -> Path:
    """Return the folder of these packages, for PYTHONPATH; install them at first.

    A test is skipped where that cannot be done, and fails in CI.
    """
    folder = _FOLDER / '_'.join(packages)
    _FOLDER.mkdir(exist_ok=True)
    with FileLock(_FOLDER / f'{folder.name}.lock'):
        if not folder.is_dir():
            part = _FOLDER / f'{folder.name}.part'
            _install(packages, part)
            part.rename(folder)
    return folder


def _install(packages: tuple[str, ...], folder: Path) -> None:
    pip = (sys.executable, '-m', 'pip', 'install', '-q', '--upgrade', '--no-deps')
    found = subprocess.run(
        [*pip, '--target', folder, *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        reason = f'{packages[0]} could not be installed: {found.stderr[-300:]}'
        (pytest.fail if os.environ.get('CI') else pytest.skip)(reason)
