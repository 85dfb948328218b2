"""Exports as lines of JSON for Ultralytics, with addresses of the images."""

import json
from collections import defaultdict
from typing import Any

import pytest

from tests.support.archives import exported, upload, upload_numbered
from tests.support.pictures import jpeg
from tests.support.service import Service

FORMAT = 'format=ultralytics'
BOX = {'x': 16, 'y': 12, 'w': 32, 'h': 24, 'label': 'scratch'}
TRIANGLE = {'points': [[0, 0], [64, 0], [0, 24]], 'label': 'dent'}


def lines(service: Service, query: str = FORMAT) -> tuple[Any, list[Any]]:
    """The data set, and its images."""
    dataset, *images = map(json.loads, exported(service, query).splitlines())
    return dataset, images


def test_an_image_has_its_address_its_size_and_its_boxes(service: Service) -> None:
    document = upload_numbered(service, 1, boxes=[BOX])
    dataset, (image,) = lines(service)
    assert (dataset['type'], dataset['task']) == ('dataset', 'detect')
    assert dataset['class_names'] == {'0': 'scratch'}
    url = image.pop('url')
    assert url.startswith('http://')
    assert url.endswith(f'/collections/c/images/{document["_id"]}/image')
    assert image == {
        'type': 'image',
        'file': '1.jpg',
        'width': 64,
        'height': 48,
        'split': 'train',
        'annotations': {'boxes': [[0, 0.5, 0.5, 0.5, 0.5]]},
    }


def test_the_address_is_that_under_which_the_service_is_known(
    service: Service,
) -> None:
    upload_numbered(service, 1)
    answer = service.client.simulate_get(
        '/collections/c/export',
        query_string=FORMAT,
        headers={'X-Forwarded-Host': 'images.example', 'X-Forwarded-Proto': 'https'},
    )
    image = json.loads(answer.content.splitlines()[1])
    assert image['url'].startswith('https://images.example/collections/c/images/')


def test_behind_the_address_is_the_image(service: Service) -> None:
    upload_numbered(service, 1)
    _, (image,) = lines(service)
    path = '/collections' + image['url'].partition('/collections')[2]
    assert service.client.simulate_get(path).content == jpeg() + b'\0\1'


def test_with_polygons_all_is_segments(service: Service) -> None:
    upload_numbered(service, 1, boxes=[BOX], polygons=[TRIANGLE])
    upload_numbered(service, 2)
    dataset, images = lines(service, f'{FORMAT}&sort=time')
    assert dataset['task'] == 'segment'
    assert dataset['class_names'] == {'0': 'dent', '1': 'scratch'}
    assert [each['annotations'] for each in images] == [
        {
            'segments': [
                [1, 0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75],
                [0, 0, 0, 1, 0, 0, 0.5],
            ]
        },
        {},
    ]


def test_with_label_by_it_is_a_classification(service: Service) -> None:
    upload_numbered(service, 1, label='OK', boxes=[BOX])
    upload_numbered(service, 2, label='NG')
    missing = upload_numbered(service, 3)
    dataset, images = lines(service, f'{FORMAT}&sort=time&label_by=label')
    assert dataset['task'] == 'classify'
    assert dataset['class_names'] == {'0': 'NG', '1': 'OK'}
    found = [each['annotations'] for each in images]
    assert found == [{'classification': [1]}, {'classification': [0]}]
    assert any(missing['_id'] in line for line in dataset['report'])


def test_no_number_is_outside_of_the_image(service: Service) -> None:
    boxes = [BOX | {'x': -4, 'w': 80}, BOX | {'y': 47.9, 'h': 3}]
    upload_numbered(service, 1, boxes=boxes)
    _, (image,) = lines(service)
    numbers = [n for box in image['annotations']['boxes'] for n in box[1:]]
    assert len(numbers) == 8
    assert all(0 <= number <= 1 for number in numbers)


def test_what_is_malformed_is_left_out_and_told(service: Service) -> None:
    upload_numbered(service, 1, boxes=[BOX, BOX | {'w': -1}], points=[{'x': 1, 'y': 2}])
    dataset, (image,) = lines(service)
    assert len(image['annotations']['boxes']) == 1
    assert 'Boxes, polygons and points left out: 1\n' in dataset['description']
    assert any('boxes[1]' in line for line in dataset['report'])


def test_no_group_is_in_two_splits(service: Service) -> None:
    for number in range(24):
        upload(
            service, f'{number % 6}.jpg', jpeg() + bytes([number]), work=f'{number % 6}'
        )
    _, images = lines(service, f'{FORMAT}&split=1/1/1&group_by=work')
    of_work = defaultdict(set)
    for image in images:
        of_work[image['file'][0]].add(image['split'])
    assert all(len(splits) == 1 for splits in of_work.values())
    assert set().union(*of_work.values()) <= {'train', 'val', 'test'}
    assert len(set().union(*of_work.values())) > 1


def test_files_of_one_name_are_told_apart(service: Service) -> None:
    upload(service, 'a.jpg')
    upload(service, 'A.jpg', jpeg(32, 32))
    _, images = lines(service)
    assert len({each['file'].casefold() for each in images}) == 2


@pytest.mark.parametrize('query', ['', '&label_by=label', '&n=7'])
def test_the_first_line_has_conditions_and_a_digest(
    service: Service, query: str
) -> None:
    upload_numbered(service, 1, label='OK')
    description = lines(service, f'{FORMAT}{query}')[0]['description']
    assert f'Conditions: {FORMAT}{query}\n' in description
    assert 'SHA-256 of the lines "SHA256  PATH" of all images: ' in description
