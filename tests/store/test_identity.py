"""The id that an uploads folder and a database share, and what must not go together."""

import errno
import json
import os
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.mark import DamagedMarkError
from falcon_images.metadata.client import create_client
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.settings import Settings
from falcon_images.store.identity import IdentityError, StoreIdentity
from tests.support.reconciling import reconciler_of
from tests.support.service import Service

Make = Callable[..., StoreIdentity]


@pytest.fixture
def database_names(settings: Settings) -> Iterator[list[str]]:
    """Names for two databases, which are gone afterwards."""
    names = [f'test_{uuid.uuid4().hex}' for _ in range(2)]
    yield names
    with create_client(settings.mongodb_url, 1) as client:
        for name in names:
            client.drop_database(name)


@pytest.fixture
def make(
    settings: Settings, database_names: list[str], tmp_path: Path
) -> Iterator[Make]:
    """Make the identity of a folder and a database, as another service would."""
    with create_client(settings.mongodb_url, 1) as client:

        def made(folder: str = 'a', database: int = 0) -> StoreIdentity:
            (tmp_path / folder).mkdir(exist_ok=True)
            mark = UploadsFolder(tmp_path / folder).mark
            name = database_names[database]
            return StoreIdentity(mark, StoreIds(MongoDatabase(client, name, 1)), name)

        yield made


def mark_in(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / 'store.json').read_bytes())
    return content


def test_two_that_have_no_id_get_one(make: Make, tmp_path: Path) -> None:
    make().agree()
    assert len(mark_in(tmp_path / 'a')['id']) == 32
    make().require_alone()


def test_it_stays_the_same(make: Make, tmp_path: Path) -> None:
    make().agree()
    before = (tmp_path / 'a/store.json').read_bytes()
    make().agree()
    assert (tmp_path / 'a/store.json').read_bytes() == before


def test_all_that_start_together_agree(make: Make, tmp_path: Path) -> None:
    services = [make() for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(StoreIdentity.agree, services))
    for service in services:
        service.require_alone()
    assert len(mark_in(tmp_path / 'a')['databases']) == 1


def test_a_file_system_without_links_does_as_well(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OSError(errno.EPERM, 'no links')

    monkeypatch.setattr(os, 'link', fail)
    services = [make() for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(StoreIdentity.agree, services))
    for service in services:
        service.require_alone()


def test_nothing_but_the_file_is_left(make: Make, tmp_path: Path) -> None:
    make().agree()
    assert [path.name for path in (tmp_path / 'a').iterdir()] == ['store.json']


def test_a_folder_without_an_id_takes_that_of_the_database(
    make: Make, tmp_path: Path
) -> None:
    make('a').agree()
    make('b').agree()
    assert mark_in(tmp_path / 'a') == mark_in(tmp_path / 'b')


def test_a_database_without_an_id_takes_that_of_the_folder(
    make: Make, tmp_path: Path
) -> None:
    make(database=0).agree()
    before = mark_in(tmp_path / 'a')['id']
    make(database=1).agree()
    assert mark_in(tmp_path / 'a')['id'] == before
    make(database=0).agree()


def test_those_of_different_stores_are_refused(make: Make) -> None:
    make('a', 0).agree()
    make('b', 1).agree()
    with pytest.raises(IdentityError, match='belongs to another store'):
        make('a', 1).agree()
    with pytest.raises(IdentityError, match='belongs to another store'):
        make('a', 1).require_same()
    with pytest.raises(IdentityError, match='belongs to another store'):
        make('a', 1).require_alone()


def test_a_refusal_changes_nothing(make: Make, tmp_path: Path) -> None:
    make('a', 0).agree()
    make('b', 1).agree()
    before = mark_in(tmp_path / 'a')
    with pytest.raises(IdentityError):
        make('a', 1).agree()
    assert mark_in(tmp_path / 'a') == before
    make('a', 0).require_alone()
    make('b', 1).require_alone()


def test_of_two_databases_in_one_folder_none_may_repair(
    make: Make, database_names: list[str]
) -> None:
    for database in (0, 1):
        make(database=database).agree()
    for database in (0, 1):
        other = database_names[1 - database]
        with pytest.raises(IdentityError, match=other):
            make(database=database).require_alone()
        make(database=database).require_same()


@pytest.mark.parametrize('gone', ['folder', 'database', 'both'])
def test_nobody_may_repair_before_both_have_an_id(
    make: Make, service: Service, tmp_path: Path, gone: str
) -> None:
    if gone != 'both':
        make().agree()
    if gone == 'folder':
        (tmp_path / 'a/store.json').unlink()
    if gone == 'database':
        (tmp_path / 'b').mkdir()
        (tmp_path / 'a/store.json').rename(tmp_path / 'b/store.json')
    identity = make('b', 1) if gone == 'database' else make()
    with pytest.raises(IdentityError, match='have not been used together'):
        identity.require_alone()
    identity.require_same()


def test_what_belongs_together_after_a_restore_is_joined(make: Make) -> None:
    make('a', 0).agree()
    make('b', 1).agree()
    make('a', 1).adopt()
    make('a', 1).agree()
    make('a', 1).require_alone()


def test_what_had_the_folder_before_is_refused_then(make: Make) -> None:
    for database in (0, 1):
        make('a', database).agree()
    make('a', 1).adopt()
    make('a', 1).require_alone()
    with pytest.raises(IdentityError, match='belongs to another store'):
        make('a', 0).agree()


def test_a_service_goes_on_when_its_own_were_joined(make: Make) -> None:
    service = make()
    service.agree()
    make().adopt()
    service.agree()
    service.require_alone()


def test_a_file_that_is_gone_is_made_anew_with_the_same_id(
    make: Make, tmp_path: Path
) -> None:
    service = make()
    service.agree()
    before = mark_in(tmp_path / 'a')
    (tmp_path / 'a/store.json').unlink()
    service.agree()
    assert mark_in(tmp_path / 'a') == before


@pytest.mark.parametrize('content', [b'', b'{', b'[]', b'null', b'{"x": 1}', b'\xff'])
def test_a_file_that_is_damaged_is_never_replaced(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.setattr('falcon_images.files.mark._PAUSE_SECONDS', 0)
    identity = make()
    (tmp_path / 'a/store.json').write_bytes(content)
    with pytest.raises(DamagedMarkError, match='remove it'):
        identity.agree()
    assert (tmp_path / 'a/store.json').read_bytes() == content


def test_a_database_that_is_away_is_asked_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = make()
    with monkeypatch.context() as patch:
        for name in ('find_one', 'find_one_and_update'):
            patch.setattr(Collection, name, unreachable)
        with pytest.raises(DatabaseUnavailableError):
            identity.agree()
    identity.agree()
    identity.require_alone()


def unreachable(*args: object, **kwargs: object) -> None:
    raise pymongo_errors.ServerSelectionTimeoutError('no server')


def test_a_service_that_finds_it_late_is_told_and_does_nothing_else(
    service: Service, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make('a', 0).agree()
    make('b', 1).agree()
    told: list[IdentityError] = []
    reconciler = reconciler_of(service, identity=make('a', 1), on_foreign=told.append)
    swept: list[bool] = []
    monkeypatch.setattr(service.folder, 'sweep_incoming', lambda: swept.append(True))
    reconciler.run_once()
    assert (len(told), swept) == (1, [])
