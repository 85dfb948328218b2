"""Thumbnails asked for over HTTP."""

from typing import Any

import falcon.testing

from tests.support.service import Service


def path_of(document: dict[str, Any], word: str = 'images') -> str:
    return f'/collections/c/{word}/{document["_id"]}/thumbnail'


def get(
    service: Service, document: dict[str, Any], size: str | None = None, **headers: str
) -> falcon.testing.Result:
    return service.client.simulate_get(
        path_of(document),
        params={'size': size} if size else {},
        headers={name.replace('_', '-'): value for name, value in headers.items()},
    )


def state(response: falcon.testing.Result) -> str:
    assert response.status_code == 200, response.text
    assert response.headers['Content-Type'] == 'image/webp'
    return response.headers['X-Thumbnail']
