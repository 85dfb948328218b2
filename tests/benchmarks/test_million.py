"""The collection that measurements are made on: it is as if uploaded."""

import hashlib
import itertools
from typing import Any

import click.testing

from benchmarks.million import documents, main
from falcon_images.maintenance.check import Check
from falcon_images.maintenance.findings import Extent
from falcon_images.metadata.inventory import Inventory
from tests.support.service import Service

COUNT = 200


def fill(service: Service, *options: str, count: int = COUNT) -> click.testing.Result:
    url, name = service.settings.mongodb_url, service.settings.mongodb_db
    required = ['--url', url, '--db', name, '--collection', 'line']
    arguments = [*required, '--documents', str(count), *options]
    return click.testing.CliRunner().invoke(main, arguments)


def fill_with_files(service: Service, count: int = COUNT, files: int = COUNT) -> None:
    uploads = str(service.settings.uploads_directory)
    options = ('--uploads', uploads, '--files', str(files), '--clear')
    result = fill(service, *options, count=count)
    assert result.exit_code == 0, result.output


def listed(service: Service, **params: Any) -> list[dict[str, Any]]:
    response = service.client.simulate_get('/collections/line/images', params=params)
    assert response.status_code == 200
    return list(response.json)


def test_the_same_seed_makes_the_same_documents() -> None:
    assert list(documents(50)) == list(documents(50))
    assert list(documents(50, seed=1)) != list(documents(50))
    assert len({document['_id'] for document in documents(1000)}) == 1000


def test_documents_are_those_of_a_line() -> None:
    made = list(documents(10_000))
    times = [document['time'] for document in made]
    assert {(b - a).seconds for a, b in itertools.pairwise(times)} == {1}
    ng = [document for document in made if document['ai_prediction'] == 'NG']
    assert 200 < len(ng) < 400
    assert {type(document['frame']) for document in made} == {int, str}
    assert 1000 < sum('label' in document for document in made) < 9000
    assert len({document['work'] for document in made}) == 10_000


def test_they_have_the_fields_of_an_upload(service: Service) -> None:
    uploaded = service.client.upload('c')
    assert fill(service).exit_code == 0
    made = listed(service, limit=1)[0]
    for name, value in uploaded.items():
        assert type(made[name]) is type(value)
    assert made['_file'].keys() == uploaded['_file'].keys()


def test_the_service_lists_and_filters_them(service: Service) -> None:
    assert f'{COUNT} documents' in fill(service).output
    found = listed(service)
    assert len(found) == COUNT
    assert found[0]['image'] == f'line4_{COUNT - 1:07}.jpg'
    ng = listed(service, filter='{"ai_prediction": "NG"}')
    assert 0 < len(ng) < COUNT / 10


def test_they_have_the_indexes_of_the_service(service: Service) -> None:
    service.client.upload('c')
    fill(service)
    database = service.database
    assert database.line.index_information() == database.c.index_information()


def test_with_files_a_check_finds_nothing_wrong(service: Service) -> None:
    fill_with_files(service)
    client: Any = service.database.client
    inventory = Inventory(client, service.settings.mongodb_db)
    extent = Extent(is_deep=True, grace_seconds=0)
    assert list(Check(service.folder, inventory, extent).run()) == []
    assert len(service.stored_files()) == COUNT


def test_a_file_is_sent_as_its_document_says(service: Service) -> None:
    fill_with_files(service, count=3)
    document = listed(service, limit=1)[0]
    response = service.client.simulate_get(
        f'/collections/line/images/{document["_id"]}/image'
    )
    assert hashlib.sha256(response.content).hexdigest() == document['_file']['sha256']
    assert len(response.content) == document['_file']['size']


def test_the_first_documents_get_the_files(service: Service) -> None:
    fill_with_files(service, count=5, files=2)
    assert [document['_file']['width'] for document in listed(service)] == [
        *(1920, 1920, 1920),
        *(96, 96),
    ]
    assert len(service.stored_files()) == 2


def test_what_is_there_already_is_told(service: Service) -> None:
    fill(service, count=5)
    again = fill(service, count=6)
    assert again.exit_code == 1
    assert '--clear' in again.output


def test_clear_begins_anew(service: Service) -> None:
    assert fill(service, '--clear', count=3).exit_code == 0
    assert fill(service, '--clear', count=5).exit_code == 0
    assert len(listed(service)) == 5


def test_clear_deletes_the_files_too(service: Service) -> None:
    fill_with_files(service, count=5)
    fill_with_files(service, count=4, files=2)
    assert len(listed(service)) == 4
    assert len(service.stored_files()) == 2
