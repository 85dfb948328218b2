"""COCO's files in archives: annotations become boxes, polygons and points."""

import json
import tracemalloc
from typing import Any

import pytest

from tests.support.archives import export, upload_numbered
from tests.support.importing import (
    images_of,
    import_archive,
    import_body,
    reasons,
    zipped,
)
from tests.support.pictures import jpeg
from tests.support.service import Service
from tests.support.tars import TAR, tarred

INSTANCES = 'annotations/instances_train2017.json'
MASK = {'counts': [1, 2], 'size': [3, 4]}
CATEGORIES = [{'id': 7, 'name': 'cat'}, {'id': 'x', 'name': 'dog'}]
BOX = {'x': 1, 'y': 2, 'w': 3.5, 'h': 4, 'label': 'cat'}


def annotation(**members: Any) -> dict[str, Any]:
    box = {'segmentation': [], 'bbox': [1, 2, 3.5, 4]}
    return {'id': 1, 'image_id': 1, 'category_id': 7, **box, **members}


def instances(*annotations: Any, images: Any = None, **others: Any) -> bytes:
    """A file of COCO, whose images and categories come after the annotations."""
    listed = [{'id': 1, 'file_name': 'a.jpg'}] if images is None else images
    content = {'info': {'year': 1}, 'annotations': annotations, 'images': listed}
    return json.dumps({**content, 'categories': CATEGORIES, **others}).encode()


def archive(content: bytes, name: str = INSTANCES) -> bytes:
    return zipped({'train2017/a.jpg': jpeg(), name: content})


@pytest.mark.parametrize(
    ('sent', 'expected'),
    [
        (annotation(), {'boxes': [BOX]}),
        (annotation(score=0.5), {'boxes': [{**BOX, 'score': 0.5}]}),
        (annotation(segmentation=MASK, iscrowd=1), {'boxes': [BOX]}),
        (
            annotation(
                category_id='x', segmentation=[[0, 0, 9, 0, 9, 9], [1, 1, 2, 1, 2, 2.5]]
            ),
            {
                'polygons': [
                    {'points': [[0, 0], [9, 0], [9, 9]], 'label': 'dog'},
                    {'points': [[1, 1], [2, 1], [2, 2.5]], 'label': 'dog'},
                ]
            },
        ),
        (
            annotation(keypoints=[1, 2, 2, 0, 0, 0, 3, 4, 1]),
            {
                'points': [
                    {'x': 1, 'y': 2, 'label': 'cat'},
                    {'x': 3, 'y': 4, 'label': 'cat'},
                ]
            },
        ),
        (
            annotation(category_id=8),
            {'boxes': [{n: v for n, v in BOX.items() if n != 'label'}]},
        ),
    ],
)
def test_annotations_are_properties_once(
    service: Service, sent: Any, expected: dict[str, Any]
) -> None:
    content = archive(instances(sent))
    answer = import_archive(service, content, ('line', '3'))
    assert (answer.json['imported'], answer.json['skipped']) == (1, [])
    (document,) = images_of(service)
    assert {**document, 'line': '3', **expected} == document
    assert len(document) == 5 + len(expected)
    answer = import_archive(service, content, ('line', '3'))
    assert (answer.json['unchanged'], answer.json['skipped']) == (1, [])


@pytest.mark.parametrize('path', ['images/x/a.jpg', 'images/a.jpg', 'x/a.jpg', 'a.jpg'])
@pytest.mark.parametrize('around', ['', 'set/'])
def test_images_are_in_one_of_several_folders(
    service: Service, around: str, path: str
) -> None:
    files = {
        f'{around}{path}': jpeg(),
        f'{around}annotations/instances_x.json': instances(annotation()),
    }
    answer = import_body(service, tarred(files), TAR)
    assert (answer.json['imported'], answer.json['skipped']) == (1, [])
    assert images_of(service)[0]['boxes'] == [BOX]


@pytest.mark.parametrize(
    'change',
    [
        {'bbox': [1, 2, 3]},
        {'bbox': None},
        {'bbox': ['1', 2, 3, 4]},
        {'bbox': [True, 2, 3, 4]},
        {'bbox': [1] * 8},
        {'segmentation': [[0, 0, 9, 0]]},
        {'segmentation': [[0, 0, 9, 0, 9]]},
        {'segmentation': ['x']},
        {'keypoints': [1, 2]},
        {'keypoints': {'x': 1}},
        {'image_id': None},
        {'image_id': 1.5},
        {'category_id': True},
        {'bbox': [1, 2, 2**70, 4]},
    ],
)
def test_a_bad_annotation_is_told(service: Service, change: dict[str, Any]) -> None:
    answer = import_archive(
        service, archive(instances(annotation(**change), annotation()))
    )
    assert list(reasons(answer)) == [f'{INSTANCES}, annotations 1']
    assert images_of(service)[0]['boxes'] == [BOX]


