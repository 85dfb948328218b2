"""Exports as folders for Ultralytics' models for classification."""

import json
from collections import defaultdict

import pytest

from tests.support.archives import export, upload, upload_numbered
from tests.support.service import Service

FORMAT = 'format=yolo-cls'
BY_LABEL = f'{FORMAT}&label_by=label'


def folders(names: list[str]) -> dict[str, set[str]]:
    """The classes of each split."""
    found = defaultdict(set)
    for name in names:
        if name != 'README.txt':
            split, folder, _ = name.split('/')
            found[split].add(folder)
    return found


def test_without_splits_all_is_for_training(service: Service) -> None:
    upload_numbered(service, 1, label='OK')
    upload_numbered(service, 2, label='傷/1')
    assert export(service, f'{BY_LABEL}&sort=time').namelist() == [
        *('train/OK/1.jpg', 'train/傷%2F1/2.jpg', 'README.txt')
    ]


def test_splits_are_folders_with_folders_of_classes(service: Service) -> None:
    for number in range(60):
        upload_numbered(service, number, label='AB'[number % 2])
    found = folders(export(service, f'{BY_LABEL}&split=1/1/1').namelist())
    assert found == {split: {'A', 'B'} for split in ('train', 'val', 'test')}


def test_the_readme_names_the_classes_that_a_split_lacks(service: Service) -> None:
    for number in range(12):
        upload_numbered(service, number, label='common')
    upload_numbered(service, 99, label='rare')
    archive = export(service, f'{BY_LABEL}&split=1/1')
    found = folders(archive.namelist())
    (lacking,) = [split for split in found if 'rare' not in found[split]]
    readme = archive.read('README.txt').decode()
    assert f'Classes without an image in {lacking}: rare\n' in readme


def test_images_without_the_class_are_left_out_and_told(service: Service) -> None:
    upload_numbered(service, 1, label='OK')
    missing = upload_numbered(service, 2)
    archive = export(service, BY_LABEL)
    assert archive.namelist() == ['train/OK/1.jpg', 'README.txt']
    assert missing['_id'] in archive.read('README.txt').decode()


def test_no_group_and_no_picture_is_in_two_splits(service: Service) -> None:
    for number in range(24):
        fields = json.dumps({'label': 'A', 'work': number % 5})
        upload(service, f'{number % 5}_{number}.jpg', json=fields)
    archive = export(service, f'{BY_LABEL}&split=1/1&group_by=work')
    # All have one picture, so one group has it.
    names = [name for name in archive.namelist() if name != 'README.txt']
    assert len({name.rpartition('/')[2].partition('_')[0] for name in names}) == 1


@pytest.mark.parametrize(
    'query', [FORMAT, f'{FORMAT}&split=1/1', f'{FORMAT}&label_by=']
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_without_classes_it_is_400(service: Service, query: str, method: str) -> None:
    upload_numbered(service, 1, label='OK')
    path = '/collections/c/export'
    answer = service.client.simulate_request(method, path, query_string=query)
    assert answer.status_code == 400
