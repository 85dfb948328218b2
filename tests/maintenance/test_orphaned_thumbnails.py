"""The check and thumbnails: those of images that are gone, and what is left alone."""

import hashlib
import os
from pathlib import Path
from typing import Any

import bson
import pytest

from falcon_images.files.thumbnail_sizes import SIZES
from falcon_images.maintenance.findings import CheckError, Finding, FindingKind
from falcon_images.maintenance.orphaned_thumbnails import StaleThumbnails
from falcon_images.maintenance.references import References
from falcon_images.metadata.inventory import Inventory
from tests.support.checks import (
    age,
    check,
    forget,
    lines,
    peak_bytes,
    repair,
    root,
    uploaded,
)
from tests.support.pictures import jpeg
from tests.support.service import Service


def folder(service: Service) -> Path:
    return root(service) / 'thumbnails'


def files(service: Service) -> list[Path]:
    return sorted(path for path in folder(service).rglob('*') if path.is_file())


def draw(service: Service, document: dict[str, Any], size: str = 'small') -> list[Path]:
    """Have a thumbnail drawn; return all there are, made to seem old."""
    path = f'/collections/c/images/{document["_id"]}/thumbnail'
    response = service.client.simulate_get(path, params={'size': size})
    assert response.headers['X-Thumbnail'] == 'ok'
    for kept in files(service):
        age(kept)
    return files(service)


def put(service: Service, key: str, is_old: bool = True) -> Path:
    path = folder(service) / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'WebP')
    if is_old:
        age(path)
    return path


def stale_key(number: int = 0) -> str:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return f'{sha256[:2]}/{sha256[2:4]}/{sha256}-small-2.webp'


def legacy(service: Service, image: str = 'a.jpg') -> dict[str, Any]:
    document = {'image': image}
    service.database.c.insert_one(document)
    path = root(service) / 'images/c' / image
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(jpeg())
    age(path)
    return document


def test_a_store_with_thumbnails_is_well(service: Service) -> None:
    document, _ = uploaded(service)
    for size in SIZES:
        draw(service, document, size)
    draw(service, legacy(service))
    assert len(files(service)) == 4
    assert check(service, is_deep=True) == []
    assert check(service, repairs=True) == []
    assert len(files(service)) == 4


def test_one_without_its_image_is_told(service: Service) -> None:
    uploaded(service)
    key = stale_key()
    put(service, key)
    assert check(service) == [Finding(FindingKind.STALE_THUMBNAIL, f'thumbnails/{key}')]
    assert len(files(service)) == 1


def test_a_repair_removes_it_and_its_folders(service: Service) -> None:
    uploaded(service)
    key = stale_key()
    put(service, key)
    place = f'thumbnails/{key}'
    expected = Finding(FindingKind.STALE_THUMBNAIL, place, True, 'removed')
    assert check(service, repairs=True) == [expected]
    assert list(folder(service).iterdir()) == []
    assert check(service) == []


def test_those_of_an_image_that_is_gone_go_with_its_file(service: Service) -> None:
    uploaded(service, 'other')
    document, path = uploaded(service)
    service.client.simulate_delete('/collections/other')
    (kept,) = draw(service, document)
    uploaded(service, 'other')
    service.database.other.update_many({}, {'$set': {'_file.sha256': 'f' * 64}})
    forget(service, document)
    key = path.relative_to(root(service)).as_posix()
    place = kept.relative_to(root(service)).as_posix()
    assert repair(service) == [f'orphaned {key}', f'stale thumbnail {place}']


def test_one_that_another_image_has_the_bytes_of_stays(service: Service) -> None:
    first, path = uploaded(service)
    uploaded(service, 'another')
    draw(service, first)
    forget(service, first)
    assert repair(service) == [f'orphaned {path.relative_to(root(service)).as_posix()}']
    assert len(files(service)) == 1


@pytest.mark.parametrize(
    'change',
    [
        lambda path: path.with_name(path.name.replace('-2.webp', '-1.webp')),
        lambda path: path.with_name(path.name.replace('small', 'huge')),
        lambda path: path.parent.parent / path.name,
        lambda path: path.parent.parent.parent / 'earlier' / path.name,
    ],
)
def test_one_that_nobody_would_look_for_is_stale(service: Service, change: Any) -> None:
    document, _ = uploaded(service)
    (kept,) = draw(service, document)
    other = change(kept)
    other.parent.mkdir(parents=True, exist_ok=True)
    kept.rename(other)
    place = other.relative_to(root(service)).as_posix()
    assert repair(service) == [f'stale thumbnail {place}']