@pytest.mark.parametrize(
    ('row', 'reason'),
    [
        ({'id': 1, 'file_name': 'b.jpg'}, 'no file'),
        ({'id': 1, 'file_name': '../a.jpg'}, 'no file'),
        ({'id': 1}, 'file_name'),
        ({'file_name': 'a.jpg'}, '"id"'),
        ({'id': 1, 'file_name': 'a.jpg', '_id': 'x'}, 'id of an image'),
        ('a.jpg', 'JSON object'),
    ],
)
def test_a_bad_image_is_told(service: Service, row: Any, reason: str) -> None:
    answer = import_archive(service, archive(instances(images=[row])))
    assert reason in answer.json['skipped'][0]['reason']
    assert answer.json['imported'] == 1


def test_annotations_of_an_unknown_image_are_told(service: Service) -> None:
    content = instances(annotation(image_id=2), annotation(image_id=2), annotation())
    answer = import_archive(service, archive(content))
    assert list(reasons(answer)) == [f'{INSTANCES}, image 2']
    assert images_of(service)[0]['boxes'] == [BOX]


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'[]',
        b'{"images": [',
        b'{"images": []',
        b'{"images": [],}',
        b'{1: []}',
        b'{"images" []}',
        b'{"info": ' + b'[' * 100_000,
        b'\xff\xfe{\0',
        b'{"images": ["\xff"]}',
        instances(annotation())[:-1],
        b'{"info": "' + b'x' * 3_000_000 + b'"}',
        b'{"images": [{"id": "' + b'x' * 3_000_000 + b'"}]}',
    ],
    ids=range(13),
)
def test_nothing_is_imported_with_a_broken_file(
    service: Service, content: bytes
) -> None:
    answer = import_body(service, archive(content))
    assert answer.status_code in (400, 413), answer.text
    assert INSTANCES in answer.json['description']
    assert service.stored_files() == []


@pytest.mark.parametrize(
    'name',
    [
        'instances_x.json',
        'my_annotations/instances_x.json',
        'annotations/instances_x/a.json',
    ],
)
def test_a_file_of_another_folder_or_name_is_none_of_coco(
    service: Service, name: str
) -> None:
    answer = import_body(service, archive(b'[]', name))
    assert answer.json['imported'] == 1
    assert 'not an image' in reasons(answer)[name]


def test_other_parts_may_have_any_size(service: Service) -> None:
    segments = [{'id': number, 'text': 'x' * 100} for number in range(20_000)]
    content = instances(annotation(), licenses=segments, licence='x', version=1)
    answer = import_body(service, archive(b'\xef\xbb\xbf' + content))
    assert (answer.json['imported'], answer.json['skipped']) == (1, [])


def test_an_image_with_too_many_annotations_is_told(service: Service) -> None:
    content = instances(*[annotation()] * 30_000)
    answer = import_body(service, archive(content))
    assert 'MAX_PROPERTIES_BYTES' in reasons(answer)['train2017/a.jpg']


def test_memory_does_not_grow_with_annotations(service: Service) -> None:
    content = archive(instances(*[annotation(image_id=2)] * 50_000))
    tracemalloc.start()
    try:
        import_body(service, content)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * 1024**2


def fill(service: Service, **properties: Any) -> dict[str, Any]:
    document: dict[str, Any] = upload_numbered(service, 1, **properties)
    return document


def edited(service: Service, old: bytes, new: bytes) -> bytes:
    """Export as COCO, and edit its annotations."""
    found = export(service, 'format=coco')
    files = {name: found.read(name) for name in found.namelist()}
    name = 'annotations/instances_default.json'
    return zipped({**files, name: files[name].replace(old, new)})


def test_annotations_that_were_edited_replace_those_of_their_kind(
    service: Service,
) -> None:
    points = [{'x': 1, 'y': 1, 'note': 'mine'}]
    fill(service, boxes=[BOX, {**BOX, 'x': 9}], points=points, n=1)
    content = edited(service, b'"bbox":[9,', b'"bbox":[8,')
    assert import_body(service, content).json['updated'] == 1
    (document,) = images_of(service)
    assert document['boxes'] == [BOX, {**BOX, 'x': 8}]
    assert (document['points'], document['n']) == (points, 1)


@pytest.mark.parametrize(
    'boxes',
    [
        [{**BOX, 'note': 'mine'}],
        [{**BOX, 'x': 60, 'w': 100}, {**BOX, 'label': None}],
        [BOX, 'no box', {**BOX, 'w': 0}],
        [{**BOX, 'label': 5}],
        'no list',
    ],
)
def test_what_coco_cannot_say_stays_as_it_is(service: Service, boxes: Any) -> None:
    before = fill(service, boxes=boxes)
    answer = import_body(service, edited(service, b'', b''))
    assert (answer.json['unchanged'], answer.json['skipped']) == (1, [])
    assert images_of(service) == [before]


def test_annotations_that_the_archive_lacks_stay(service: Service) -> None:
    before = fill(service, boxes=[BOX])
    content = edited(service, b'"image_id":', b'"image":')
    assert import_body(service, content).json['unchanged'] == 1
    assert images_of(service) == [before]
