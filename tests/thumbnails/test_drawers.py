"""Drawing in processes of its own: what becomes of those that images kill."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from falcon_images.errors import TooManyThumbnailsError
from falcon_images.thumbnails import drawers
from falcon_images.thumbnails.drawers import (
    Drawer,
    DrawerLimits,
    Drawers,
    DrawingDiedError,
)
from falcon_images.thumbnails.protocol import Answer, Order
from tests.support import pictures
from tests.support.pictures import jpeg, saved
from tests.support.processes import children, is_alive, linux
from tests.support.service import running
from tests.support.serving import ROOT, eventually
from tests.support.thumbnails import get, state

MB = 1024**2
LIMITS = DrawerLimits(512 * MB, seconds=15, drawings=1000)
# Seconds for a decoder, in few bytes, and without much memory.
SLOW = (6400, 6400, 290)
posix = pytest.mark.skipif(os.name == 'nt', reason='there are no signals')

Make = Callable[..., Order]


@pytest.fixture
def order(tmp_path: Path) -> Make:
    def make(content: bytes, **changes: Any) -> Order:
        path = tmp_path / f'image{len(list(tmp_path.iterdir()))}'
        path.write_bytes(content)
        status = path.stat()
        facts: dict[str, Any] = {
            'key': 'c-0/image',
            'path': str(path),
            'device': status.st_dev,
            'inode': status.st_ino,
            'longest_side': 160,
            'max_pixels': 250_000_000,
        }
        return Order(**facts | changes)

    return make


@pytest.fixture
def made() -> Iterator[Callable[[DrawerLimits], Drawer]]:
    with contextlib.ExitStack() as stack:

        def make(limits: DrawerLimits) -> Drawer:
            return stack.enter_context(contextlib.closing(Drawer(limits)))

        yield make


@pytest.fixture
def drawer(made: Callable[[DrawerLimits], Drawer]) -> Drawer:
    return made(LIMITS)


def draw(drawer: Drawer, order: Order) -> Answer:
    return drawer.draw(order, Path(order.path).stat().st_size)


@linux
class TestProcess:
    def test_none_is_started_before_it_is_needed(
        self, drawer: Drawer, order: Make
    ) -> None:
        before = children()
        drawer.close()
        assert children() == before
        assert draw(drawer, order(jpeg())).state == 'ok'
        assert len(children() - before) == 1

    def test_one_draws_many_and_is_replaced_in_time(
        self, made: Callable[[DrawerLimits], Drawer], order: Make
    ) -> None:
        before, drawer = children(), made(DrawerLimits(512 * MB, 15, drawings=3))
        seen = []
        for _ in range(5):
            assert draw(drawer, order(jpeg())).state == 'ok'
            seen.append(children() - before)
        assert seen[0] == seen[1]
        assert seen[2] == set()
        assert seen[3] == seen[4] != seen[0]

    def test_it_goes_with_who_needs_it(self, order: Make) -> None:
        before, drawer = children(), Drawer(LIMITS)
        draw(drawer, order(jpeg()))
        (pid,) = children() - before
        del drawer
        assert not is_alive(pid)

    def test_another_file_in_its_place_is_not_drawn(
        self, drawer: Drawer, order: Make
    ) -> None:
        first, second = order(jpeg()), order(jpeg(99))
        other = order(jpeg(), path=second.path, inode=first.inode)
        assert draw(drawer, other) == Answer('gone')
        Path(first.path).unlink()
        assert drawer.draw(first, 1) == Answer('gone')

    def test_it_takes_no_more_memory_than_it_may(
        self, made: Callable[[DrawerLimits], Drawer], order: Make
    ) -> None:
        drawer = made(DrawerLimits(100 * MB, 30, drawings=1000))
        large = order(pictures.large(), allows_large=True)
        assert draw(drawer, large) == Answer('unavailable')
        assert draw(drawer, order(jpeg())).state == 'ok'


@posix
class TestDeath:
    def killed(self, drawer: Drawer, order: Order, number: int) -> None:
        before = children()
        with ThreadPoolExecutor(1) as threads:
            answer = threads.submit(draw, drawer, order)
            eventually(lambda: children() - before)
            (pid,) = children() - before
            # It is drawing when it uses its processor.
            eventually(lambda: answer.done() or _seconds_used(pid) > 0.5)
            os.kill(pid, number)
            answer.result()

    @linux
    @pytest.mark.parametrize('name', ['SIGSEGV', 'SIGABRT', 'SIGKILL', 'SIGXCPU'])
    def test_a_crash_is_that_of_one_drawing(
        self, drawer: Drawer, order: Make, name: str
    ) -> None:
        with pytest.raises(DrawingDiedError):
            self.killed(drawer, order(pictures.many_scans(*SLOW)), signal.Signals[name])
        assert draw(drawer, order(jpeg())).state == 'ok'

    @linux
    def test_a_stop_from_outside_is_no_fault_of_the_image(
        self, drawer: Drawer, order: Make
    ) -> None:
        with pytest.raises(TooManyThumbnailsError):
            self.killed(drawer, order(pictures.many_scans(*SLOW)), signal.SIGTERM)
        assert draw(drawer, order(jpeg())).state == 'ok'

    @linux
    def test_an_image_that_comes_after_a_death_is_drawn(
        self, drawer: Drawer, order: Make
    ) -> None:
        before = children()
        for _ in range(5):
            assert draw(drawer, order(jpeg())).state == 'ok'
            (pid,) = children() - before
            os.kill(pid, signal.SIGKILL)

    def test_what_takes_too_long_is_ended(
        self,
        made: Callable[[DrawerLimits], Drawer],
        order: Make,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        drawer = made(DrawerLimits(512 * MB, 0.5, drawings=1000))
        began = time.monotonic()
        with pytest.raises(DrawingDiedError):
            draw(drawer, order(pictures.many_scans(*SLOW)))
        assert time.monotonic() - began < 5
        assert 'c-0/image: the process that drew it took too long' in caplog.text
        assert draw(drawer, order(jpeg())).state == 'ok'

    def test_one_that_cannot_be_started_is_no_fault_of_the_image(
        self, drawer: Drawer, order: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for program in ('/nowhere/python', '/bin/false'):
            with monkeypatch.context() as patched:
                patched.setattr(drawers, '_python', lambda program=program: program)
                with pytest.raises(TooManyThumbnailsError):
                    draw(drawer, order(jpeg()))
        assert draw(drawer, order(jpeg())).state == 'ok'


def _seconds_used(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
    return 0


PROGRAM = """
import os, sys, threading
from pathlib import Path
from falcon_images.thumbnails.drawers import Drawer, SMALL
from falcon_images.thumbnails.protocol import Order
path = sys.argv[1]
status = os.stat(path)
order = Order('k', path, status.st_dev, status.st_ino, 160, 250_000_000)
drawer = Drawer(SMALL)
thread = threading.Thread(target=drawer.draw, args=(order, status.st_size), daemon=True)
thread.start()
sys.stdin.readline()
"""


@linux
@pytest.mark.parametrize('is_killed', [True, False])
def test_a_drawing_ends_with_the_service_and_does_not_hold_it_up(
    tmp_path: Path, is_killed: bool
) -> None:
    endless = tmp_path / 'image'
    # Who opens it waits for somebody who writes.
    os.mkfifo(endless)
    parent = subprocess.Popen(
        [sys.executable, '-c', PROGRAM, str(endless)], stdin=subprocess.PIPE, cwd=ROOT
    )
    with parent:
        eventually(lambda: any(map(_takes_orders, children(parent.pid))))
        (pid,) = children(parent.pid)
        if is_killed:
            parent.kill()
        parent.communicate(b'end\n', timeout=5)
        eventually(lambda: not is_alive(pid), 5)


def _takes_orders(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return len(list(Path(f'/proc/{pid}/task').iterdir())) == 2
    return False


class TestLog:
    def test_what_libraries_print_is_a_line_of_the_log(
        self, drawer: Drawer, order: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        noise = Image.effect_noise((300, 200), 60)
        content = bytearray(saved(noise, 'TIFF', compression='tiff_lzw'))
        content[3000:9000] = bytes(6000)
        draw(drawer, order(bytes(content)))
        eventually(lambda: 'not yet in table' in caplog.text)
        assert all('\n' not in record.getMessage() for record in caplog.records)

    def test_only_some_lines_of_a_drawing_are(
        self, drawer: Drawer, order: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        damaged = saved(Image.new('RGB', (2000, 3000)), 'TIFF', compression='tiff_lzw')
        exif = b'Exif\0\0II*\0\x08\0\0\0' + b'\xff' * 9000
        for content in (
            damaged[:-100],
            saved(Image.new('L', (9, 9)), 'JPEG', exif=exif),
        ):
            draw(drawer, order(content))
        assert len(caplog.records) <= 20


class TestService:
    @pytest.fixture
    def impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(drawers, 'SMALL', DrawerLimits(512 * MB, 0.5, 1000))

    def test_what_killed_a_process_is_long_remembered(
        self,
        settings: Any,
        impatient: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr('falcon_images.thumbnails.service._FAILURE_SECONDS', 0)
        with running(settings) as service:
            document = service.client.upload('c', pictures.many_scans(*SLOW))
            assert state(get(service, document)) == 'unavailable'
            monkeypatch.setattr(Drawers, 'draw', None)
            assert state(get(service, document)) == 'unavailable'

    def test_others_do_not_wait_for_a_large_one(self, settings: Any) -> None:
        with running(settings, app_workers=2) as service:
            large = service.client.upload('c', pictures.many_scans(9000, 9000, 120))
            small = service.client.upload()
            with ThreadPoolExecutor(1) as threads:
                answer = threads.submit(get, service, large)
                time.sleep(0.3)
                assert state(get(service, small)) == 'ok'
                assert not answer.done()
                assert state(answer.result()) == 'ok'

    def test_large_ones_leave_a_place_for_others(self, settings: Any) -> None:
        with running(settings, app_threads=8) as service:
            bombs = [
                service.client.upload('c', pictures.many_scans(9000 + n, 9000, 20))
                for n in range(6)
            ]
            small = service.client.upload()
            with ThreadPoolExecutor(6) as threads:
                answers = [threads.submit(get, service, bomb) for bomb in bombs]
                eventually(lambda: any(answer.done() for answer in answers))
                assert state(get(service, small)) == 'ok'
                codes = sorted(answer.result().status_code for answer in answers)
        assert codes == [200] * 5 + [503]
