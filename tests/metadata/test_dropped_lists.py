"""Collections that are dropped while they are read, or while another drops them."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bson
import pytest
from pymongo.collection import Collection
from pymongo.command_cursor import CommandCursor
from pymongo.cursor import Cursor

from falcon_images.metadata.drops import Drops
from falcon_images.store.collections import CollectionStore
from falcon_images.store.file_removal import FileRemoval
from tests.support.reconciling import run_out_drops
from tests.support.service import Service

# More than the database sends at once.
DOCUMENTS = 3000


@pytest.fixture
def filled(service: Service) -> Service:
    service.database.c.insert_many(
        {'_id': bson.ObjectId(), 'n': n, 'list': [n]} for n in range(DOCUMENTS)
    )
    return service


def after_first(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
    """Do something once, as soon as a cursor of that many documents has begun."""
    is_first = iter([True])

    def acting(following: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def act(self: Any) -> Any:
            found = following(self)
            if self.alive and next(is_first, False):
                action()
            return found

        return act

    for kind in (Cursor, CommandCursor):
        act = acting(kind.next)
        monkeypatch.setattr(kind, 'next', act)
        monkeypatch.setattr(kind, '__next__', act)


@pytest.mark.parametrize('accept', ['application/json', 'text/csv'])
@pytest.mark.parametrize('end', ['drop', 'rename'])
def test_a_list_whose_collection_is_dropped_is_empty(
    filled: Service, monkeypatch: pytest.MonkeyPatch, accept: str, end: str
) -> None:
    act = filled.database.c.drop if end == 'drop' else lambda: _rename(filled)
    after_first(monkeypatch, act)
    answer = filled.client.simulate_get(
        '/collections/c/images', headers={'Accept': accept}
    )
    assert answer.status_code == 200
    assert answer.headers['X-Total-Count'] == '0'
    assert str(DOCUMENTS - 1) not in answer.text


def test_a_list_of_a_collection_that_is_made_anew_is_of_the_new_one(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace() -> None:
        filled.database.c.drop()
        filled.database.c.insert_one({'n': 'new'})

    after_first(monkeypatch, replace)
    answer = filled.client.simulate_get('/collections/c/images')
    assert [document['n'] for document in answer.json] == ['new']


def test_a_bulk_change_whose_collection_is_dropped_changes_nothing(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('falcon_images.metadata.changes.bulk._IDS_AT_ONCE', 1000)
    after_first(monkeypatch, filled.database.c.drop)
    answer = filled.client.simulate_delete(
        '/collections/c/images', params={'all': True}
    )
    assert answer.json == {'change': None, 'matched': 0, 'changed': 0}


def test_a_drop_that_another_process_finishes_is_done(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = Drops.documents

    def finished_by_another(self: Drops, drop: Any) -> Iterator[Any]:
        found = documents(self, drop)
        yield from itertools.islice(found, 10)
        filled.database[drop.key].drop()
        yield from found

    monkeypatch.setattr(Drops, 'documents', finished_by_another)
    answer = filled.client.simulate_delete('/collections/c')
    assert (answer.status_code, answer.json['documents']) == (200, DOCUMENTS)


def test_a_file_is_removed_by_one_of_many_processes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(20):
        service.client.upload()
    removed: list[Any] = []
    remove_dropped = FileRemoval.remove_dropped

    def counted(self: FileRemoval, name: str, document: Any) -> None:
        removed.append(document['_id'])
        remove_dropped(self, name, document)

    monkeypatch.setattr(FileRemoval, 'remove_dropped', counted)
    parts = service.parts
    others = [
        CollectionStore(
            mongo=parts.mongo,
            lists=parts.lists,
            drops=parts.drops,
            claims=parts.claims,
            removal=parts.removal,
            expiry=parts.expiry,
            held_files=parts.held_files,
            deleted=parts.deleted_collections,
        )
        for _ in range(4)
    ]
    with ThreadPoolExecutor(5) as pool:
        drop = pool.submit(service.client.simulate_delete, '/collections/c')
        while not drop.done():
            list(pool.map(CollectionStore.finish_drops, others))
    assert drop.result().json['documents'] == 20
    assert len(removed) == 20


def test_a_drop_of_a_process_that_died_is_taken_over(service: Service) -> None:
    service.client.upload()
    service.parts.drops.begin('c')
    service.parts.collections.finish_drops()
    assert len(service.stored_files()) == 1
    run_out_drops(service)
    service.parts.collections.finish_drops()
    assert service.stored_files() == []
    assert service.database['_service.drops'].count_documents({}) == 0


def test_the_number_of_a_drop_does_not_depend_on_counting(
    filled: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('falcon_images.metadata.drops._COUNT_MS', 1)
    count = Collection.count_documents

    def slow(self: Any, filter_: Any, **options: Any) -> int:
        return count(
            self, {'$expr': {'$gte': [{'$sum': {'$range': [0, 10**5]}}, 0]}}, **options
        )

    monkeypatch.setattr(Collection, 'count_documents', slow)
    answer = filled.client.simulate_delete('/collections/c')
    assert (answer.status_code, answer.json['documents']) == (200, DOCUMENTS)


def _rename(service: Service) -> None:
    service.database.c.rename('other')
