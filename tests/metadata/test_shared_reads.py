"""Reads by id that share a query: each gets its own, also when one of them fails."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import bson
import pymongo.errors
import pytest
from pymongo.collection import Collection

from falcon_images.metadata.shared_reads import SharedReads
from tests.support.service import Service
from tests.support.serving import eventually

IDS = [bson.ObjectId() for _ in range(8)]


class Held:
    """A collection whose first query waits, and that notes what it was asked for."""

    name = 'c'

    def __init__(self) -> None:
        self.queries: list[list[bson.ObjectId]] = []
        self.go_on = threading.Event()
        self.missing: set[bson.ObjectId] = set()
        self.failures: list[BaseException] = []
        self.unreadable: set[bson.ObjectId] = set()

    def find_one(self, filter_: dict[str, Any]) -> dict[str, Any] | None:
        return next(iter(self._found([filter_['_id']])), None)

    def find(self, filter_: dict[str, Any]) -> list[dict[str, Any]]:
        return self._found(filter_['_id']['$in'])

    def _found(self, keys: list[bson.ObjectId]) -> list[dict[str, Any]]:
        self.queries.append(keys)
        assert self.go_on.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        if not self.unreadable.isdisjoint(keys):
            raise bson.errors.InvalidBSON('It cannot be read.')
        # In an order of its own, as a database has it, and each once.
        there = sorted({*keys} - self.missing, reverse=True)
        return [{'_id': key, 'marks': [1]} for key in there]


@pytest.fixture
def held() -> Held:
    return Held()


def asked_while_one_waits(
    held: Held, keys: list[bson.ObjectId]
) -> list[Future[dict[str, Any] | None]]:
    """Ask for the first; when its query is under way, for all others; then go on."""
    reads = SharedReads()
    collection = cast(Collection[dict[str, Any]], held)
    with ThreadPoolExecutor(len(keys)) as pool:
        asked = [pool.submit(reads.find, collection, keys[0])]
        eventually(lambda: held.queries)
        asked += [pool.submit(reads.find, collection, key) for key in keys[1:]]
        eventually(lambda: reads.waiting('c') == len(keys) - 1)
        held.go_on.set()
    assert reads.waiting('c') == 0
    return asked


def test_those_who_come_while_one_waits_share_the_next_query(held: Held) -> None:
    asked = asked_while_one_waits(held, IDS)
    assert [each.result() for each in asked] == [
        {'_id': key, 'marks': [1]} for key in IDS
    ]
    assert [sorted(keys) for keys in held.queries] == [[IDS[0]], IDS[1:]]


def test_what_is_not_there_is_none_for_its_own_alone(held: Held) -> None:
    held.missing = {IDS[0], IDS[3]}
    asked = asked_while_one_waits(held, IDS)
    assert [each.result() is None for each in asked] == [
        key in held.missing for key in IDS
    ]


def test_who_changes_a_document_changes_no_other_ones(held: Held) -> None:
    first, second, third = asked_while_one_waits(held, [IDS[0], IDS[1], IDS[1]])
    found, other = second.result(), third.result()
    assert found == other
    assert found and other
    found['marks'].append(2)
    assert other['marks'] == [1]
    assert first.result() == {'_id': IDS[0], 'marks': [1]}


def test_a_database_that_goes_away_fails_for_those_who_share(held: Held) -> None:
    held.failures = [pymongo.errors.AutoReconnect('a'), pymongo.errors.AutoReconnect()]
    asked = asked_while_one_waits(held, IDS)
    errors = [each.exception() for each in asked]
    assert all(isinstance(ex, pymongo.errors.AutoReconnect) for ex in errors)
    assert len(held.queries) == 2


def test_one_that_cannot_be_read_fails_alone(held: Held) -> None:
    held.unreadable = {IDS[2]}
    asked = asked_while_one_waits(held, IDS)
    failed = [each.exception() is not None for each in asked]
    assert failed == [key == IDS[2] for key in IDS]


def test_who_is_ended_in_the_middle_leaves_nobody_waiting(held: Held) -> None:
    held.failures = [SystemExit()]
    first, *others = asked_while_one_waits(held, IDS)
    assert isinstance(first.exception(), SystemExit)
    assert all(each.result() for each in others)


def test_a_read_sees_what_was_written_before_it(service: Service) -> None:
    collection = service.database['c']
    collection.insert_many([{'_id': key, 'n': 0} for key in IDS])
    reads = SharedReads()

    def count_up(key: bson.ObjectId) -> list[int]:
        seen = []
        for number in range(1, 51):
            collection.update_one({'_id': key}, {'$set': {'n': number}})
            found = reads.find(collection, key)
            seen.append(found['n'] if found else -1)
        return seen

    with ThreadPoolExecutor(len(IDS)) as pool:
        for seen in pool.map(count_up, IDS):
            assert seen == [*range(1, 51)]
