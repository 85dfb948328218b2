import contextlib
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest
from pymongo.errors import PyMongoError

from falcon_images.embedded import mongod as embedded
from falcon_images.embedded import supervisor
from falcon_images.embedded.compatibility import raise_compatibility
from falcon_images.embedded.mongod import EmbeddedMongo, EmbeddedMongoError
from falcon_images.embedded.orphans import end_orphan
from falcon_images.embedded.supervisor import Supervisor
from tests.support.private_mongo import pid_of

MB = 1024**2
SECONDS_TO_RESTART = 30
KILL = getattr(signal, 'SIGKILL', signal.SIGTERM)
posix_only = pytest.mark.skipif(os.name == 'nt', reason='as POSIX systems have it')

# A service that is nothing but its database.
SERVICE = """
import sys
from pathlib import Path
from falcon_images.embedded.mongod import EmbeddedMongo
mongo = EmbeddedMongo(Path(sys.argv[1]))
mongo.wait_until_ready()
print(mongo.url, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def started(folder: Path) -> Iterator[EmbeddedMongo]:
    mongo = EmbeddedMongo(folder)
    try:
        mongo.wait_until_ready()
        yield mongo
    finally:
        mongo.stop()


@contextlib.contextmanager
def connected(url: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        url, serverSelectionTimeoutMS=1000
    )
    with client:
        yield client


def answers(url: str, but_not: int = 0) -> bool:
    """Tell whether a database answers that is another process than that."""
    with contextlib.suppress(PyMongoError):
        return pid_of(url) != but_not
    return False


def store(url: str, value: str) -> None:
    with connected(url) as client:
        collection = client['d'].get_collection(
            'c', write_concern=pymongo.WriteConcern(j=True)
        )
        collection.insert_one({'value': value})


def stored(url: str) -> list[str]:
    with connected(url) as client:
        return [document['value'] for document in client['d']['c'].find()]


def is_alive(pid: int) -> bool:
    try:
        # What has ended keeps its number until its parent, perhaps a new one, asks.
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS_TO_RESTART
    while not condition() and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    return condition()


@contextlib.contextmanager
def service_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A service in a process of its own, and the URL of its database."""
    with subprocess.Popen(
        [sys.executable, '-c', SERVICE, str(folder)],
        cwd=Path(embedded.__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / 'mongodb'


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose name leaves room for the path of a socket."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def make_program(path: Path, *lines: str) -> Path:
    path.write_text('\n'.join(('#!/bin/sh', *lines, '')), encoding='utf-8')
    path.chmod(0o755)
    return path


def test_it_answers(folder: Path) -> None:
    with started(folder) as mongo, connected(mongo.url) as client:
        assert client.admin.command('ping')['ok'] == 1


@posix_only
def test_it_listens_on_a_unix_socket_alone(folder: Path) -> None:
    with started(folder) as mongo, connected(mongo.url) as client:
        net = client.admin.command('getCmdLineOpts')['parsed']['net']
    assert mongo.url.startswith('mongodb://%2F')
    assert Path(net['bindIp']).name == 'mongo.sock'
    assert net['unixDomainSocket']['pathPrefix'] == str(Path(net['bindIp']).parent)


def test_two_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    with started(tmp_path / 'a') as one, started(tmp_path / 'b') as two:
        store(one.url, 'one')
        assert (stored(one.url), stored(two.url)) == (['one'], [])


def test_data_is_there_again_after_a_stop(folder: Path) -> None:
    with started(folder) as mongo:
        store(mongo.url, 'kept')
    with started(folder) as mongo:
        assert stored(mongo.url) == ['kept']


def test_a_stop_ends_it(folder: Path) -> None:
    with started(folder) as mongo:
        assert answers(mongo.url)
    assert not answers(mongo.url)


def test_a_second_stop_does_no_harm(folder: Path) -> None:
    with started(folder) as mongo:
        mongo.stop()


def test_a_folder_in_use_is_refused_at_once_and_its_database_goes_on(
    folder: Path,
) -> None:
    with started(folder) as mongo:
        store(mongo.url, 'before')
        begun = time.monotonic()
        with pytest.raises(EmbeddedMongoError, match=r'Another service uses .*; stop'):
            EmbeddedMongo(folder)
        assert time.monotonic() - begun < 1
        store(mongo.url, 'after')
        assert stored(mongo.url) == ['before', 'after']


def test_a_folder_that_another_process_uses_is_refused(folder: Path) -> None:
    with (
        service_process(folder) as (_, url),
        pytest.raises(EmbeddedMongoError, match='Another service uses'),
    ):
        assert answers(url)
        EmbeddedMongo(folder)


def test_a_database_that_is_killed_is_started_anew(folder: Path) -> None:
    with started(folder) as mongo:
        store(mongo.url, 'kept')
        killed = pid_of(mongo.url)
        os.kill(killed, KILL)
        assert eventually(partial(answers, mongo.url, but_not=killed))
        assert stored(mongo.url) == ['kept']


def test_a_database_that_is_just_killed_can_be_stopped(folder: Path) -> None:
    with started(folder) as mongo:
        os.kill(pid_of(mongo.url), KILL)
        begun = time.monotonic()
        mongo.stop()
        assert time.monotonic() - begun < 10
    assert not answers(mongo.url)


@posix_only
@pytest.mark.parametrize('is_killed', [True, False])
def test_it_ends_with_the_service_however_that_ends(
    folder: Path, is_killed: bool
) -> None:
    with service_process(folder) as (process, url):
        pid = pid_of(url)
        if is_killed:
            process.kill()
        else:
            process.communicate()
    assert eventually(lambda: not is_alive(pid))


def test_the_next_service_starts_at_once_after_a_kill(folder: Path) -> None:
    with service_process(folder) as (process, url):
        store(url, 'kept')
        before = pid_of(url)
        process.kill()
        process.wait()
        with started(folder) as mongo:
            assert pid_of(mongo.url) != before
            assert stored(mongo.url) == ['kept']


@posix_only
def test_a_database_left_without_guardian_does_not_stop_the_next_service(
    folder: Path,
) -> None:
    with started(folder) as mongo:
        left = pid_of(mongo.url)
        mongo.supervisor.kill()
    try:
        with started(folder) as mongo:
            assert eventually(partial(answers, mongo.url, but_not=left))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(left, KILL)


@posix_only
@pytest.mark.parametrize('name', ['a,b', 'x' * 99])
def test_what_was_killed_with_its_guardian_does_not_stop_the_next_service(
    tmp_path: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sockets = short_folder
    monkeypatch.setenv('TMPDIR', str(sockets))
    monkeypatch.setattr(tempfile, 'tempdir', str(sockets))
    folder = tmp_path / name / 'mongodb'
    with service_process(folder) as (process, url):
        store(url, 'kept')
        left = pid_of(url)
        for supervisor in psutil.Process(process.pid).children():
            supervisor.kill()
        process.kill()
        process.wait()
    assert is_alive(left)
    with started(folder) as mongo:
        assert stored(mongo.url) == ['kept']
        assert not is_alive(left)
        assert len(list(sockets.iterdir())) <= 1
    assert list(sockets.iterdir()) == []


@posix_only
def test_a_stranger_with_the_number_of_the_database_is_left_alone(
    folder: Path,
) -> None:
    with started(folder) as mongo:
        lock = folder / 'mongod.lock'
        real = lock.read_text()
        with subprocess.Popen(['sleep', '60']) as stranger:
            # In use by another program, and then not at all.
            lock.write_text(f'{stranger.pid}\n')
            end_orphan(folder)
            assert stranger.poll() is None
            lock.write_text(real)
            other = folder.with_name('other')
            other.mkdir()
            (other / 'mongod.lock').write_text(real)
            end_orphan(other)
            assert answers(mongo.url)
            stranger.kill()


@posix_only
def test_a_database_that_somebody_started_by_hand_is_left_alone(
    folder: Path,
) -> None:
    with started(folder):
        pass
    address = str(folder / 'own.sock')
    command = [str(embedded.find_program()), '--dbpath', str(folder)]
    options = ['--bind_ip', address, '--unixSocketPrefix', str(folder)]
    with subprocess.Popen(command + options, stdout=subprocess.DEVNULL) as own:
        assert eventually(lambda: Path(address).exists())
        with pytest.raises(EmbeddedMongoError):
            EmbeddedMongo(folder).wait_until_ready()
        assert own.poll() is None
        own.terminate()


def test_a_database_left_on_a_port_does_not_stop_the_next_service(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, '_IS_WINDOWS', True)
    with started(folder) as mongo:
        left = pid_of(mongo.url)
        store(mongo.url, 'kept')
        mongo.supervisor.kill()
        mongo.supervisor.wait()
        mongo.lock.release()
        with started(folder) as following:
            assert stored(following.url) == ['kept']
            assert not answers(mongo.url)
            assert pid_of(following.url) != left


@pytest.mark.parametrize('its_token', ['another', 'none'])
def test_another_database_on_the_port_is_refused_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, its_token: str
) -> None:
    monkeypatch.setattr(embedded, '_IS_WINDOWS', True)
    if its_token == 'none':
        monkeypatch.setattr(embedded, '_PROOF', 'saslHostName')
    with started(tmp_path / 'other') as impostor:
        monkeypatch.undo()
        monkeypatch.setattr(embedded, '_IS_WINDOWS', True)
        port = int(impostor.url.split(':')[2].split('/')[0])
        monkeypatch.setattr(embedded, '_free_port', lambda: port)
        with pytest.raises(EmbeddedMongoError, match='does not start'):
            EmbeddedMongo(tmp_path / 'mongodb').wait_until_ready()
        store(impostor.url, 'still there')


@pytest.mark.parametrize('answer', [b'', b'HTTP/1.1 400 Bad Request\r\n\r\n'])
def test_another_program_on_the_port_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr(embedded, '_IS_WINDOWS', True)
    with socket.create_server(('127.0.0.1', 0)) as impostor:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = impostor.accept()
                    with connection:
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        port = impostor.getsockname()[1]
        monkeypatch.setattr(embedded, '_free_port', lambda: port)
        with pytest.raises(EmbeddedMongoError, match='does not start'):
            EmbeddedMongo(folder).wait_until_ready()


def form_of(url: str) -> str:
    name = 'featureCompatibilityVersion'
    with connected(url) as client:
        told = client.admin.command({'getParameter': 1, name: 1})
        return str(told[name]['version'])


def test_data_of_an_older_version_is_brought_to_that_of_the_program(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with started(folder) as mongo, connected(mongo.url) as client:
        own = form_of(mongo.url)
        store(mongo.url, 'kept')
        client.admin.command({'setFeatureCompatibilityVersion': '5.0'})
        assert form_of(mongo.url) == '5.0'
    for _ in range(2):
        with started(folder) as mongo:
            assert form_of(mongo.url) == own
            assert stored(mongo.url) == ['kept']
    assert caplog.text.count(f'is now that of version {own}') == 1


@pytest.mark.parametrize('answer', [b'', b'\xff' * 400, bytes(400)])
def test_a_version_that_cannot_be_raised_is_told_alone(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ours, other = socket.socketpair()
    with ours, other:
        other.sendall(answer)
        other.shutdown(socket.SHUT_WR)
        raise_compatibility(ours)
    assert 'keeps its data in the form of an older version' in caplog.text


def test_a_long_path_works(tmp_path: Path) -> None:
    with started(tmp_path / ('x' * 60) / ('y' * 60) / 'mongodb') as mongo:
        assert answers(mongo.url)


@posix_only
def test_a_long_path_of_temporary_files_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / ('x' * 60) / ('y' * 60)
    temporary.mkdir(parents=True)
    monkeypatch.setattr(tempfile, 'tempdir', str(temporary))
    with started(temporary / 'mongodb') as mongo:
        assert answers(mongo.url)


@pytest.mark.parametrize(
    'name',
    [
        "a ü日 %20+@#&;'",
        'a,b',
        pytest.param('a:b', marks=posix_only),
    ],
)
def test_any_name_of_a_folder_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(embedded, '_START_SECONDS', 30.0)
    with started(tmp_path / name / 'mongodb') as mongo:
        assert answers(mongo.url)


@pytest.mark.parametrize('below', ['', 'mongodb'])
def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path, below: str) -> None:
    taken = tmp_path / 'taken'
    taken.write_text('a file')
    with pytest.raises(EmbeddedMongoError, match=r'cannot be written .* MONGODB_URL'):
        EmbeddedMongo(taken / below)
    assert taken.read_text() == 'a file'


def test_damaged_data_is_an_error_that_names_the_log(folder: Path) -> None:
    with started(folder):
        pass
    (folder / 'WiredTiger.wt').write_bytes(b'x' * 1000)
    mongo = EmbeddedMongo(folder)
    begun = time.monotonic()
    with pytest.raises(EmbeddedMongoError, match=r'mongodb\.log tells why'):
        mongo.wait_until_ready()
    assert time.monotonic() - begun < 20
    assert 'WiredTiger.wt' in folder.with_name('mongodb.log').read_text('utf-8')


def test_a_folder_is_free_after_a_start_that_failed(folder: Path) -> None:
    folder.mkdir()
    damaged = folder / 'storage.bson'
    damaged.write_bytes(b'x' * 1000)
    with pytest.raises(EmbeddedMongoError), started(folder):
        pass
    damaged.unlink()
    with started(folder) as mongo:
        assert answers(mongo.url)


def test_without_a_program_the_error_tells_of_mongodb_url(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, '_PACKAGES', ('a-package-that-is-not-installed',))
    with pytest.raises(EmbeddedMongoError, match='MONGODB_URL'):
        EmbeddedMongo(folder)
    assert not folder.exists()


def test_a_package_without_the_program_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, '_PACKAGES', ('pytest',))
    with pytest.raises(EmbeddedMongoError, match='MONGODB_URL'):
        EmbeddedMongo(folder)


@posix_only
def test_a_program_without_its_run_bit_gets_it(tmp_path: Path) -> None:
    program = tmp_path / 'mongod'
    program.write_bytes(b'')
    program.chmod(0o644)
    assert embedded.runnable(program) == program
    assert stat.S_IMODE(program.stat().st_mode) == 0o744


@posix_only
@pytest.mark.parametrize(
    ('legacy', 'missing'), [('', 'libcurl.so.4'), ('libcurl.so.4', 'libcrypto.so.3')]
)
def test_a_library_that_is_missing_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, legacy: str, missing: str
) -> None:
    said = (
        'mongod: error while loading shared libraries: '
        '{}: cannot open shared object file: No such file or directory'
    )
    log = folder.with_name('mongodb.log')
    log.write_text(f'{said.format(legacy)}\n' if legacy else '')
    lines = (f'echo "{said.format(missing)}" >&2', 'exit 127')
    program = make_program(folder.with_name('mongod'), *lines)
    monkeypatch.setattr(embedded, 'find_program', lambda: program)
    with pytest.raises(EmbeddedMongoError, match=f'needs .* library {missing};'):
        EmbeddedMongo(folder).wait_until_ready()


@posix_only
@pytest.mark.parametrize('content', [b'\x7fELF not for this machine', b''])
def test_a_program_that_cannot_be_run_is_an_error_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    program = make_program(folder.with_name('mongod'))
    program.write_bytes(content)
    monkeypatch.setattr(embedded, 'find_program', lambda: program)
    begun = time.monotonic()
    with pytest.raises(EmbeddedMongoError, match='MONGODB_URL'):
        EmbeddedMongo(folder).wait_until_ready()
    assert time.monotonic() - begun < 10


def test_a_supervisor_gives_up_orderly_while_its_service_lives(tmp_path: Path) -> None:
    locks_and_log = (str(tmp_path / 'lock'), str(tmp_path / 'log'))
    program = (sys.executable, '-c', 'raise SystemExit(3)')
    with subprocess.Popen(
        [sys.executable, '-P', supervisor.__file__, *locks_and_log, *program],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.wait(60) == 1
        assert process.stderr and process.stderr.read() == b''


def test_the_log_keeps_its_end_in_bounded_size(tmp_path: Path) -> None:
    write = 'for i in range(12 * 1024): print("x" * 1015, f"{i:07}")'
    command = [sys.executable, '-c', write]
    Supervisor(command, str(tmp_path / 'log')).run()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {'log', 'log.1'}
    assert max(sizes.values()) <= 5 * MB
    assert (tmp_path / 'log').read_text().split()[-1] == '0012287'


def test_the_log_takes_lines_of_any_bytes(tmp_path: Path) -> None:
    write = r'import sys; sys.stdout.buffer.write(b"\xff\0%s%(x)d\n" + b"end")'
    Supervisor([sys.executable, '-c', write], str(tmp_path / 'log')).run()
    text = (tmp_path / 'log').read_text(encoding='utf-8')
    assert text == '\ufffd\0%s%(x)d\nend\n'


@pytest.mark.skipif(not Path('/dev/full').exists(), reason='there is no /dev/full')
def test_a_full_disk_does_not_stop_what_is_guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging, 'raiseExceptions', False)
    done = tmp_path / 'done'
    write = f'print(("x" * 99 + "\\n") * 9999); open({str(done)!r}, "w")'
    Supervisor([sys.executable, '-c', write], '/dev/full').run()
    assert done.exists()


def test_a_program_that_never_was_ready_is_given_up(tmp_path: Path) -> None:
    starts = tmp_path / 'starts'
    write = f'open({str(starts)!r}, "a").write("x")'
    supervisor = Supervisor([sys.executable, '-c', write], str(tmp_path / 'log'))
    assert supervisor.run() == 1
    assert starts.read_text() == 'x'


def test_a_program_that_was_ready_is_run_until_the_end(tmp_path: Path) -> None:
    starts = tmp_path / 'starts'
    starts.touch()
    write = f'open({str(starts)!r}, "a").write("x"); print("Waiting for connections")'
    supervisor = Supervisor([sys.executable, '-c', write], str(tmp_path / 'log'))
    statuses: list[int] = []
    thread = threading.Thread(target=lambda: statuses.append(supervisor.run()))
    thread.start()
    assert eventually(lambda: len(starts.read_text()) > 1)
    supervisor.end()
    thread.join(SECONDS_TO_RESTART)
    assert statuses == [0]
