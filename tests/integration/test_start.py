"""What the service says at its start, and of settings that it cannot use."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from falcon_images import __version__
from tests.support.serving import ROOT, Serving, eventually

Start = Callable[..., Serving]


def test_the_log_begins_with_addresses_to_click(start: Start, mongodb_url: str) -> None:
    serving = start('--host', '127.0.0.1', MONGODB_URL=mongodb_url).ready()
    eventually(lambda: '/ui' in serving.log)
    addresses = re.findall(r'http://\S+', serving.log)
    assert addresses == [f'{serving.url}/', f'{serving.url}/ui']
    assert all(requests.get(address, timeout=5).ok for address in addresses)
    assert 'everybody on this machine' in serving.lines[0]


def test_a_misspelt_setting_is_told_at_the_start(
    start: Start, mongodb_url: str
) -> None:
    serving = start(MONGODB_URL=mongodb_url, UPLOAD_DIRECTRY='x').ready()
    assert 'UPLOAD_DIRECTRY is no setting' in serving.log
    assert 'is UPLOAD_DIRECTORY meant?' in serving.log


def asked(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """Run `serve.py` to its end; return its exit status and what it printed."""
    ran = subprocess.run(
        [sys.executable, str(ROOT / 'serve.py'), *arguments],
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_it_tells_its_version(tmp_path: Path) -> None:
    assert asked(tmp_path, '--version') == (0, f'{__version__}\n')


def test_settings_that_can_be_used_are_told_so(
    tmp_path: Path, mongodb_url: str
) -> None:
    status, text = asked(
        tmp_path, '--check-config', APP_PORT='0', MONGODB_URL=mongodb_url
    )
    assert (status, text) == (0, 'The settings can be used.\n')


@pytest.mark.parametrize(
    ('environ', 'told'),
    [
        ({'MONGODB_URL': 'host:27017'}, 'MONGODB_URL must begin with mongodb://'),
        ({'MONGODB_URL': 'mongodb://u:gehe@im@h'}, 'must be percent-encoded'),
        ({'MONGODB_URL': 'mongodb://u:gehe/im@h'}, 'must be percent-encoded'),
        ({'MONGODB_URL': 'mongodb://u:gehe%im@h'}, 'must be percent-encoded'),
        ({'MONGODB_URL': 'mongodb://u:geheim@127.0.0.1:1'}, 'does not answer'),
        ({'MAX_PARTS': 'many'}, 'MAX_PARTS must be an integer'),
        ({'UPLOADS_DIRECTORY': f'{__file__}/x'}, 'UPLOADS_DIRECTORY'),
    ],
)
def test_settings_that_cannot_be_used_are_told(
    tmp_path: Path, environ: dict[str, str], told: str
) -> None:
    status, text = asked(tmp_path, '--check-config', **{'APP_PORT': '0'} | environ)
    assert status == 1
    assert told in text
    assert 'gehe' not in text
