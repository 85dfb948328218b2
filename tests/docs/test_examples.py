"""Every example of the documentation can be pasted, in turn, and finds something."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from falcon_images.properties import SYSTEM_FIELDS
from tests.support.documentation import prose, table
from tests.support.examples import (
    NOT_RUN,
    Block,
    Call,
    Examples,
    Run,
    blocks,
    pages_in_order,
    requests_of_powershell,
    requests_of_python,
    requests_of_shell,
)
from tests.support.serving import ROOT, Serving

HAS_SHELL = shutil.which('bash') and shutil.which('curl') and os.name != 'nt'
pytestmark = [
    # They all run after each other once, for all tests of this module.
    pytest.mark.timeout(300),
    pytest.mark.skipif(not HAS_SHELL, reason='needs bash and curl'),
]
RUNNABLE = [block for block in blocks('sh', 'python') if not block.reason_not_to_run]
OTHERS = [block for block in blocks('sh', 'python') if block.reason_not_to_run]
POWERSHELL = {block.page for block in blocks('powershell') if 'Invoke-' in block.text}
# What the text says is refused.
REFUSED = 'format=jpg'
IN_TEXT = re.findall(r'`([a-z_.]+=[^`…]+)`', prose('docs/querying.md'))
QUERIES = [query for query in IN_TEXT if query != REFUSED]
OBJECTS = re.compile(r'`(\{"[^…`]*\})`')


class Reader:
    """Somebody who pastes all examples, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.serving = Serving(folder, '--workers', '1').ready()
        self.images = f'{self.serving.url}/collections/example/images'
        examples = Examples(folder, self.serving.url)
        self.runs: dict[Block, Run] = {}
        for page in pages_in_order():
            self.runs |= examples.run(page)

    def find(self, **query: str) -> list[dict[str, Any]]:
        answer = requests.get(self.images, params=query, timeout=60)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()
        return found


@pytest.fixture(scope='module')
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    made = Reader(tmp_path_factory.mktemp('reader'))
    yield made
    made.serving.stop()


def finds_something(call: Call) -> bool:
    """Return whether an answer holds anything."""
    if call.method == 'HEAD':
        total = re.search(r'^x-total-count: (\d+)', call.body, re.I | re.M)
        return not total or int(total[1]) > 0
    if not call.body.startswith(('[', '{')):
        return call.size > 0
    answer = json.loads(call.body.partition('\n')[0])
    return counts_something(answer) if isinstance(answer, dict) else bool(answer)


def counts_something(answer: dict[str, Any]) -> bool:
    """Return whether an answer counts more than nought, or has a neighbor."""
    numbers = ('matched', 'changed', 'documents', 'reverted')
    has_neighbor = answer.get('previous', True) or answer.get('next')
    return bool(has_neighbor) and all(answer.get(name, 1) for name in numbers)


@pytest.mark.parametrize('block', RUNNABLE, ids=str)
def test_an_example_ends_well(reader: Reader, block: Block) -> None:
    assert reader.runs[block].has_ended, reader.runs[block].output


