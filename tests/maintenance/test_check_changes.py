"""The check and images that were deleted in bulk: their files are not orphan."""

from pathlib import Path

import bson
import pytest

from falcon_images.maintenance.findings import Finding
from tests.support.bulk_changes import delete, labels, legacy_file, revert, run_out
from tests.support.checks import age, aside_of, check, lines, repair
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service


@pytest.fixture
def deleted(service: Service) -> tuple[str, Path]:
    """An image that was deleted in bulk, and where its old file is."""
    document = service.client.upload(label='NG')
    service.client.upload(label='OK')
    delete(service)
    for path in service.stored_files():
        age(path)
    (found,) = (p for p in service.stored_files() if p.stem == document['_id'])
    return document['_id'], found


@pytest.mark.usefixtures('deleted')
def test_a_kept_file_is_not_orphan(service: Service) -> None:
    assert check(service, is_deep=True) == []
    assert repair(service) == []


def test_a_kept_file_is_orphan_when_its_change_is_forgotten(
    service: Service, deleted: tuple[str, Path]
) -> None:
    image_id, path = deleted
    run_out(service, 'until')
    reconcile(service)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b'again')
    age(path)
    (found,) = lines(check(service))
    assert found.startswith('orphaned ')
    assert image_id in found


def test_a_kept_file_of_the_earlier_version_is_not_orphan(service: Service) -> None:
    age(legacy_file(service))
    delete(service, {'n': 1})
    assert check(service) == []
    assert repair(service) == []


def test_a_kept_file_that_is_missing_is_told(
    service: Service, deleted: tuple[str, Path]
) -> None:
    image_id, path = deleted
    path.unlink()
    (found,) = check(service)
    assert found.place == f'c/{image_id}'
    assert (found.kind, found.note) == ('missing', 'deleted in bulk, can be reverted')


def test_a_kept_file_that_was_cut_is_told(
    service: Service, deleted: tuple[str, Path]
) -> None:
    deleted[1].write_bytes(b'short')
    assert lines(check(service)) == [f'wrong size c/{deleted[0]}']


def test_a_kept_file_comes_back_from_the_quarantine(
    service: Service, deleted: tuple[str, Path]
) -> None:
    image_id, path = deleted
    path.rename(aside_of(service, path))
    assert repair(service) == [f'missing c/{image_id}']
    assert path.read_bytes() == jpeg()


def test_a_file_that_goes_with_an_expiry_is_not_told(
    service: Service, deleted: tuple[str, Path]
) -> None:
    deleted[1].unlink()
    run_out(service, 'until')
    service.parts.changes.mark_expired()
    assert check(service) == []


def test_more_kept_images_than_one_batch_are_checked(service: Service) -> None:
    facts = {'size': 1, 'type': 'image/jpeg', 'sha256': 'a' * 64}
    many = [
        {'_id': bson.ObjectId(), 'label': 'NG', 'image': 'a', '_file': facts}
        for _ in range(1201)
    ]
    service.database['c'].insert_many(many)
    assert delete(service).json['changed'] == len(many)
    (service.settings.uploads_directory / 'images').mkdir(exist_ok=True)
    found: list[Finding] = check(service)
    places = {finding.place for finding in found}
    assert places == {f'c/{document["_id"]}' for document in many}
    assert len(found) == 1201


def test_a_revert_after_a_repair_brings_all_back(
    service: Service, deleted: tuple[str, Path]
) -> None:
    repair(service)
    change = service.client.simulate_get('/collections/c/changes').json[0]['_id']
    assert revert(service, change).json['reverted'] == 1
    assert sorted(labels(service)) == ['NG', 'OK']
    assert deleted[1].exists()
