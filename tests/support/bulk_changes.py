"""Bulk changes over HTTP, and the documents that they change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import bson
import falcon.testing
import pytest
from bson.raw_bson import RawBSONDocument

from tests.support.pictures import jpeg
from tests.support.service import Service

Result = falcon.testing.Result
JSON = 'application/json'
IMAGES = '/collections/c/images'
CHANGES = '/collections/c/changes'
NG = {'label': 'NG'}
LONG_AGO = bson.ObjectId('0' * 24).generation_time
CODEC: Any = bson.CodecOptions(document_class=RawBSONDocument)


def query(filter_: dict[str, Any] | None = None, **params: Any) -> str:
    given = {'filter': json.dumps(filter_)} if filter_ is not None else {}
    return urlencode(given | params)


def patch(
    service: Service,
    body: dict[str, Any],
    filter_: dict[str, Any] | None = NG,
    content_type: str = JSON,
    **params: Any,
) -> Result:
    return service.client.simulate_patch(
        IMAGES,
        body=json.dumps(body),
        content_type=content_type,
        query_string=query(filter_, **params),
    )


def delete(
    service: Service, filter_: dict[str, Any] | None = NG, **params: Any
) -> Result:
    return service.client.simulate_delete(IMAGES, query_string=query(filter_, **params))


def revert(service: Service, change: str) -> Result:
    return service.client.simulate_post(f'{CHANGES}/{change}/revert')


def finish(service: Service, change: str) -> Result:
    return service.client.simulate_post(f'{CHANGES}/{change}/finish')


def changes(service: Service, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.client.simulate_get(
        CHANGES, params=params
    ).json
    return found


def change_of(service: Service, change: str) -> dict[str, Any]:
    found: dict[str, Any] = service.client.simulate_get(f'{CHANGES}/{change}').json
    return found


def documents(service: Service) -> list[dict[str, Any]]:
    """All documents, oldest first."""
    listed = service.client.simulate_get(IMAGES, query_string='sort=time')
    found: list[dict[str, Any]] = listed.json
    return found


def labels(service: Service) -> list[str]:
    return [each['label'] for each in documents(service)]


def dump(service: Service, name: str = 'c') -> list[bytes]:
    """All documents of a collection, byte for byte, with what is not shown."""
    collection: Any = service.database.get_collection(name, codec_options=CODEC)
    return [document.raw for document in collection.find({}, sort=[('_id', 1)])]


def run_out(service: Service, field: str) -> None:
    """Let a time in all records of changes be over."""
    service.database['_service.changes'].update_many(
        {field: {'$exists': True}}, {'$set': {field: LONG_AGO}}
    )


def left_of_changes(service: Service) -> int:
    names = ('_service.changes', '_service.pending', '_service.before')
    return sum(service.database[name].count_documents({}) for name in names)


def legacy_file(service: Service) -> Path:
    """An image of the earlier version, and where its file is."""
    service.database['c'].insert_one({'image': 'old.jpg', 'n': 1})
    path = service.settings.uploads_directory / 'images/c/old.jpg'
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg())
    return path


def before(
    monkeypatch: pytest.MonkeyPatch,
    owner: type,
    name: str,
    action: Callable[[], object],
    times: int = 1,
) -> None:
    """Do something just before a method is called, as often as is told."""
    function = getattr(owner, name)
    left = [None] * times

    def called(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()
            action()
        return function(*args, **kwargs)

    monkeypatch.setattr(owner, name, called)


def delete_one(service: Service, image_id: str) -> None:
    path = f'{IMAGES}/{image_id}'
    assert service.client.simulate_delete(path).status_code == 200
