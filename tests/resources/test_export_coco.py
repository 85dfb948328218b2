"""Exports with boxes, polygons and points, read as COCO's tools read them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import export, upload, upload_numbered
from tests.support.pictures import jpeg
from tests.support.service import Service

FORMAT = 'format=coco'
BOX = {'x': 8, 'y': 4, 'w': 10, 'h': 6, 'label': 'scratch'}
TRIANGLE = {'points': [[0, 0], [20, 0], [0, 10.5]], 'label': 'dent'}
POINT = {'x': 64, 'y': 0, 'label': 'corner'}


def instances(service: Service, query: str = FORMAT, split: str = 'default') -> Any:
    archive = export(service, query)
    return json.loads(archive.read(f'annotations/instances_{split}.json'))


def readme(service: Service, query: str = FORMAT) -> str:
    return export(service, query).read('README.txt').decode()


def test_boxes_polygons_and_points_are_annotations(service: Service) -> None:
    document = upload_numbered(
        service, 1, boxes=[BOX | {'score': 0.5}], polygons=[TRIANGLE], points=[POINT]
    )
    found = instances(service)
    (image,) = found['images']
    assert image == {
        'id': image['id'],
        'file_name': '1.jpg',
        'width': 64,
        'height': 48,
        '_id': document['_id'],
    }
    common = {'image_id': image['id'], 'iscrowd': 0}
    assert found['annotations'] == [
        common
        | {'id': 1, 'category_id': 3, 'segmentation': [], 'bbox': [8, 4, 10, 6]}
        | {'area': 60, 'score': 0.5},
        common
        | {'id': 2, 'category_id': 2, 'bbox': [0, 0, 20, 10.5], 'area': 105}
        | {'segmentation': [[0, 0, 20, 0, 0, 10.5]]},
        common
        | {'id': 3, 'category_id': 1, 'segmentation': [], 'bbox': [64, 0, 0, 0]}
        | {'area': 0, 'keypoints': [64, 0, 2], 'num_keypoints': 1},
    ]


def test_categories_are_sorted_and_the_same_in_all_splits(service: Service) -> None:
    for number in range(8):
        upload_numbered(service, number, boxes=[BOX | {'label': 'dbca'[number % 4]}])
    query = f'{FORMAT}&split=1/1'
    train, val = (instances(service, query, split) for split in ('train', 'val'))
    assert [each['name'] for each in train['categories']] == ['a', 'b', 'c', 'd']
    assert [each['id'] for each in train['categories']] == [1, 2, 3, 4]
    assert train['categories'] == val['categories']
    archive = export(service, query)
    for split, found in (('train', train), ('val', val)):
        assert found['images']
        for image in found['images']:
            assert f'images/{split}/{image["file_name"]}' in archive.namelist()


def test_the_number_of_an_image_stays_when_others_come(service: Service) -> None:
    first = upload_numbered(service, 1)
    (before,) = instances(service)['images']
    upload_numbered(service, 2)
    after = {each['_id']: each['id'] for each in instances(service)['images']}
    assert after[first['_id']] == before['id']
    assert len(set(after.values())) == 2
    assert all(0 < number < 2**53 for number in after.values())


def test_two_exports_have_the_same_annotations(service: Service) -> None:
    for number in range(5):
        upload_numbered(service, number, boxes=[BOX, BOX], points=[POINT])
    assert instances(service) == instances(service)


def test_pycocotools_reads_it(service: Service, tmp_path: Path) -> None:
    coco = pytest.importorskip('pycocotools.coco')
    upload_numbered(service, 1, boxes=[BOX], polygons=[TRIANGLE], points=[POINT])
    upload_numbered(service, 2)
    export(service, FORMAT).extractall(tmp_path)
    read = coco.COCO(str(tmp_path / 'annotations/instances_default.json'))
    assert len(read.getImgIds()) == 2
    assert read.getCatIds(catNms=['scratch']) == [3]
    (polygon,) = read.loadAnns(read.getAnnIds(catIds=read.getCatIds(catNms=['dent'])))
    mask = read.annToMask(polygon)
    assert mask.shape == (48, 64)
    assert math.isclose(int(mask.sum()), polygon['area'], rel_tol=0.1)
    (image,) = read.loadImgs([polygon['image_id']])
    path = tmp_path / 'images' / image['file_name']
    assert path.read_bytes() == jpeg() + b'\0\1'


def test_pycocotools_judges_what_a_model_found(
    service: Service, tmp_path: Path
) -> None:
    coco = pytest.importorskip('pycocotools.coco')
    judging = pytest.importorskip('pycocotools.cocoeval')
    upload_numbered(service, 1, boxes=[BOX])
    export(service, FORMAT).extractall(tmp_path)
    read = coco.COCO(str(tmp_path / 'annotations/instances_default.json'))
    (box,) = read.loadAnns(read.getAnnIds())
    same = {name: box[name] for name in ('image_id', 'category_id', 'bbox')}
    judged = judging.COCOeval(read, read.loadRes([same | {'score': 0.9}]), 'bbox')
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ('properties', 'why'),
    [
        ({'boxes': 'none'}, 'box left out\t{}\t"boxes: it is no object"'),
        ({'boxes': [7]}, 'box left out\t{}\t"boxes[0]: it is no object"'),
        ({'boxes': [BOX | {'w': 0}]}, 'box left out\t{}\t"boxes[0]: its width'),
        ({'boxes': [BOX | {'x': '8'}]}, 'box left out\t{}\t"boxes[0]: x is no number"'),
        ({'boxes': [BOX | {'x': True}]}, 'box left out\t{}\t"boxes[0]: x is no number'),
        ({'boxes': [BOX | {'x': 64}]}, 'box left out\t{}\t"boxes[0]: it is outside'),
        ({'boxes': [BOX | {'label': ['a']}]}, 'box left out\t{}\t"boxes[0]: its label'),
        ({'boxes': [BOX | {'score': 'a'}]}, 'box left out\t{}\t"boxes[0]: score is'),
        ({'boxes': [{'label': 'a'}]}, 'box left out\t{}\t"boxes[0]: x is no number"'),
        ({'polygons': [{'points': [[0, 0], [1, 1]]}]}, 'polygon left out\t{}\t"poly'),
        ({'polygons': [{'points': [[0, 0, 0]] * 3}]}, 'polygon left out\t{}\t"polyg'),
        ({'polygons': [{'points': [[70, 1]] * 3}]}, 'polygon left out\t{}\t"polygon'),
        ({'polygons': [{}]}, 'polygon left out\t{}\t"polygons[0]: it has no 3 points"'),
        ({'points': [POINT | {'y': -1}]}, 'point left out\t{}\t"points[0]: it is outs'),
        ({'points': {'x': 1, 'y': 1}}, ''),
    ],
)
def test_what_is_malformed_is_left_out_and_told(
    service: Service, properties: dict[str, Any], why: str
) -> None:
    document = upload_numbered(service, 1, **properties)
    found = instances(service)
    if not why:
        assert len(found['annotations']) == 1
        return
    assert (len(found['images']), found['annotations']) == (1, [])
    text = readme(service)
    assert 'Boxes, polygons and points left out: 1\n' in text
    assert why.format(f'"{document["_id"]}"\t"1.jpg"') in text


def test_what_sticks_out_is_cut_and_told(service: Service) -> None:
    polygon = {'points': [[-5, 0], [20, 0], [20, 60]]}
    upload_numbered(service, 1, boxes=[BOX | {'x': 60, 'y': -2}], polygons=[polygon])
    box, cut = instances(service)['annotations']
    assert box['bbox'] == [60, 0, 4, 4]
    assert cut['segmentation'] == [[0, 0, 20, 0, 20, 48]]
    text = readme(service)
    assert 'Boxes and polygons that stick out of their image, cut: 2\n' in text
    assert '\t"boxes[0] sticks out"\n' in text


def test_a_box_without_a_label_has_the_class_of_its_image(service: Service) -> None:
    unlabelled = {name: value for name, value in BOX.items() if name != 'label'}
    upload_numbered(service, 1, grade='NG', boxes=[unlabelled, BOX | {'label': 7}])
    names = [each['name'] for each in instances(service)['categories']]
    assert names == ['7', 'object']
    found = instances(service, f'{FORMAT}&label_by=grade')
    assert [each['name'] for each in found['categories']] == ['7', 'NG']
    assert found['images'][0]['label'] == 'NG'


def test_an_image_whose_size_is_not_known_is_left_out(service: Service) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    document = upload(service, 'a.svg', svg)
    assert instances(service)['images'] == []
    assert f'left out\t"{document["_id"]}"\t"a.svg"\t"its width' in readme(service)


@pytest.mark.parametrize('fields', ['boxes.label', 'label', '_id'])
def test_boxes_are_read_whatever_fields_are_asked_for(
    service: Service, fields: str
) -> None:
    upload_numbered(service, 1, boxes=[BOX])
    assert len(instances(service, f'{FORMAT}&fields={fields}')['annotations']) == 1


def test_duplicates_and_groups_are_as_in_imagefolder(service: Service) -> None:
    first = upload_numbered(service, 1, 'a.jpg', work='A')
    other = upload_numbered(service, 1, 'b.jpg', work='B')
    query = f'{FORMAT}&split=1/0&group_by=work'
    (image,) = instances(service, query, 'train')['images']
    assert image['_id'] == first['_id']
    assert f'left out\t"{other["_id"]}"' in readme(service, query)
    kept = instances(service, f'{query}&duplicates=keep', 'train')['images']
    assert len(kept) == 2


def test_the_readme_has_conditions_counts_rules_and_a_digest(service: Service) -> None:
    upload_numbered(service, 1, boxes=[BOX])
    text = readme(service)
    assert 'Conditions: format=coco\n' in text
    assert '  images: 1\n' in text
    assert 'pixels of the image as it is stored' in text
    assert 'SHA-256 of the lines "SHA256  PATH" of all images: ' in text
