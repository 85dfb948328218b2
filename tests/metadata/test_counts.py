"""Numbers of documents are exact, whatever happened to the database."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pymongo
import pytest
from pymongo import monitoring
from pymongo.collection import Collection
from pymongo.write_concern import WriteConcern

from falcon_images.embedded.mongod import EmbeddedMongo
from falcon_images.metadata.lists.counts import Counts
from tests.support.serving import eventually

DOCUMENTS = 300
# More than the newest, which are counted for themselves.
LARGE = 2000
TIMEOUT_MS = 10_000
# So often is a number counted before it is known.
RACES = 3


class Commands(monitoring.CommandListener):
    """The names of what the database is asked."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


class Asked:
    """A collection, and what the database is asked about it."""

    def __init__(self, url: str, database_name: str) -> None:
        self.commands = Commands()
        self.client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            url, event_listeners=[self.commands]
        )
        concern = WriteConcern(j=True)
        database = self.client[database_name]
        self.collection = database.get_collection('c', write_concern=concern)
        self.counts = Counts(TIMEOUT_MS)

    def count(self) -> int:
        return self.counts.exact(self.collection)

    def learn(self) -> None:
        for _ in range(3):
            self.count()
        self.commands.names.clear()


@pytest.fixture
def asked(mongodb_url: str) -> Iterator[Asked]:
    made = Asked(mongodb_url, 'test_counts')
    made.collection.insert_many({} for _ in range(DOCUMENTS))
    yield made
    made.client.drop_database('test_counts')
    made.client.close()


def test_what_is_known_is_not_counted_again(asked: Asked) -> None:
    asked.learn()
    assert asked.count() == DOCUMENTS
    assert asked.commands.names == ['count']


def test_changes_are_in_the_number(asked: Asked) -> None:
    asked.learn()
    asked.collection.insert_one({'a': 1})
    assert asked.count() == DOCUMENTS + 1
    asked.collection.delete_many({})
    assert asked.count() == 0


def test_an_unknown_collection_has_none(asked: Asked) -> None:
    asked.collection.drop()
    assert [asked.count() for _ in range(4)] == [0] * 4


def test_a_number_that_changes_while_it_is_counted_is_not_believed(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = Collection.count_documents

    def insert_and_count(*args: Any, **kwargs: Any) -> int:
        asked.collection.insert_one({})
        return count(*args, **kwargs)

    monkeypatch.setattr(Collection, 'count_documents', insert_and_count)
    assert [asked.count() for _ in range(4)] == [DOCUMENTS + n for n in range(1, 5)]
    asked.commands.names.clear()
    asked.count()
    assert 'aggregate' in asked.commands.names


@pytest.mark.skipif(os.name == 'nt', reason='Windows has no SIGKILL')
def test_a_database_that_was_killed_is_counted_anew(tmp_path: Path) -> None:
    mongo = EmbeddedMongo(tmp_path / 'mongodb')
    mongo.wait_until_ready()
    asked = Asked(mongo.url, 'test')
    try:
        asked.collection.insert_many({} for _ in range(DOCUMENTS))
        asked.learn()
        pid = int(asked.client.admin.command('serverStatus')['pid'])
        asked.collection.insert_many({} for _ in range(DOCUMENTS))
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: _answers(asked))
        # The test is of a number that is wrong, so it has to be.
        assert asked.collection.estimated_document_count() != 2 * DOCUMENTS
        assert [asked.count() for _ in range(4)] == [2 * DOCUMENTS] * 4
        asked.commands.names.clear()
        asked.collection.insert_one({})
        asked.commands.names.clear()
        assert asked.count() == 2 * DOCUMENTS + 1
        assert 'aggregate' not in asked.commands.names
        asked.collection.drop()
        asked.collection.insert_one({})
        assert asked.count() == 1
    finally:
        asked.client.close()
        mongo.stop()


def _answers(asked: Asked) -> bool:
    try:
        asked.client.admin.command('ping')
    except pymongo.errors.PyMongoError:
        return False
    return True


def test_what_is_counted_while_images_come_in_is_known(asked: Asked) -> None:
    """Of a large collection, to which a document is added before each count."""
    asked.collection.insert_many({'n': n} for n in range(LARGE))
    for number in range(1, 4):
        asked.collection.insert_one({})
        assert asked.count() == DOCUMENTS + LARGE + number
    asked.commands.names.clear()
    asked.collection.insert_one({})
    asked.commands.names.clear()
    assert asked.count() == DOCUMENTS + LARGE + 4
    assert 'aggregate' not in asked.commands.names


def test_what_comes_in_during_a_count_does_not_make_it_unknown(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.collection.insert_many({'n': n} for n in range(LARGE))
    count, numbers = Collection.count_documents, itertools.count()

    def insert_and_count(*args: Any, **kwargs: Any) -> int:
        if '$lte' in str(args):
            asked.collection.insert_one({})
            next(numbers)
        return count(*args, **kwargs)

    monkeypatch.setattr(Collection, 'count_documents', insert_and_count)
    for number in range(1, 3):
        assert asked.count() == DOCUMENTS + LARGE + number
    asked.commands.names.clear()
    assert asked.count() == DOCUMENTS + LARGE + 2
    assert 'aggregate' not in asked.commands.names


@pytest.mark.parametrize('kind', ['deleted', 'inserted'])
def test_what_changes_among_the_others_makes_a_count_unknown(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    asked.collection.insert_many({'n': n} for n in range(LARGE))
    count = Collection.count_documents
    old = [{'_id': bson.ObjectId(f'{number:024}')} for number in range(RACES)]
    if kind == 'deleted':
        asked.collection.insert_many(old)

    def count_and_change(*args: Any, **kwargs: Any) -> int:
        found = count(*args, **kwargs)
        if '$lte' in str(args) and kind == 'deleted':
            asked.collection.delete_one(old.pop())
        elif '$lte' in str(args):
            asked.collection.insert_one(old.pop())
        return found

    monkeypatch.setattr(Collection, 'count_documents', count_and_change)
    for _ in range(RACES):
        asked.count()
    assert old == []
    monkeypatch.undo()
    expected = LARGE + DOCUMENTS + (RACES if kind == 'inserted' else 0)
    assert [asked.count() for _ in range(4)] == [expected] * 4
