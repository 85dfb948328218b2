"""Schemathesis asks the service what its description allows, and what it forbids."""

from collections.abc import Iterator
from typing import Any

import falcon
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    positive_data_acceptance,
)

from falcon_images.formats.xlsx import MEDIA_TYPE
from falcon_images.resources.openapi import OpenApi
from falcon_images.settings import Settings
from tests.support.importing import zipped
from tests.support.pictures import every_format, jpeg
from tests.support.service import Service, running

EXAMPLES = 10
# What a schema cannot tell: which texts are filters, sorts or moments, which parameters
# exclude each other, which digests are those of a body, which dotted names lead
# through values that are no objects, and which bytes are an archive or a table.
MAY_REFUSE = {
    *('listImages', 'countImages', 'uploadImage', 'changeImage'),
    *('importArchive', 'exportImages', 'queryImages', 'relabelImages'),
    *('makeSnapshot', 'claimImages', 'getHistogram'),
    *('getNeighbors', 'getFields', 'changeImages', 'deleteImages', 'listChanges'),
}
# 404: there is no such image; 412: it is not the one of If-Match.
ACCEPTED = ['2xx', '304', '404', '412']
# 412: of several faults, another number than `expect` may be the one that is told.
REFUSED = ['400', '401', '403', '404', '405', '406', '409', '412', '413', '415', '5xx']
PICTURES = strategies.sampled_from([content for content, _ in every_format().values()])


class Served:
    """What is asked: for the description first, and in the tests for everything."""

    def __init__(self) -> None:
        self.app: Any = falcon.App()
        self.app.add_route('/openapi.json', OpenApi())

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


SERVED = Served()


def description(mode: str) -> Any:
    """The description, to be asked with what it allows, or with all sorts of things."""
    options: dict[str, Any] = {
        'mode': mode,
        'max-examples': EXAMPLES,
        'deterministic': True,
        'database': 'none',
    }
    checks = {
        'positive_data_acceptance': {'expected-statuses': ACCEPTED},
        'negative_data_rejection': {'expected-statuses': REFUSED},
    }
    config = SchemathesisConfig.from_dict({'generation': options, 'checks': checks})
    return schemathesis.openapi.from_wsgi('/openapi.json', SERVED, config=config)


schemathesis.openapi.media_type('image/png', PICTURES)
ARCHIVES = strategies.sampled_from([zipped({'a.jpg': jpeg()}), zipped({})])
schemathesis.openapi.media_type('application/zip', ARCHIVES)
TABLES = strategies.sampled_from([b'_id,label\r\n', b'_id,label\r\n0,1\r\n', b''])
schemathesis.openapi.media_type('text/csv', TABLES)
schemathesis.openapi.media_type(MEDIA_TYPE, TABLES)
EVERYTHING = description('all')
IN_A_COLLECTION = description('positive').include(path_regex='{collection_name}')


@pytest.fixture(scope='module', autouse=True)
def asked(
    mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    settings = Settings(
        mongodb_url=mongodb_url,
        mongodb_db='test_described',
        uploads_directory=tmp_path_factory.mktemp('uploads'),
    )
    with running(settings) as service:
        SERVED.app = service.app
        yield service


def check(case: Any) -> None:
    named = case.operation.definition.raw['operationId']
    excluded: list[Any] = [positive_data_acceptance] if named in MAY_REFUSE else []
    # What it calls in this process is not unpacked, as a client would.
    headers = {'Accept-Encoding': 'identity'}
    case.call_and_validate(excluded_checks=excluded, headers=headers)


@EVERYTHING.parametrize()  # type: ignore[untyped-decorator]
def test_it_agrees(case: Any) -> None:
    check(case)


@IN_A_COLLECTION.parametrize()  # type: ignore[untyped-decorator]
def test_it_agrees_about_what_there_is(case: Any, asked: Service) -> None:
    image_id = asked.client.upload('example', label='OK')['_id']
    there = {'collection_name': 'example', 'image_id': image_id}
    if 'change_id' in case.path_parameters:
        there['change_id'] = changed(asked, image_id)
    if 'claim_id' in case.path_parameters:
        there['claim_id'] = claimed(asked)
    case.path_parameters |= {
        name: there[name] for name in case.path_parameters if name in there
    }
    check(case)


def claimed(service: Service) -> str:
    """Claim an image; the id of the claim."""
    answer = service.client.simulate_post('/collections/example/claims')
    found: str = answer.json['claim']
    return found


def changed(asked: Service, image_id: str) -> str:
    """Change images in bulk, and tell the id of the change."""
    answer = asked.client.simulate_patch(
        '/collections/example/images', params={'label': 'OK'}, json={'seen': image_id}
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json['change'])
