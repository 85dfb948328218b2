"""`check` where the documentation has it run, with the rights of that place."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from tests.support.documentation import PAGES
from tests.support.examples import blocks
from tests.support.pictures import jpeg
from tests.support.serving import ROOT, eventually

NOBODY = 65534
CODE, DATA = '/opt/falcon_images', '/var/lib/falcon_images'
# What the unit alone needs: how it is started, stopped and installed.
OF_THE_UNIT = {
    *('Environment', 'ExecStart', 'Restart', 'KillMode', 'TimeoutStopSec'),
    # Implied by DynamicUser.
    *('NoNewPrivileges', 'PrivateTmp', 'ProtectSystem', 'ProtectHome'),
}


def systemd_command() -> list[str]:
    (block,) = (b for b in blocks('sh') if b.text.startswith('sudo systemd-run'))
    return shlex.split(block.text)


def unit() -> set[str]:
    """Return the lines of the unit that say where and as whom it is run."""
    text = PAGES['docs/deployment.md'].partition('[Service]\n')[2]
    lines = text.partition('\n\n')[0].splitlines()
    settings = [line for line in lines if not line.startswith('#')]
    return {line for line in settings if line.partition('=')[0] not in OF_THE_UNIT}


def options(command: list[str], option: str) -> set[str]:
    return {value for name, value in itertools.pairwise(command) if name == option}


def test_the_command_for_systemd_has_the_folder_variables_and_user_of_the_unit() -> (
    None
):
    assert options(systemd_command(), '-p') == unit()


class Place(NamedTuple):
    """An installation as the unit has it: code that is only read, data elsewhere."""

    code: Path
    data: Path


def interpreter_for_all() -> str:
    """Return a Python that other users may run; that of a home folder is none."""
    version = sysconfig.get_python_version()
    for program in (os.path.realpath(sys.executable), f'/usr/bin/python{version}'):
        if Path(program).exists() and all(
            path.stat().st_mode & 1 for path in Path(program).parents
        ):
            return program
    pytest.skip('no Python here may be run by another user')


@pytest.fixture
def place() -> Iterator[Place]:
    if os.name == 'nt' or os.geteuid() != 0:
        pytest.skip('only root can become another user')
    with tempfile.TemporaryDirectory(prefix='p', dir='/tmp') as folder:
        Path(folder).chmod(0o755)
        made = Place(Path(folder, 'code'), Path(folder, 'data'))
        install(made.code)
        made.data.mkdir()
        os.chown(made.data, NOBODY, NOBODY)
        yield made


def install(code: Path) -> None:
    """Put the code and a `.venv` there, which nobody may change."""
    shutil.copytree(ROOT / 'falcon_images', code / 'falcon_images')
    shutil.copy(ROOT / 'serve.py', code)
    program = interpreter_for_all()
    subprocess.run([program, '-m', 'venv', '--without-pip', code / '.venv'], check=True)
    (site,) = (code / '.venv' / 'lib').glob('python*/site-packages')
    (site / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')


class Service:
    """The service as the unit starts it, with the rights of nobody."""

    def __init__(self, place: Place) -> None:
        self._log = place.data.with_name('log')
        program = place.code / '.venv/bin/python'
        with self._log.open('wb') as log:
            self._process = subprocess.Popen(
                [program, place.code / 'serve.py', '--port', '0', '--workers', '1'],
                **as_nobody(place),
                stderr=log,
            )
        eventually(lambda: self._port or self._process.poll() is not None, 60)
        assert self._port, self._log.read_text()

    @property
    def _port(self) -> str:
        found = re.search(r'listens on port (\d+)', self._log.read_text())
        return found[1] if found else ''

    def upload(self) -> None:
        url = f'http://127.0.0.1:{self._port}/collections/c/images'
        files = {'image': jpeg()}
        requests.post(url, files=files, timeout=60).raise_for_status()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def as_nobody(place: Place, **environ: str) -> dict[str, Any]:
    return {
        'cwd': place.data,
        'env': {'PATH': '/usr/bin:/bin'} | environ,
        'user': NOBODY,
        'group': NOBODY,
        'extra_groups': [],
    }


def check(place: Place) -> subprocess.CompletedProcess[str]:
    """Run the command for systemd as systemd does."""
    words = [word.replace(CODE, str(place.code)) for word in systemd_command()]
    (folder,) = (each for each in options(words, '-p') if 'WorkingDirectory' in each)
    assert folder == f'WorkingDirectory={DATA}'
    environ = dict(each.split('=', 1) for each in options(words, '-E'))
    program = next(n for n, word in enumerate(words) if word.endswith('/python'))
    return subprocess.run(
        words[program:],
        **as_nobody(place, **environ),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture
def start(place: Place) -> Iterator[Callable[[], Service]]:
    started: list[Service] = []

    def make() -> Service:
        started.append(Service(place))
        return started[-1]

    yield make
    for service in started:
        service.stop()


def test_the_command_for_systemd_checks_a_running_service(
    place: Place, start: Callable[[], Service]
) -> None:
    start().upload()
    found = check(place)
    assert (found.returncode, found.stderr) == (0, '')
    assert 'Compared 1 documents and 1 files. All is well.' in found.stdout


def test_the_command_for_systemd_checks_a_stopped_service_which_then_starts(
    place: Place, start: Callable[[], Service]
) -> None:
    service = start()
    service.upload()
    service.stop()
    found = check(place)
    assert (found.returncode, found.stderr) == (0, '')
    assert 'Compared 1 documents and 1 files. All is well.' in found.stdout
    start().upload()


def test_the_check_is_found_from_no_other_folder_without_the_path(place: Place) -> None:
    found = subprocess.run(
        [place.code / '.venv/bin/python', '-m', 'falcon_images', 'check'],
        **as_nobody(place),
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'No module named falcon_images' in found.stderr
