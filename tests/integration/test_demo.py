"""The command `demo`, without its browser."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from falcon_images.client import Client
from tests.support.commands import Place


@pytest.mark.skipif(os.name == 'nt', reason='ends by a signal of POSIX')
def test_a_demo_has_images_to_look_at_and_leaves_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, '', '')
    temporary = tmp_path / 't'
    temporary.mkdir()
    process = place.begin('demo', '--no-browser', TMPDIR=str(temporary))
    try:
        assert process.stdout
        line = process.stdout.readline()
        found = re.fullmatch(r'200 images are at (http\S+)/ui#/demo\n', line)
        assert found, process.stderr and process.stderr.read()
        with Client(found[1]) as client:
            assert client.count('demo') == 200
            assert client.count('demo', {'ai_prediction': 'NG'}) > 20
    finally:
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, '')
    assert [*temporary.iterdir()] == []


def test_a_demo_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / '.env').write_text('APP_THREADS=x')
    ran = subprocess.run(
        [sys.executable, '-m', 'falcon_images', 'demo', '--folder', '.'],
        cwd=tmp_path,
        env=Place(tmp_path, '', '').environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith('Error: The service did not start: ')
    assert 'APP_THREADS' in ran.stderr
