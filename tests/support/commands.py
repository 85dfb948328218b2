"""The commands as processes, and pictures in folders for them."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.pictures import jpeg
from tests.support.serving import ROOT
from tests.support.wine import PATIENCE

_INHERITED = ('PATH', 'SYSTEMROOT', 'USERPROFILE', 'TEMP', 'TMP', 'TMPDIR')


@dataclass
class Place:
    """Where commands are run: a folder, a service and a collection."""

    folder: Path
    url: str
    collection: str

    @property
    def environ(self) -> dict[str, str]:
        inherited = {
            name: os.environ[name] for name in _INHERITED if name in os.environ
        }
        return inherited | {
            'PYTHONPATH': str(ROOT),
            'HOME': str(self.folder),
            'FALCON_IMAGES_URL': self.url,
            'FALCON_IMAGES_COLLECTION': self.collection,
        }

    def begin(self, *arguments: str, **environ: str) -> 'subprocess.Popen[str]':
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, '-m', 'falcon_images', *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding='utf-8',
        )

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        process = self.begin(*arguments, **environ)
        stdout, stderr = process.communicate(timeout=100 * PATIENCE)
        ran = subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)
        assert 'Traceback' not in stdout + stderr, stdout + stderr
        return ran


def distinct_jpeg(number: int) -> bytes:
    """Return a picture that has other bytes than that of another number."""
    return jpeg() + number.to_bytes(8, 'big')


def fill(folder: Path, count: int) -> list[Path]:
    """Write so many pictures into a folder and two below it."""
    paths = []
    for number in range(count):
        path = folder / ('.', 'b', 'b/c')[number % 3] / f'p_{number:05}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(distinct_jpeg(number))
        paths.append(path)
    return paths
