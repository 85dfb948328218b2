"""Exports for training: folders by class and split."""

import json
from collections import defaultdict
from typing import Any

import pytest

from tests.support.archives import export, upload
from tests.support.pictures import jpeg
from tests.support.service import Service

EXPORT = '/collections/c/export'
FORMAT = 'format=imagefolder'


def image(number: int) -> bytes:
    return jpeg() + number.to_bytes(2)


def put(service: Service, number: int, name: str = '', **fields: Any) -> Any:
    return upload(
        service, name or f'{number}.jpg', image(number), json=json.dumps(fields)
    )


def table(archive: Any, path: str = 'metadata.jsonl') -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(path).splitlines()]


def test_each_class_has_a_folder(service: Service) -> None:
    put(service, 1, label='OK')
    put(service, 2, label='傷/1')
    archive = export(service, f'{FORMAT}&label_by=label&sort=time')
    assert archive.namelist() == [
        *('OK/1.jpg', '傷%2F1/2.jpg', 'metadata.jsonl', 'README.txt')
    ]
    assert archive.read('OK/1.jpg') == image(1)


def test_the_table_names_each_file(service: Service) -> None:
    document = put(service, 1, label='OK', camera={'gain': 2})
    (row,) = table(export(service, f'{FORMAT}&label_by=label'))
    assert row['file_name'] == 'OK/1.jpg'
    assert (row['_id'], row['time']) == (document['_id'], document['time'])
    assert (row['label'], row['camera.gain']) == ('OK', 2)


def test_a_column_has_one_type(service: Service) -> None:
    put(service, 1, a=1, b=1, c=True, d='x', e=[1])
    put(service, 2, a=2, b=0.5, c=1, d=None)
    first, second = table(export(service, f'{FORMAT}&sort=time&fields=a,b,c,d,e'))
    names = ('a', 'b', 'c', 'd', 'e')
    assert [first[name] for name in names] == [1, 1.0, 'true', 'x', '[1]']
    assert [second[name] for name in names] == [2, 0.5, '1', '', '']


def test_what_an_image_lacks_is_an_empty_text_or_null(service: Service) -> None:
    put(service, 1, a=1, b='x', c=True)
    put(service, 2)
    _, second = table(export(service, f'{FORMAT}&sort=time&fields=a,b,c'))
    assert [second[name] for name in ('a', 'b', 'c')] == [None, '', None]


def test_a_column_that_a_split_lacks_is_text(service: Service) -> None:
    for number in range(12):
        put(service, number)
    put(service, 99, rare=7)
    archive = export(service, f'{FORMAT}&split=1/1')
    rows = [
        row
        for split in ('train', 'val')
        for row in table(archive, f'{split}/metadata.jsonl')
    ]
    assert sorted(row['rare'] for row in rows) == [''] * 12 + ['7']


def test_a_property_does_not_replace_the_image_or_its_file(service: Service) -> None:
    names = {'file_name': 'a', 'file_name_': 'b', 'mask_file_name': 'c'}
    put(service, 1, **names, file_names='d')
    (row,) = table(export(service, FORMAT))
    assert (row['file_name'], row['image_']) == ('1.jpg', '1.jpg')
    assert (row['file_name_'], row['file_name__']) == ('a', 'b')
    assert (row['mask_file_name_'], row['file_names_']) == ('c', 'd')
    assert 'image' not in row


def test_images_without_the_property_are_left_out_and_told(service: Service) -> None:
    put(service, 1, label='OK')
    missing = [put(service, 2), put(service, 3, label=None)]
    archive = export(service, f'{FORMAT}&label_by=label')
    assert len(archive.namelist()) == 3
    readme = archive.read('README.txt').decode()
    assert 'Images left out: 2\n' in readme
    for document in missing:
        assert f'left out\t"{document["_id"]}"' in readme


@pytest.mark.parametrize('value', [[], ['OK'], {'a': 1}])
@pytest.mark.parametrize('word', ['label_by=label', 'split=1/1&group_by=label'])
def test_a_list_or_an_object_is_400(service: Service, value: Any, word: str) -> None:
    put(service, 1, label='OK')
    put(service, 2, label=value)
    answer = service.client.simulate_get(EXPORT, query_string=f'{FORMAT}&{word}')
    assert answer.status_code == 400
    assert "'label'" in answer.json['description']


@pytest.mark.parametrize('sort', ['{"n":1}', 'random:7'])
def test_only_a_list_among_those_that_are_exported_is_400(
    service: Service, sort: str
) -> None:
    for number in range(4):
        put(service, number, n=number, label={'of': ['OK'] if number % 2 else 'OK'})
    path = f'{EXPORT.removesuffix("/export")}/images'
    listed = service.client.simulate_get(path, query_string=f'sort={sort}').json
    for place, document in enumerate(listed):
        query = f'{FORMAT}&label_by=label.of&sort={sort}&skip={place}&limit=1'
        answer = service.client.simulate_get(EXPORT, query_string=query)
        assert answer.status_code == (400 if document['n'] % 2 else 200)


