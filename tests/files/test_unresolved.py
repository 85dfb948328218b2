"""Unresolved writes: what is announced, noted, and taken over from dead processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from falcon_images.errors import StorageUnavailableError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.unresolved import UnresolvedWrite
from tests.support.serving import ROOT

WRITE = UnresolvedWrite('db', '日本/..', '6565f0c2a1b2c3d4e5f60718', 'image/jpeg')
# A process that has announced a write, and waits to be killed.
PROGRAM = """
import sys
from pathlib import Path
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.unresolved import UnresolvedWrite
folder = UploadsFolder(Path(sys.argv[1]))
folder.prepare()
print(folder.unresolved.announce(UnresolvedWrite(*sys.argv[2:])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[UploadsFolder]:
    made = UploadsFolder(tmp_path)
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def other(folder: UploadsFolder) -> Iterator['subprocess.Popen[str]']:
    process = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, str(folder.root), *vars(WRITE).values()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {'PYTHONIOENCODING': 'utf-8'},
    )
    assert process.stdout
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_a_write_of_a_process_that_lives_is_left_to_it(
    folder: UploadsFolder, other: 'subprocess.Popen[str]'
) -> None:
    folder.sweep_incoming()
    assert folder.unresolved.all() == []
    assert other.poll() is None


def test_a_write_of_a_process_that_was_killed_is_noted(
    folder: UploadsFolder, other: 'subprocess.Popen[str]'
) -> None:
    other.kill()
    other.communicate()
    folder.sweep_incoming()
    assert folder.unresolved.all() == [WRITE]
    assert len(list((folder.root / 'incoming').iterdir())) == 2


def test_what_cannot_be_noted_stays_for_the_next_sweep(
    folder: UploadsFolder,
    other: 'subprocess.Popen[str]',
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other.kill()
    other.communicate()

    def fail(*args: object) -> None:
        raise OSError(5, 'the disk')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', fail)
        folder.sweep_incoming()
    assert folder.unresolved.all() == []
    folder.sweep_incoming()
    assert folder.unresolved.all() == [WRITE]


def test_a_write_that_is_withdrawn_leaves_nothing(folder: UploadsFolder) -> None:
    folder.unresolved.withdraw(folder.unresolved.announce(WRITE))
    folder.close()
    assert folder.unresolved.all() == []
    assert list((folder.root / 'incoming').iterdir()) == []


def test_a_process_that_ends_in_the_middle_notes_its_writes(
    folder: UploadsFolder,
) -> None:
    folder.unresolved.announce(WRITE)
    folder.close()
    assert folder.unresolved.all() == [WRITE]


def test_one_write_may_be_announced_twice(folder: UploadsFolder) -> None:
    first, second = (folder.unresolved.announce(WRITE) for _ in range(2))
    folder.unresolved.withdraw(first)
    assert Path(second).exists()
    folder.close()
    assert folder.unresolved.all() == [WRITE]


def test_an_entry_that_was_cut_off_is_passed_over(folder: UploadsFolder) -> None:
    Path(folder.unresolved.announce(WRITE)).write_bytes(b'{"data')
    folder.close()
    assert folder.unresolved.all() == []


@pytest.mark.skipif(os.name == 'nt', reason='Windows keeps what is open')
def test_a_spool_that_is_gone_is_made_anew_for_an_entry(folder: UploadsFolder) -> None:
    (folder.root / 'incoming').rename(folder.root / 'old')
    assert Path(folder.unresolved.announce(WRITE)).exists()


def test_a_write_that_cannot_be_announced_leaves_nothing(
    folder: UploadsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(5, 'the disk')

    with monkeypatch.context() as patch, pytest.raises(StorageUnavailableError):
        patch.setattr(os, 'write', fail)
        folder.unresolved.announce(WRITE)
    assert list(folder.root.rglob('*.json')) == []
