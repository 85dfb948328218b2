"""The wheel, installed where nothing of a checkout is, and used from another folder."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
import requests

from falcon_images import __version__
from tests.support.serving import ROOT, eventually

PACKAGE = ROOT / 'falcon_images'
# Of the service, whose packages a client does not have.
OF_THE_SERVICE = ('falcon', 'pymongo', 'bson', 'waitress', 'streaming_form_data')


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('wheel')
    command = [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel']
    subprocess.run(
        [*command, '-d', str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    (built,) = folder.glob('*.whl')
    return built


@pytest.fixture(scope='module')
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel: the folder of its programs."""
    place = tmp_path_factory.mktemp('installed') / 'venv'
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', place], check=True)
    paths = {'base': str(place), 'platbase': str(place)}
    scripts = Path(sysconfig.get_path('scripts', 'venv', paths))
    # What it needs is that of the tests, so that nothing is fetched.
    site = Path(sysconfig.get_path('purelib', 'venv', paths))
    (site / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')
    python = str(scripts / 'python')
    pip = [sys.executable, '-m', 'pip', '--python', python, 'install']
    options = ['-q', '--no-deps', '--no-index', '--disable-pip-version-check']
    subprocess.run([*pip, *options, str(wheel)], check=True)
    return scripts


def printed(program: Path, *arguments: str, folder: Path) -> str:
    ran = subprocess.run(
        [program, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_all_files_of_the_package_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if '.dist-info/' not in name}
    files = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob('*')
        if path.is_file() and '__pycache__' not in path.parts
    }
    assert packed == files


def test_the_command_tells_its_version(programs: Path, tmp_path: Path) -> None:
    text = printed(programs / 'falcon-images', '--version', folder=tmp_path)
    assert text == f'{__version__}\n'


def test_it_runs_what_was_installed(programs: Path, tmp_path: Path) -> None:
    code = 'import falcon_images; print(falcon_images.__file__)'
    text = printed(programs / 'python', '-c', code, folder=tmp_path)
    assert Path(text).is_relative_to(programs.parent)


def test_an_installed_service_serves_its_page(
    programs: Path, tmp_path: Path, mongodb_url: str
) -> None:
    log = tmp_path / 'log'
    with log.open('wb') as file:
        process = subprocess.Popen(
            [programs / 'falcon-images', 'serve', '--port', '0', '--workers', '1'],
            cwd=tmp_path,
            env={'MONGODB_URL': mongodb_url, 'APP_HOST': '127.0.0.1'},
            stderr=file,
        )
    try:
        eventually(lambda: b'Service: ' in log.read_bytes(), 60)
        _, _, address = log.read_text().partition('Service: ')
        url = address.split()[0].rstrip('/')
        for path in ('/ui', '/docs', '/openapi.json'):
            assert requests.get(url + path, timeout=10).status_code == 200
    finally:
        process.terminate()
        assert process.wait(45) == 0


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        ('falcon-images up', 'plain,upload'),
        ('falcon-images upload --properties', 'plain,--properties-from'),
        ('falcon-images watch --then m', 'plain,move'),
    ],
)
def test_a_shell_completes_it(
    programs: Path, tmp_path: Path, words: str, expected: str
) -> None:
    ran = subprocess.run(
        [programs / 'falcon-images'],
        cwd=tmp_path,
        env={
            '_FALCON_IMAGES_COMPLETE': 'bash_complete',
            'COMP_WORDS': words,
            'COMP_CWORD': str(len(words.split()) - 1),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.splitlines() == [expected]


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_there_is_a_completion_for_a_shell(
    programs: Path, tmp_path: Path, shell: str
) -> None:
    ran = subprocess.run(
        [programs / 'falcon-images'],
        cwd=tmp_path,
        env={'_FALCON_IMAGES_COMPLETE': f'{shell}_source', 'PATH': os.environ['PATH']},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f'{shell}_complete' in ran.stdout


@pytest.mark.parametrize('command', ['serve', 'check'])
def test_a_client_is_told_what_the_service_needs(
    programs: Path, tmp_path: Path, command: str
) -> None:
    code = (
        'import sys; sys.modules.update(dict.fromkeys('
        f'{OF_THE_SERVICE!r})); from falcon_images.__main__ import main; '
        f'sys.argv[1:] = [{command!r}]; main()'
    )
    ran = subprocess.run(
        [programs / 'python', '-c', code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    assert f'Error: {command} needs the packages of the service' in ran.stderr
    assert 'Traceback' not in ran.stderr