def test_a_small_collection_is_looked_through_however_long_it_takes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ('_CHECK_SECONDS', '_BEGIN_SECONDS'):
        monkeypatch.setattr(f'falcon_images.datasets.export.{name}', 1e-9)
    put(service, 1, label='OK')
    put(service, 2, label=['OK'])
    query = f'{FORMAT}&label_by=label'
    answer = service.client.simulate_get(EXPORT, query_string=query)
    assert answer.status_code == 400


@pytest.mark.parametrize('word', ['label_by=label', 'split=1/1&group_by=label'])
def test_a_list_that_is_found_after_the_beginning_is_left_out_and_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    for name in ('_CHECK_SECONDS', '_BEGIN_SECONDS', '_SURELY_CHECKED'):
        monkeypatch.setattr(f'falcon_images.datasets.export.{name}', 1e-9)
    put(service, 1, label='OK')
    wrong = put(service, 2, label=['OK'])
    archive = export(service, f'{FORMAT}&{word}')
    readme = archive.read('README.txt').decode()
    assert 'Images left out: 1\n' in readme
    assert f'left out\t"{wrong["_id"]}"' in readme
    assert 'is a list or an object' in readme


def splits(service: Service, query: str) -> dict[str, str]:
    """The split of each image that an export has, by its id."""
    archive = export(service, f'{FORMAT}&{query}')
    return {
        row['_id']: split
        for split in ('train', 'val', 'test')
        if f'{split}/metadata.jsonl' in archive.namelist()
        for row in table(archive, f'{split}/metadata.jsonl')
    }


def test_each_split_has_a_folder_and_a_table(service: Service) -> None:
    for number in range(12):
        put(service, number, label='OK')
    archive = export(service, f'{FORMAT}&label_by=label&split=1/1')
    for split in ('train', 'val'):
        rows = table(archive, f'{split}/metadata.jsonl')
        assert rows
        for row in rows:
            assert f'{split}/{row["file_name"]}' in archive.namelist()
    assert not any(name.startswith('test/') for name in archive.namelist())


@pytest.mark.parametrize('group', ['', '&group_by=work', '&group_by=time:1s'])
def test_no_image_moves_when_others_come(service: Service, group: str) -> None:
    for number in range(10):
        put(service, number, work=f'W{number // 2}')
    before = splits(service, f'split=2/1/1{group}')
    for number in range(10, 20):
        put(service, number, work=f'W{number // 2 - 1}')
    after = splits(service, f'split=2/1/1{group}')
    assert len(after) == 20
    assert {image_id: after[image_id] for image_id in before} == before


def test_no_group_is_in_two_splits(service: Service) -> None:
    documents = [put(service, number, work=number % 6) for number in range(24)]
    found = splits(service, 'split=1/1/1&group_by=work')
    of_work = defaultdict(set)
    for document in documents:
        of_work[document['work']].add(found[document['_id']])
    assert all(len(each) == 1 for each in of_work.values())
    assert len(set(found.values())) > 1


def test_equal_bytes_are_in_one_split(service: Service) -> None:
    documents = [put(service, number % 4, f'{number}.jpg') for number in range(12)]
    found = splits(service, 'split=1/1/1')
    for number in range(4):
        assert len({found[each['_id']] for each in documents[number::4]}) == 1


def test_of_a_picture_in_several_groups_the_first_stays(service: Service) -> None:
    first = put(service, 1, 'a.jpg', work='A')
    again = put(service, 1, 'b.jpg', work='A')
    other = put(service, 1, 'c.jpg', work='B')
    query = 'split=1/1&group_by=work'
    assert set(splits(service, query)) == {first['_id'], again['_id']}
    readme = export(service, f'{FORMAT}&{query}').read('README.txt').decode()
    assert f'left out\t"{other["_id"]}"\t"c.jpg"\t"another group has' in readme
    assert first['_id'] in readme
    assert len(splits(service, f'{query}&duplicates=keep')) == 3


def test_a_name_without_an_extension_gets_one(service: Service) -> None:
    put(service, 1, 'photo')
    assert 'photo.jpg' in export(service, FORMAT).namelist()


@pytest.mark.parametrize(
    'query',
    [
        f'{FORMAT}&split=80',
        f'{FORMAT}&split=0/0',
        f'{FORMAT}&split=a/b',
        f'{FORMAT}&split=1/1/1/1',
        f'{FORMAT}&group_by=work',
        f'{FORMAT}&split=1/1&group_by=time:0m',
        f'{FORMAT}&split=1/1&duplicates=no',
        f'{FORMAT}&label_by=$a',
        'label_by=label',
        'format=csv&split=1/1',
    ],
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_what_cannot_be_meant_is_400(service: Service, query: str, method: str) -> None:
    put(service, 1, label='OK')
    answer = service.client.simulate_request(method, EXPORT, query_string=query)
    assert answer.status_code == 400


def test_words_of_datasets_are_conditions_of_lists_and_changes(
    service: Service,
) -> None:
    put(service, 1, split='train')
    put(service, 2, split='val')
    images = '/collections/c/images'
    assert len(service.client.simulate_get(images, query_string='split=val').json) == 1
    answer = service.client.simulate_patch(
        images, query_string='split=val', json={'seen': True}
    )
    assert answer.json['matched'] == 1
