"""Work that no request waits for is done, all of it, in its order."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from falcon_images.telemetry.background import Background
from tests.support.serving import eventually


def nothing() -> None:
    pass


@pytest.fixture
def later() -> Iterator[Background]:
    made = Background(nothing)
    made.start()
    yield made
    made.stop()


def test_before_it_starts_and_after_it_stops_work_is_done_at_once() -> None:
    done: list[int] = []
    later = Background(nothing)
    later.do(done.append, 1)
    assert done == [1]
    later.start()
    later.stop()
    later.do(done.append, 2)
    assert done == [1, 2]


def test_another_thread_does_it_soon(later: Background) -> None:
    threads: list[threading.Thread] = []
    later.do(lambda: threads.append(threading.current_thread()))
    assert not threads
    eventually(lambda: bool(threads))
    assert threads[0] is not threading.current_thread()


def test_whoever_cannot_wait_finishes_what_waits(later: Background) -> None:
    done: list[int] = []
    for number in range(5):
        later.do(done.append, number)
    later.finish()
    assert done == [0, 1, 2, 3, 4]


def test_stopping_does_what_waits() -> None:
    done: list[int] = []
    later = Background(nothing)
    later.start()
    later.do(done.append, 1)
    later.stop()
    assert done == [1]


def test_work_cannot_pile_up(later: Background) -> None:
    done: list[int] = []
    begun, goes_on = threading.Event(), threading.Event()

    def block() -> None:
        begun.set()
        goes_on.wait(30)

    later.do(block)
    assert begun.wait(10)
    threading.Timer(0.3, goes_on.set).start()
    started = time.monotonic()
    for number in range(10_001):
        later.do(done.append, number)
    # The last one had to wait until the work before it was done.
    assert time.monotonic() - started > 0.1
    assert done == list(range(10_001))


def test_work_that_fails_is_told_and_does_not_end_the_others(
    later: Background, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []

    def fail() -> None:
        raise RuntimeError('a bug')

    with caplog.at_level(logging.ERROR):
        later.do(fail)
        later.do(done.append, 1)
        eventually(lambda: done == [1])
    assert 'a bug' in caplog.text


def test_what_comes_after_the_work_may_fail() -> None:
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise OSError('No space left on device')

    later = Background(fail)
    later.start()
    later.do(nothing)
    eventually(lambda: len(calls) == 1)
    later.do(nothing)
    eventually(lambda: len(calls) == 2)
    later.stop()


def test_many_threads_lose_nothing(later: Background) -> None:
    done: list[tuple[int, int]] = []

    def bring(thread: int) -> None:
        for number in range(1000):
            later.do(done.append, (thread, number))

    threads = [threading.Thread(target=bring, args=(each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later.finish()
    for each in range(8):
        assert [number for thread, number in done if thread == each] == [*range(1000)]
