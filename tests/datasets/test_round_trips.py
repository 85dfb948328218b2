"""Round trips: what the service exports comes back through an import as it was."""

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from tests.support.archives import exported, upload
from tests.support.pictures import jpeg
from tests.support.service import Service
from tests.support.tars import TAR

BOX = {'x': 8, 'y': 4, 'w': 10, 'h': 6.5, 'label': 'scratch', 'score': 0.9}
POLYGON = {'points': [[0, 0], [20, 0], [0, 10]], 'label': 'a/b'}
POINT = {'x': 31, 'y': 12.25, 'label': '傷'}
SHAPES = ('boxes', 'polygons', 'points')
# Names of files, classes and other properties.
IMAGES: list[tuple[str, str, dict[str, Any]]] = [
    ('a.jpg', 'OK', {'boxes': [BOX, {**BOX, 'x': 0}], 'n': 1}),
    ('a.jpg', 'ok', {'n': 2, 'note': 'twice', 'image_': 'x', 'image__': 'y'}),
    ('A.JPG', 'a/b', {'polygons': [POLYGON], 'camera': {'gain': 3, 'lens': {'f': 8}}}),
    ('x<y>:z?.jpg', '100%', {'points': [POINT], 'score': 0.5, 'flag': True}),
    ('検査 1.jpg', '検査', {'boxes': [BOX], 'points': [POINT], 'file_name': 'b'}),
    ('con.jpg', 'CON', {'tags': ['a', 'b'], 'camera': {'name': 'é'}}),
    ('.hidden.v2.jpg', '.x ', {'n': 3}),
    ('README.txt', '%', {'n': 4}),
    ('metadata.jsonl', 'a%2Fb', {'n': 5}),
    ('instances_a.json', 'OK', {'n': 7}),
    ('no extension', 'x' * 199, {'n': 6}),
]
LABELLED = {'label_by': 'label'}
SPLIT = {'label_by': 'label', 'split_by': 'set'}
# How each is exported, and what its import needs to be told.
WITH_IDS: dict[str, dict[str, str]] = {
    '': {},
    'format=imagefolder': {},
    'format=imagefolder&label_by=label': LABELLED,
    'format=imagefolder&label_by=label&split=50/50': LABELLED,
    'format=webdataset': {},
    'format=webdataset&label_by=label&split=50/50': LABELLED,
    'format=coco': {},
    'format=coco&label_by=label&split=50/50': LABELLED,
}
WITHOUT_IDS: dict[str, dict[str, str]] = {
    'format=files': {},
    'format=yolo-cls&label_by=label': LABELLED,
    'format=yolo-cls&label_by=label&split=50/50': SPLIT,
}


def fill(service: Service) -> list[dict[str, Any]]:
    for number, (name, label, properties) in enumerate(IMAGES):
        text = json.dumps({'label': label, **properties})
        upload(service, name, jpeg() + number.to_bytes(2), json=text)
    return documents(service, 'c')


def documents(service: Service, collection: str) -> list[dict[str, Any]]:
    path = f'/collections/{collection}/images'
    found: list[dict[str, Any]] = service.client.simulate_get(
        path, params={'sort': '_id'}
    ).json
    return found


def imported(
    service: Service, collection: str, archive: bytes, params: dict[str, str]
) -> dict[str, Any]:
    answer = service.client.simulate_post(
        f'/collections/{collection}/import',
        body=archive,
        content_type='application/zip' if archive.startswith(b'PK') else TAR,
        params=params,
    )
    assert answer.status_code == 200, answer.text
    assert answer.json['skipped'] == []
    counts: dict[str, Any] = answer.json
    return {name: counts[name] for name in ('imported', 'updated', 'unchanged')}


def digests(service: Service, collection: str) -> Counter[str]:
    """Count the images of each content, as they are sent."""
    paths = (
        f'/collections/{collection}/images/{each["_id"]}/image'
        for each in documents(service, collection)
    )
    contents = (service.client.simulate_get(path).content for path in paths)
    return Counter(hashlib.sha256(content).hexdigest() for content in contents)


def as_text(value: Any, is_of_lists: bool) -> Any:
    """Return a value as tables have it, where lists, or all, are text in columns."""
    if isinstance(value, dict):
        return {name: as_text(each, is_of_lists) for name, each in value.items()}
    if isinstance(value, str) or (is_of_lists and not isinstance(value, list)):
        return value
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def promised(document: dict[str, Any], query: str) -> dict[str, Any]:
    """Return what an export has of an image, and an import takes from it."""
    if 'coco' in query:
        names = ('_id', *SHAPES, *(['label'] if 'label_by' in query else []))
        return {name: document[name] for name in names if name in document}
    if 'imagefolder' in query:
        facts, others = document.pop('_file'), document
        # A column that one split lacks is text.
        return {'_file': facts, **as_text(others, is_of_lists='split' not in query)}
    return document


@pytest.mark.parametrize('query', WITH_IDS)
def test_an_export_with_ids_brings_everything_that_it_has(
    service: Service, query: str
) -> None:
    before = fill(service)
    archive = exported(service, query)
    assert imported(service, 'd', archive, WITH_IDS[query])['imported'] == len(IMAGES)
    after = documents(service, 'd')
    assert [promised(each, query) for each in after] == [
        promised(each, query) for each in before
    ]
    assert digests(service, 'd') == digests(service, 'c')


@pytest.mark.parametrize('query', WITHOUT_IDS)
def test_an_export_without_ids_brings_the_bytes_and_the_class(
    service: Service, query: str
) -> None:
    fill(service)
    params = WITHOUT_IDS[query]
    assert imported(service, 'd', exported(service, query), params)['imported'] == len(
        IMAGES
    )
    assert digests(service, 'd') == digests(service, 'c')
    if 'label_by' in params:
        labels = sorted(each['label'] for each in documents(service, 'd'))
        assert labels == sorted(label for _, label, _ in IMAGES)
    if 'split_by' in params:
        assert {each['set'] for each in documents(service, 'd')} == {'train', 'val'}


@pytest.mark.parametrize('query', WITH_IDS)
def test_an_export_with_ids_changes_nothing_where_it_comes_from(
    service: Service, query: str
) -> None:
    before = fill(service)
    counts = imported(service, 'c', exported(service, query), WITH_IDS[query])
    assert counts == {'imported': 0, 'updated': 0, 'unchanged': len(IMAGES)}
    assert documents(service, 'c') == before


@pytest.mark.parametrize('query', [*WITH_IDS, *WITHOUT_IDS])
def test_a_second_import_of_an_export_changes_nothing(
    service: Service, query: str
) -> None:
    fill(service)
    params = {**WITH_IDS, **WITHOUT_IDS}[query]
    archive = exported(service, query)
    imported(service, 'd', archive, params)
    before = documents(service, 'd')
    counts = imported(service, 'd', archive, params)
    assert counts == {'imported': 0, 'updated': 0, 'unchanged': len(IMAGES)}
    assert documents(service, 'd') == before
