"""Which service a command asks, and who may read its token."""

import os
from pathlib import Path

import pytest

from falcon_images.client import Client
from tests.support.commands import Place, fill
from tests.support.scripted_server import Answer, Script, scripted_server

REFUSED = Answer(403, {'description': 'No.'})


def token_sent(place: Place, *options: str, **environ: str) -> str | None:
    """The token of the first request that `upload` makes."""
    fill(place.folder, 1)
    script = Script([REFUSED])
    with scripted_server(script) as place.url:
        place.run('upload', 'p_00000.jpg', *options, **environ)
    return script.headers[0].get('Authorization')


def config(folder: Path, text: str) -> Path:
    path = folder / 'own.toml'
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_token_is_that_of_the_environment(place: Place) -> None:
    assert token_sent(place, FALCON_IMAGES_TOKEN='abc') == 'Bearer abc'


def test_without_a_token_none_is_sent(place: Place) -> None:
    assert token_sent(place) is None


def test_a_token_is_that_of_the_file(place: Place) -> None:
    config(place.folder, 'token = "abc"')
    assert token_sent(place, '--config', 'own.toml') == 'Bearer abc'


def test_the_environment_goes_before_the_file(place: Place) -> None:
    config(place.folder, 'token = "abc"')
    environ = {'FALCON_IMAGES_TOKEN': 'def', 'FALCON_IMAGES_CONFIG': 'own.toml'}
    assert token_sent(place, **environ) == 'Bearer def'


@pytest.mark.skipif(os.name == 'nt', reason='has other rights')
def test_the_file_of_the_user_is_read(client: Client, place: Place) -> None:
    fill(place.folder, 1)
    path = place.folder / '.config/falcon-images/config.toml'
    path.parent.mkdir(parents=True)
    path.write_text(f'url = "{place.url}"\ncollection = "{place.collection}"\n')
    ran = place.run(
        'upload', 'p_00000.jpg', FALCON_IMAGES_URL='', FALCON_IMAGES_COLLECTION=''
    )
    assert (ran.returncode, client.count(place.collection)) == (0, 1)


def test_an_option_goes_before_the_environment(client: Client, place: Place) -> None:
    fill(place.folder, 1)
    ran = place.run(
        *('upload', 'p_00000.jpg', '-u', place.url),
        FALCON_IMAGES_URL='http://127.0.0.1:1',
    )
    assert (ran.returncode, client.count(place.collection)) == (0, 1)


@pytest.mark.skipif(os.name == 'nt', reason='has other rights')
@pytest.mark.parametrize('mode', [0o640, 0o604, 0o666])
def test_a_token_that_others_can_read_is_refused(place: Place, mode: int) -> None:
    config(place.folder, 'token = "abc"').chmod(mode)
    ran = place.run('upload', '.', '--config', 'own.toml')
    assert (ran.returncode, 'chmod 600 own.toml' in ran.stderr) == (2, True)


@pytest.mark.skipif(os.name == 'nt', reason='has other rights')
def test_a_file_without_a_token_may_be_read(client: Client, place: Place) -> None:
    fill(place.folder, 1)
    config(place.folder, f'url = "{place.url}"').chmod(0o644)
    ran = place.run(
        *('upload', 'p_00000.jpg', '--config', 'own.toml'), FALCON_IMAGES_URL=''
    )
    assert (ran.returncode, client.count(place.collection)) == (0, 1)


@pytest.mark.parametrize('text', ['url', 'address = "x"', '\0'])
def test_a_file_that_cannot_be_understood_is_refused(place: Place, text: str) -> None:
    config(place.folder, text)
    ran = place.run('upload', '.', '--config', 'own.toml')
    assert (ran.returncode, 'own.toml' in ran.stderr) == (2, True)


def test_a_token_is_never_printed(place: Place) -> None:
    fill(place.folder, 1)
    ran = place.run('upload', '.', '--json', FALCON_IMAGES_TOKEN='geheim')
    assert 'geheim' not in ran.stdout + ran.stderr
