"""Watched folders: what appears is uploaded once, when it is whole."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from falcon_images.client import Client
from tests.support.commands import Place
from tests.support.cutting_proxy import Cuts, cutting_proxy
from tests.support.pictures import saved
from tests.support.processes import KILL, stop_impatiently
from tests.support.scripted_server import Answer, Script, scripted_server
from tests.support.serving import Serving, eventually

pytestmark = pytest.mark.skipif(os.name == 'nt', reason='ends by a signal of POSIX')
QUICK = ('--quiet', '0.3', '--poll', '0.5')
Watch = Callable[..., 'subprocess.Popen[str]']


def picture(number: int) -> bytes:
    """A picture of its own that has the end of its format."""
    return saved(Image.new('RGB', (64, 48), (number % 256, number // 256, 9)), 'PNG')


@pytest.fixture
def shots(place: Place) -> Path:
    folder = place.folder / 'shots'
    folder.mkdir()
    return folder


@pytest.fixture
def watch(place: Place, shots: Path) -> Iterator[Watch]:
    """Start watchers; all end at the end of a test."""
    started: list[subprocess.Popen[str]] = []

    def begin(*options: str, **environ: str) -> 'subprocess.Popen[str]':
        arguments = ('watch', 'shots', *QUICK, '--log', 'log', *options)
        started.append(place.begin(*arguments, **environ))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=20)


def log(place: Place) -> str:
    path = place.folder / 'log'
    return path.read_text(encoding='utf-8') if path.exists() else ''


def names(client: Client, place: Place) -> list[str]:
    return sorted(each['image'] for each in client.images(place.collection))


def told(place: Place) -> str:
    return place.run('watch', 'shots', '--status').stdout


def end(process: 'subprocess.Popen[str]') -> str:
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert 'Traceback' not in stderr
    return stdout + stderr


def test_what_is_there_and_what_appears_is_uploaded(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'old.png').write_bytes(picture(1))
    process = watch()
    eventually(lambda: names(client, place) == ['old.png'])
    (shots / 'deep/er').mkdir(parents=True)
    (shots / 'deep/er/new.png').write_bytes(picture(2))
    eventually(lambda: names(client, place) == ['new.png', 'old.png'])
    assert end(process) == ''


def test_news_of_the_system_wake_it(client: Client, place: Place, shots: Path) -> None:
    process = place.begin('watch', 'shots', '--quiet', '0.3')
    try:
        eventually(lambda: (shots / 'a.png').write_bytes(picture(1)))
        eventually(lambda: client.count(place.collection) == 1)
        (shots / 'b.png').write_bytes(picture(2))
        # Without news it would look after half a minute.
        eventually(lambda: client.count(place.collection) == 2, 15)
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_files_that_are_written_slowly_arrive_once_and_whole(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    watch('--quiet', '0.1')
    contents = {f'{number}.png': picture(number) for number in range(8)}

    def write(name: str, content: bytes) -> None:
        step = len(content) // 10 + 1
        for place_ in range(0, len(content), step):
            with (shots / name).open('ab') as file:
                file.write(content[place_ : place_ + step])
            threading.Event().wait(0.3)

    threads = [threading.Thread(target=write, args=each) for each in contents.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: client.count(place.collection) >= len(contents))
    sizes = {
        each['image']: each['_file']['size'] for each in client.images(place.collection)
    }
    assert sizes == {name: len(content) for name, content in contents.items()}
    assert client.count(place.collection) == len(contents)


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells it so')
def test_a_file_that_another_program_has_open_waits(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    with (shots / 'a.png').open('wb') as file:
        file.write(picture(1))
        file.flush()
        watch()
        (shots / 'b.png').write_bytes(picture(2))
        eventually(lambda: names(client, place) == ['b.png'])
        eventually(lambda: 'has it open' in told(place))
    eventually(lambda: names(client, place) == ['a.png', 'b.png'])


def test_a_file_without_its_end_is_taken_when_it_is_old(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1)[:-5])
    watch('--settle', '2')
    eventually(lambda: client.count(place.collection) == 1)
    assert 'is taken as it is' in log(place)


@pytest.mark.parametrize('name', ['a.png.part', '.a.png', 'a.tmp', 'a.txt'])
def test_a_temporary_name_is_left_alone(
    client: Client, place: Place, shots: Path, watch: Watch, name: str
) -> None:
    (shots / name).write_bytes(picture(1))
    (shots / 'b.png').write_bytes(picture(2))
    watch()
    eventually(lambda: names(client, place) == ['b.png'])
    (shots / name).rename(shots / 'a.png')
    eventually(lambda: names(client, place) == ['a.png', 'b.png'])


def test_stored_files_are_moved(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (place.folder / 'sent/x').mkdir(parents=True)
    (place.folder / 'sent/x/a.png').write_bytes(b'another')
    (shots / 'x').mkdir()
    (shots / 'x/a.png').write_bytes(picture(1))
    watch('--then', 'move', '--move-to', 'sent')
    moved = place.folder / 'sent/x/a-2.png'
    eventually(moved.exists)
    assert moved.read_bytes() == picture(1)
    assert (place.folder / 'sent/x/a.png').read_bytes() == b'another'
    assert not (shots / 'x/a.png').exists()
    assert client.count(place.collection) == 1


def test_stored_files_are_deleted(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1))
    watch('--then', 'delete')
    eventually(lambda: not (shots / 'a.png').exists())
    assert client.count(place.collection) == 1


def test_what_is_refused_stays_and_delays_nothing(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'bad.svg').write_bytes(b'<html></svg>')
    (shots / 'good.png').write_bytes(picture(1))
    watch('--then', 'delete')
    eventually(lambda: 'refused: ' in log(place))
    eventually(lambda: names(client, place) == ['good.png'])
    assert (shots / 'bad.svg').exists()
    eventually(lambda: 'refused: ' in told(place))


def test_a_refused_file_that_changes_is_tried_again(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.svg').write_bytes(b'<html></svg>')
    watch()
    eventually(lambda: 'refused: ' in log(place))
    (shots / 'a.svg').write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    eventually(lambda: names(client, place) == ['a.svg'])


def test_a_watcher_that_is_killed_goes_on_with_nothing_twice(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    for number in range(300):
        (shots / f'{number}.png').write_bytes(picture(number))
    for part in (50, 150):
        process = watch()
        eventually(lambda: client.count(place.collection) > part, 60)  # noqa: B023
        process.send_signal(KILL)
        process.communicate(timeout=20)
    watch()
    eventually(lambda: client.count(place.collection) == 300, 60)
    (shots / 'last.png').write_bytes(picture(1000))
    eventually(lambda: 'last.png' in log(place))
    assert client.count(place.collection) == 301


def test_a_link_that_is_cut_loses_nothing(
    serving: Serving, client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    for number in range(100):
        (shots / f'{number}.png').write_bytes(picture(number))
    cuts = Cuts(sent=[0, 500, 3000], answered=[0, 10, 2000])
    with cutting_proxy(serving.port, cuts) as url:
        watch(FALCON_IMAGES_URL=url)
        eventually(lambda: client.count(place.collection) == 100, 60)
    assert cuts.made == 6


def test_who_stops_it_twice_hears_of_no_failure(place: Place, watch: Watch) -> None:
    process = watch()
    eventually(lambda: 'Watching' in log(place))
    assert stop_impatiently(process) == 0
    assert 'Stopped' in log(place)


def test_it_waits_for_a_service_that_is_away(
    place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1))
    script = Script([Answer(503, {'description': 'Not now.'})])
    with scripted_server(script) as url:
        process = watch(FALCON_IMAGES_URL=url)
        eventually(lambda: 'The service: Not now.' in log(place), 30)
        eventually(lambda: 'The service: Not now.' in told(place))
        assert 'Waiting: 1 file.' in told(place)
        assert process.poll() is None


def test_a_token_that_is_refused_does_not_end_it(
    place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1))
    script = Script([Answer(403, {'description': 'Who is it?'})])
    with scripted_server(script) as url:
        process = watch(FALCON_IMAGES_URL=url)
        eventually(lambda: len(script.requests) > 2, 30)
        assert process.poll() is None


def test_a_folder_that_goes_away_and_comes_back_is_watched_again(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    watch()
    (shots / 'a.png').write_bytes(picture(1))
    eventually(lambda: client.count(place.collection) == 1)
    shots.rename(place.folder / 'away')
    eventually(lambda: 'There is no such file or folder' in log(place))
    shutil.move(place.folder / 'away', shots)
    (shots / 'b.png').write_bytes(picture(2))
    eventually(lambda: names(client, place) == ['a.png', 'b.png'])


def test_a_folder_that_is_not_there_yet_is_waited_for(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    shots.rmdir()
    watch()
    eventually(lambda: 'There is no such file or folder' in log(place))
    shots.mkdir()
    (shots / 'a.png').write_bytes(picture(1))
    eventually(lambda: client.count(place.collection) == 1)


def test_a_file_that_vanishes_is_forgotten(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1)[:-5])
    watch()
    eventually(lambda: 'Waiting: 1 file.' in told(place))
    (shots / 'a.png').unlink()
    (shots / 'b.png').write_bytes(picture(2))
    eventually(lambda: names(client, place) == ['b.png'])
    eventually(lambda: 'Waiting: 0 files.' in told(place))


def test_notes_that_cannot_be_written_end_nothing(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (place.folder / 'file').touch()
    (shots / 'a.png').write_bytes(picture(1))
    watch('--journal', 'file/x.sqlite')
    eventually(lambda: client.count(place.collection) == 1)
    (shots / 'b.png').write_bytes(picture(2))
    eventually(lambda: client.count(place.collection) == 2)


def test_a_sidecar_is_waited_for(
    client: Client, place: Place, shots: Path, watch: Watch
) -> None:
    (shots / 'a.png').write_bytes(picture(1))
    watch('--properties-from', 'sidecar')
    eventually(lambda: 'There is no a.png.json' in log(place))
    (shots / 'a.png.json').write_text('{"score": 0.5}')
    eventually(lambda: client.count(place.collection, {'score': 0.5}) == 1)


@pytest.mark.parametrize(
    'options',
    [
        ('--then', 'move'),
        ('--move-to', 'x'),
        ('--then', 'move', '--move-to', 'shots/x'),
    ],
)
def test_what_cannot_be_done_with_files_is_refused(
    place: Place, shots: Path, options: tuple[str, ...]
) -> None:
    assert place.run('watch', 'shots', *options).returncode == 2


def test_the_status_of_nobody_is_told(place: Place, shots: Path) -> None:
    ran = place.run('watch', 'shots', '--status')
    assert (ran.returncode, ran.stdout) == (1, 'Nobody has watched these folders.\n')
