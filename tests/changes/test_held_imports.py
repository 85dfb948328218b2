"""Imports that are taken back while a snapshot has their images."""

from typing import Any

import pytest

from tests.support import snapshots
from tests.support.bulk_changes import documents, revert, run_out
from tests.support.importing import (
    file_of,
    images_of,
    import_archive,
    reasons,
    with_manifest,
    zipped,
)
from tests.support.pictures import jpeg
from tests.support.reconciling import reconcile
from tests.support.service import Service

IDS = [f'6565f0c2a1b2c3d4e5f6071{n}' for n in range(3)]
FILES = {f'{n}.jpg': jpeg() + b'%d' % n for n in range(3)}
WITH_IDS = with_manifest(
    [
        {'_id': image_id, 'image': name}
        for image_id, name in zip(IDS, FILES, strict=True)
    ],
    FILES,
)
ARCHIVES = {'plain': zipped(FILES), 'with ids': WITH_IDS}


def undone(service: Service, change: str) -> tuple[int, list[str]]:
    answer = revert(service, change)
    assert answer.status_code == 200, answer.text
    return answer.json['reverted'], answer.json['conflicts']


def held_by_a_snapshot(service: Service, archive: bytes) -> Any:
    """Import images, keep them in a snapshot, and take the import back."""
    change = import_archive(service, archive).json['change']
    assert snapshots.made(service)['images'] == 3
    assert undone(service, change) == (3, [])
    assert documents(service) == []
    return snapshots.exported(service).content


@pytest.mark.parametrize('kind', ARCHIVES)
def test_files_of_a_reverted_import_stay_as_long_as_a_snapshot(
    service: Service, kind: str
) -> None:
    archive = held_by_a_snapshot(service, ARCHIVES[kind])
    run_out(service, 'until')
    reconcile(service)
    assert len(service.stored_files()) == 3
    assert snapshots.findings(service) == []
    assert snapshots.exported(service).content == archive
    snapshots.ended(service)
    assert service.stored_files() == []


@pytest.mark.parametrize('kind', ARCHIVES)
def test_a_reverted_import_that_is_held_can_be_imported_again(
    service: Service, kind: str
) -> None:
    archive = held_by_a_snapshot(service, ARCHIVES[kind])
    answer = import_archive(service, ARCHIVES[kind])
    assert (answer.json['imported'], answer.json['skipped']) == (3, [])
    assert snapshots.exported(service).content == archive
    snapshots.ended(service)
    contents = [file_of(service, each['_id']) for each in images_of(service)]
    assert sorted(contents) == sorted(FILES.values())
    assert snapshots.findings(service) == []
    assert len(service.stored_files()) == 3


def test_an_import_that_is_held_can_be_reverted_a_second_time(
    service: Service,
) -> None:
    archive = held_by_a_snapshot(service, WITH_IDS)
    change = import_archive(service, WITH_IDS).json['change']
    assert undone(service, change) == (3, [])
    assert snapshots.exported(service).content == archive
    assert len(service.stored_files()) == 3
    snapshots.ended(service)
    assert service.stored_files() == []


def test_a_revert_after_the_snapshot_leaves_nothing(service: Service) -> None:
    change = import_archive(service, WITH_IDS).json['change']
    snapshots.made(service)
    snapshots.ended(service)
    assert undone(service, change) == (3, [])
    assert service.stored_files() == []


def test_other_bytes_do_not_come_under_an_id_that_is_held(service: Service) -> None:
    archive = held_by_a_snapshot(service, WITH_IDS)
    other = with_manifest([{'_id': IDS[0], 'image': '0.jpg'}], {'0.jpg': jpeg(5)})
    answer = import_archive(service, other)
    assert 'snapshot holds other bytes' in reasons(answer)['0.jpg']
    assert snapshots.exported(service).content == archive
