"""Signs of life of the database: one for all who ask at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.store.health import StoreHealth
from tests.support.memory_files import MemoryFiles
from tests.support.service import Service


class Pinged:
    """A database that counts how often it is asked, and answers when it may."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.times = 0
        self.is_away = is_away
        self.may_answer = threading.Event()

    def ping(self, timeout_seconds: float) -> None:
        self.times += 1
        assert self.may_answer.wait(30)
        if self.is_away:
            raise DatabaseUnavailableError('It is away.')


def health_of(database: Pinged) -> StoreHealth:
    return StoreHealth(cast(Any, database), MemoryFiles())


@pytest.mark.parametrize('is_away', [False, True])
def test_all_who_ask_meanwhile_share_one_answer(*, is_away: bool) -> None:
    database = Pinged(is_away=is_away)
    health = health_of(database)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(health.answers, 1) for _ in range(8)]
        database.may_answer.set()
        assert [each.result() for each in asked] == [not is_away] * 8
    assert database.times == 1


def test_an_answer_is_forgotten_after_half_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database, now = Pinged(), [100.0]
    monkeypatch.setattr('time.monotonic', lambda: now[0])
    database.may_answer.set()
    health = health_of(database)
    assert health.answers(1)
    database.is_away = True
    now[0] += 0.4
    assert health.answers(1)
    now[0] += 0.2
    assert not health.answers(1)
    assert database.times == 2


def test_a_database_that_is_there_answers(service: Service) -> None:
    assert service.parts.health.answers(5)
