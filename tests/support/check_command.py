"""`python -m falcon_images check` as a process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.serving import ROOT
from tests.support.wine import PATIENCE

_INHERITED = ('PATH', 'SYSTEMROOT', 'USERPROFILE', 'TEMP', 'TMP', 'TMPDIR')


def run(
    folder: Path, *arguments: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return subprocess.run(
        [sys.executable, '-m', 'falcon_images', 'check', *arguments],
        cwd=folder,
        env=inherited | {'PYTHONPATH': str(ROOT)} | environ,
        capture_output=True,
        text=True,
        encoding='utf-8',
        timeout=90 * PATIENCE,
        check=False,
    )
