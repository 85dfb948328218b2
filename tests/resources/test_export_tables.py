"""Exports of documents alone: as lines, as CSV, as a workbook."""

import json
import re
from typing import Any

import pytest
from pymongo.collection import Collection

from falcon_images.datasets.layouts.tables import Workbook
from falcon_images.formats.etags import document_tag
from tests.support.archives import rows_of, upload
from tests.support.service import Service

EXPORT = '/collections/c/export'


@pytest.fixture
def three(service: Service) -> Service:
    for number in range(3):
        fields = {'n': number, 'a': {'b': f'=text {number}'}}
        upload(service, f'{number}.jpg', json=json.dumps(fields))
    return service


def answer_of(service: Service, query: str) -> Any:
    answer = service.client.simulate_get(EXPORT, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


def listed(service: Service, query: str) -> Any:
    return service.client.simulate_get('/collections/c/images', query_string=query)


def without_tags(content: bytes) -> bytes:
    """A table without the column that lists have not, which is the last."""
    return re.sub(rb',(_tag|etag-[0-9a-f]{32})\r\n', b'\r\n', content)


@pytest.mark.parametrize(
    'query', ['', 'min_n=1&sort=n', 'limit=1&skip=1', 'fields=a.b']
)
@pytest.mark.parametrize('name', ['ndjson', 'csv'])
def test_text_is_that_of_a_list(three: Service, name: str, query: str) -> None:
    asked = f'format={name}&{query}'
    answer = answer_of(three, asked)
    assert without_tags(answer.content) == listed(three, asked).content
    assert f'"c.{name}"' in answer.headers['Content-Disposition']


def test_a_workbook_has_a_row_for_each_document(three: Service) -> None:
    answer = answer_of(three, 'format=xlsx&fields=n,a,image')
    expected = [
        {
            '_id': each['_id'],
            'image': each['image'],
            'n': each['n'],
            'a.b': each['a']['b'],
            '_tag': f'etag-{document_tag(each)}',
        }
        for each in listed(three, '').json
    ]
    assert rows_of(answer.content) == expected


@pytest.mark.parametrize('name', ['ndjson', 'csv'])
def test_no_document_is_no_error(three: Service, name: str) -> None:
    query = f'format={name}&n=77'
    assert answer_of(three, query).content == listed(three, query).content


def test_a_workbook_may_have_no_row(three: Service) -> None:
    assert rows_of(answer_of(three, 'format=xlsx&n=77').content) == []


def test_more_than_a_sheet_holds_is_400_and_names_csv(
    three: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workbook, 'max_documents', 2)
    answer = three.client.simulate_get(EXPORT, query_string='format=xlsx')
    assert answer.status_code == 400
    assert 'format=csv' in answer.json['description']
    for query in ('limit=2', 'skip=1', 'n=1'):
        answer_of(three, f'format=xlsx&{query}')


def test_a_text_that_no_cell_holds_is_400_and_names_csv(three: Service) -> None:
    upload(three, 'a.jpg', remark='x' * 40_000)
    answer = three.client.simulate_get(EXPORT, query_string='format=xlsx')
    assert answer.status_code == 400
    assert "'remark'" in answer.json['description']
    assert 'format=csv' in answer.json['description']
    answer_of(three, 'format=xlsx&fields=n')


@pytest.mark.parametrize('name', ['csv', 'xlsx', 'ndjson', 'files'])
def test_head_has_the_type(three: Service, name: str) -> None:
    query = f'format={name}'
    head = three.client.simulate_head(EXPORT, query_string=query)
    assert (
        head.headers['Content-Type'] == answer_of(three, query).headers['Content-Type']
    )


def test_the_time_of_the_database_grows_with_the_collection(
    three: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('falcon_images.metadata.lists.lists._DOCUMENTS_PER_LIMIT', 2)
    find, limits = Collection.find, []

    def note(self: Any, *args: Any, **options: Any) -> Any:
        limits.append(options.get('max_time_ms') if self.name == 'c' else None)
        return find(self, *args, **options)

    monkeypatch.setattr(Collection, 'find', note)
    answer_of(three, 'format=ndjson')
    assert 2 * 1000 * three.settings.query_timeout_seconds in limits