@pytest.mark.parametrize('block', RUNNABLE, ids=str)
def test_an_example_does_what_it_says(reader: Reader, block: Block) -> None:
    run = reader.runs[block]
    assert run.calls or run.output
    assert [call for call in run.calls if call.status // 100 != 2] == []
    assert [call for call in run.calls if not finds_something(call)] == []


@pytest.mark.parametrize('block', OTHERS, ids=str)
def test_an_example_that_needs_more_than_a_test_has(block: Block) -> None:
    pytest.skip(block.reason_not_to_run)


@pytest.mark.parametrize('start', NOT_RUN)
def test_what_is_left_out_is_there(start: str) -> None:
    assert any(block.text.startswith(start) for block in OTHERS)


def test_no_request_of_an_example_is_refused(reader: Reader) -> None:
    assert re.findall(r'INFO \w+ /\S* [45]\d\d .*', reader.serving.log) == []


def test_changes_of_many_images_come_out_right(reader: Reader) -> None:
    (run,) = (
        run
        for block, run in reader.runs.items()
        if block.page == 'docs/changes.md' and 'dry_run' in block.text
    )
    answers = [json.loads(call.body) for call in run.calls if call.method != 'GET']
    counts = {(a.get('matched'), a.get('changed'), a.get('reverted')) for a in answers}
    reviewed = next(a['changed'] for a in answers if a.get('matched', 0) > 30)
    assert reviewed > 0
    assert counts >= {(12, 12, None), (None, None, 12), (2, 2, None)}


def test_a_change_that_was_undone_can_be_made_again(reader: Reader) -> None:
    assert len(reader.find(ai_prediction='NG', max_score='0.2')) == 12


def test_the_samples_can_be_uploaded_again(reader: Reader) -> None:
    before = len(reader.find())
    assert not reader.find(trash='true')
    script = ROOT / 'scripts/sample_images.py'
    subprocess.run(
        [sys.executable, script, reader.serving.url],
        cwd=reader.serving.folder,
        check=True,
    )
    # Only those that were deleted: all others have their keys.
    assert len(reader.find(trash='true')) == 2
    assert len(reader.find()) == before + 2


@pytest.mark.parametrize(
    'condition', [each for row in table('Condition') for each in row[0].split('`, `')]
)
def test_a_condition_of_the_table_finds_something(
    reader: Reader, condition: str
) -> None:
    answer = requests.get(f'{reader.images}?{condition}&limit=1', timeout=60)
    assert len(answer.json()) == 1, answer.text


@pytest.mark.parametrize('query', QUERIES)
def test_a_query_in_the_text_finds_something(reader: Reader, query: str) -> None:
    answer = requests.get(f'{reader.images}?{query}', timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()


def test_a_query_that_the_text_calls_refused_is_refused(reader: Reader) -> None:
    assert REFUSED in IN_TEXT
    answer = requests.get(f'{reader.images}?{REFUSED}', timeout=60)
    assert answer.status_code == 400


@pytest.mark.parametrize('text', OBJECTS.findall(prose('docs/querying.md')))
def test_a_filter_or_order_in_the_text_is_one(reader: Reader, text: str) -> None:
    is_order = any(isinstance(value, int) for value in json.loads(text).values())
    name = 'sort' if is_order else 'filter'
    assert reader.find(**{name: text})


@pytest.mark.parametrize('text', OBJECTS.findall(prose('docs/documents.md')))
def test_a_body_in_the_text_fits_an_image(reader: Reader, text: str) -> None:
    (image,) = reader.find(has_marks='true')
    answer = requests.patch(
        f'{reader.images}/{image["_id"]}', json=json.loads(text), timeout=60
    )
    assert answer.status_code == 200, answer.text


def test_the_documents_that_are_shown_have_properties_of_the_samples(
    reader: Reader,
) -> None:
    fields = requests.get(reader.images.replace('images', 'fields'), timeout=60).json()
    known = {field['name'] for field in fields['fields']}
    (document,) = (
        json.loads(b.text) for b in blocks('json') if b.page == 'docs/documents.md'
    )
    counted, _ = (
        json.loads(b.text) for b in blocks('json') if b.page == 'docs/fields.md'
    )
    shown = {*document, *(field['name'] for field in counted['fields'])}
    assert shown - {*SYSTEM_FIELDS} <= known


@pytest.mark.parametrize('page', sorted(POWERSHELL))
def test_powershell_requests_what_another_example_of_its_page_does(page: str) -> None:
    known = requests_of_shell(text_of(page, 'sh'))
    known |= requests_of_python(text_of(page, 'python'))
    requested = requests_of_powershell(text_of(page, 'powershell'))
    assert requested
    assert requested - known == set()


def text_of(page: str, language: str) -> str:
    return '\n'.join(block.text for block in blocks(language) if block.page == page)
