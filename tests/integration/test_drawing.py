"""Thumbnails of a real service: the processes that draw them, and what they log."""

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import pictures
from tests.support.pictures import jpeg, saved
from tests.support.processes import children, is_alive, linux
from tests.support.serving import ROOT, Serving, eventually

Start = Callable[..., Serving]


def state(serving: Serving, document: dict[str, Any], size: str = 'small') -> str:
    path = f'/collections/c/images/{document["_id"]}/thumbnail?size={size}'
    response = serving.get(path)
    assert response.status_code == 200, response.text
    return response.headers['X-Thumbnail']


def damaged_tiff() -> bytes:
    noise = Image.effect_noise((300, 200), 60)
    content = saved(noise, 'TIFF', compression='tiff_lzw')
    return content[:3000] + bytes(6000) + content[9000:]


def strange_tiff() -> bytes:
    """A TIFF whose last tag is cut off."""
    return saved(Image.new('L', (9, 9)), 'TIFF').replace(
        struct.pack('<HHI', 279, 4, 1), struct.pack('<HHI', 279, 4, 10**6)
    )


def test_libraries_write_nothing_past_the_log(start: Start, mongodb_url: str) -> None:
    serving = start(MONGODB_URL=mongodb_url, LOG_FORMAT='json').ready()
    for content in (damaged_tiff(), strange_tiff(), jpeg()):
        response = serving.session.post(
            f'{serving.url}/collections/c/images', files={'image': content}, timeout=60
        )
        if response.ok:
            state(serving, response.json())
    eventually(lambda: 'not yet in table' in serving.log)
    assert serving.stop() == 0
    messages = [json.loads(line)['message'] for line in serving.lines]
    assert any(message.startswith('UserWarning: ') for message in messages)
    assert not any('\n' in message for message in messages)


@linux
@pytest.mark.parametrize('workers', ['1', '2'])
@pytest.mark.parametrize('is_killed', [False, True])
def test_no_process_is_left_that_draws(
    start: Start, mongodb_url: str, workers: str, is_killed: bool
) -> None:
    serving = start('--workers', workers, MONGODB_URL=mongodb_url).ready()
    slow = serving.upload(pictures.many_scans(9000, 9000, 100))
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(state, serving, slow)
        eventually(lambda: len(drawers := found(serving)) == 2 and drawers)
        drawers = found(serving)
        if is_killed:
            serving.kill()
            # Workers finish what has begun, also without who looks after them.
            answer.exception()
        else:
            assert serving.stop() == 0
            # What has begun is finished.
            assert answer.result() == 'ok'
    eventually(lambda: not any(map(is_alive, drawers)))
    assert 'Traceback' not in serving.log


def found(serving: Serving) -> set[int]:
    return {pid for server in serving.pids for pid in children(server)}


@linux
def test_a_crash_of_all_that_draw_is_not_one_of_the_service(
    start: Start, mongodb_url: str
) -> None:
    serving = start('--workers', '2', MONGODB_URL=mongodb_url).ready()
    eventually(lambda: len(serving.workers) == 2)
    servers = set(serving.workers)
    for color in ('red', 'lime', 'blue'):
        document = serving.upload(jpeg(color=color))
        assert state(serving, document) == 'ok'
        for pid in found(serving):
            os.kill(pid, signal.SIGSEGV)
        assert state(serving, document, 'large') == 'ok'
    assert set(serving.workers) == servers


FORKING = """
import datetime, hashlib, os, sys
from pathlib import Path
from falcon_images.files.folder import UploadsFolder
from falcon_images.server.budget import Budget
from falcon_images.store.image_files import StoredFile, StoredFiles
from falcon_images.thumbnails.service import DrawingLimits, ThumbnailService
folder = UploadsFolder(Path(sys.argv[1]))
folder.prepare()
content = sys.stdin.buffer.read()
with folder.spool.new_file() as file:
    file.write(content)
    folder.images.save(file, 'c-0/image')
sha256 = hashlib.sha256(content).hexdigest()
stored = StoredFile(
    'c-0/image', len(content), 'image/jpeg', sha256, 'a', datetime.datetime.now(), False
)
limits = DrawingLimits(threads=8, processes=2, max_pixels=250_000_000)
files = folder.images
thumbnails = ThumbnailService(
    StoredFiles(files, None),
    files=files,
    spool=folder.spool,
    cache=folder.thumbnails,
    limits=limits,
    budget=Budget(8),
)
def draw(size):
    assert thumbnails.get(stored, size).state == 'ok'
draw('small')
child = os.fork()
if child == 0:
    draw('medium')
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
draw('large')
"""


@pytest.mark.skipif(os.name == 'nt', reason='there is no fork')
def test_a_fork_draws_for_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-c', FORKING, str(tmp_path)],
        cwd=ROOT,
        input=jpeg(2000, 1000),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / 'thumbnails').rglob('*.webp'))) == 3
