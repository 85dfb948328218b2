"""The benchmarks run, their figures are of this world, and wrong answers are told."""

import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import Job, Request, Tally, perform
from benchmarks.messages import get, head, upload

ROOT = Path(__file__).parent.parent.parent
SHORTEST = ('--short', '--rounds', '1', '--seconds', '0.1', '--documents', '20')
TIMEOUT_SECONDS = 60
CONTENT = b'x' * 100_000


@pytest.fixture(scope='module')
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command writes as JSON; it prints the same scenarios."""
    path = tmp_path_factory.mktemp('benchmarks') / 'figures.json'
    only = 'document-get-4,upload-10kB-1,no-such-scenario'
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks', *SHORTEST, '--only', only, '--json', path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert all(name in done.stdout for name in only.split(','))
    loaded: dict[str, Any] = json.loads(path.read_text(encoding='utf-8'))
    return loaded


@pytest.fixture
def node() -> None:
    """Node.js and npm, without which CI fails."""
    if not shutil.which('npm'):
        (pytest.fail if os.environ.get('CI') else pytest.skip)('There is no npm.')


@pytest.mark.usefixtures('node')
def test_the_peer_does_the_same_work(tmp_path: Path) -> None:
    path = tmp_path / 'figures.json'
    only = 'root-1,document-*-1,image-10kB-1,image-304-4,upload-10kB-1,list-500'
    options = ('--peer', '--only', only, '--json', path)
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks', *SHORTEST, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(path.read_text(encoding='utf-8'))['results']
    assert len(results) == 7
    assert {tuple(result['figures']) for result in results} == {('service', 'peer')}


def test_a_machine_without_node_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'benchmarks', '--peer'],
        cwd=ROOT,
        env={**os.environ, 'PATH': str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert 'Node.js' in done.stderr


def test_the_scenarios_that_were_asked_for_are_measured(
    written: dict[str, Any],
) -> None:
    found = {result['name']: list(result['figures']) for result in written['results']}
    assert found == {
        'document-get-4': ['service', 'baseline'],
        'upload-10kB-1': ['service', 'baseline', 'not durable'],
    }


def test_figures_are_of_this_world(written: dict[str, Any]) -> None:
    for result in written['results']:
        for figures in result['figures'].values():
            assert 1 < figures['rate'] < 100_000
            assert 0 < figures['first_byte_ms'] <= figures['p50_ms']
            assert figures['p50_ms'] <= figures['p99_ms'] < 10_000
            assert 0 <= figures['memory_mb'] < 200


def test_ratios_are_those_of_the_rates(written: dict[str, Any]) -> None:
    for result in written['results']:
        rates = {label: one['rate'] for label, one in result['figures'].items()}
        measured = rates.pop('service')
        for label, rate in rates.items():
            ratio = result['ratios'][label]
            assert ratio['median'] == pytest.approx(measured / rate)
            assert ratio['lowest'] <= ratio['median'] <= ratio['highest']


def test_a_name_of_no_scenario_is_a_failure(written: dict[str, Any]) -> None:
    assert written['failures'] == ['No scenario has the name no-such-scenario.']


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers GET and HEAD with the same bytes, and keeps the connection."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header('Content-Length', str(len(CONTENT)))
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(CONTENT)

    do_HEAD = do_GET  # noqa: N815 - so the library calls it

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with Server(('127.0.0.1', 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def tally_of(port: int, request: Request, **options: bool) -> Tally:
    return perform(Job(port, (request,), 0.05, **options), time.monotonic)


@pytest.mark.parametrize('options', [{}, {'new_connections': True}])
def test_right_answers_are_counted(port: int, options: dict[str, bool]) -> None:
    for request in (get('/', length=len(CONTENT)), head('/', length=len(CONTENT))):
        tally = tally_of(port, request, **options)
        assert tally.failure == ''
        assert len(tally.latencies) == len(tally.first_bytes) > 1
        assert tally.seconds >= max(tally.latencies)


@pytest.mark.parametrize(
    'request_', [get('/', status=206), get('/', length=len(CONTENT) + 1)]
)
def test_a_wrong_answer_is_a_failure(port: int, request_: Request) -> None:
    tally = tally_of(port, request_)
    assert 'WrongAnswerError' in tally.failure
    assert len(tally.latencies) == 0


def test_a_server_that_is_not_there_is_a_failure() -> None:
    assert 'refused' in tally_of(1, get('/')).failure


def test_an_upload_has_the_length_that_it_tells() -> None:
    request = upload('/', ((b'begin', 1), (b'noise', 3)))
    sent = b''.join(part * times for part, times in request.parts)
    lines, _, body = sent.partition(b'\r\n\r\n')
    assert f'Content-Length: {len(body)}'.encode() in lines
    assert b'beginnoisenoisenoise\r\n' in body