def test_a_young_one_is_left(service: Service) -> None:
    uploaded(service)
    put(service, stale_key(), is_old=False)
    assert check(service, repairs=True) == []
    assert len(files(service)) == 1


@pytest.mark.parametrize(
    'name', ['Thumbs.db', '.DS_Store', 'x.webp', f'{"0" * 63}-small-1.webp', 'a/b/c/d']
)
def test_what_is_no_thumbnail_is_left(service: Service, name: str) -> None:
    uploaded(service)
    path = put(service, name)
    assert check(service, repairs=True) == []
    assert path.exists()


def test_those_of_a_drop_that_is_not_finished_are_left(service: Service) -> None:
    document, _ = uploaded(service)
    draw(service, document)
    uploaded(service, 'd')
    service.database.d.update_many({}, {'$set': {'_file.sha256': 'f' * 64}})
    drop = service.parts.drops.begin('c')
    assert check(service, repairs=True) == []
    service.parts.drops.release(drop)
    service.parts.collections.finish_drops()
    assert files(service) == []


def test_nothing_is_removed_for_a_database_without_collections(
    service: Service,
) -> None:
    put(service, stale_key())
    with pytest.raises(CheckError, match='has no collections'):
        check(service, repairs=True)
    assert len(files(service)) == 1


def test_one_of_the_earlier_version_is_found_by_its_name(service: Service) -> None:
    first, second = legacy(service), legacy(service, 'b c.jpg')
    draw(service, first)
    assert len(draw(service, second)) == 2
    service.database.c.delete_one({'_id': first['_id']})
    (root(service) / 'images/c/a.jpg').unlink()
    (place,) = repair(service)
    assert place.startswith('stale thumbnail thumbnails/earlier/c/a.jpg/')
    assert len(files(service)) == 1
    assert not (folder(service) / 'earlier/c/a.jpg').exists()


def test_one_that_cannot_be_removed_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded(service)
    put(service, stale_key())

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(Path, 'unlink', refuse)
    (finding,) = check(service, repairs=True)
    monkeypatch.undo()
    assert (finding.is_repaired, finding.note) == (False, 'Permission denied')


def test_a_folder_that_the_disk_does_not_show_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    document, _ = uploaded(service)
    draw(service, document)
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if 'thumbnails' in str(path):
            raise PermissionError(13, 'Permission denied')
        return scandir(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    assert lines(check(service)) == ['unreadable thumbnails']


def test_a_field_of_somebody_elses_is_no_hash(service: Service) -> None:
    document, path = uploaded(service)
    (kept,) = draw(service, document)
    path.unlink()
    facts = {'sha256': document['_file']['sha256']}
    key = bson.ObjectId(document['_id'])
    service.database.c.update_one({'_id': key}, {'$set': {'_file': facts}})
    place = kept.relative_to(root(service)).as_posix()
    assert f'stale thumbnail {place}' in lines(check(service))


def many(service: Service, numbers: range) -> None:
    """Thumbnails, and the documents of the images that they are of."""
    documents = []
    for number in numbers:
        sha256 = put(service, stale_key(number)).name[:64]
        facts = {'size': 1, 'type': 'image/jpeg', 'sha256': sha256}
        documents.append({'image': 'a.jpg', '_file': facts})
    service.database.many.insert_many(documents)


def test_memory_does_not_grow_with_thumbnails(service: Service) -> None:
    client: Any = service.database.client
    inventory = Inventory(client, service.settings.mongodb_db)
    stale = StaleThumbnails(service.folder.thumbnails, lambda: References(inventory))
    uploaded(service)
    many(service, range(2000))
    assert peak_bytes(stale.find())[0] == 0
    _, few = peak_bytes(stale.find())
    many(service, range(2000, 6000))
    count, peak = peak_bytes(stale.find())
    assert count == 0
    assert peak < 1.2 * few
