"""Numbers of many digits are shown, and stay, as they are stored."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import documents, fill, open_first, until, upload
from tests.support.packing_proxy import packing_proxy
from tests.support.serving import Serving

NANOSECONDS = 1_732_600_000_123_456_789
LARGEST, SMALLEST = 2**63 - 1, -(2**63)
# Read and written by the page: what goes in comes out, but for blanks.
TEXTS = [
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    f'[{LARGEST},{SMALLEST},0,-1]',
    '{"a":{"b":[1732600000123456789,1.5]},"c":"1732600000123456789"}',
    '{"1732600000123456789":"x","y":"\\"1732600000123456789\\""}',
    '[1.7326000001234568e18,-1e300,0.1]',
    '[0.9966666666666667,-0.9966666666666667,1.2345678901234567e-05]',
    '["\\\\",1732600000123456789]',
    'null',
]
ROUND_TRIP = """async (text) => {
    const { parseJson, jsonText } = await import('/ui/parts/values.js');
    return jsonText(parseJson(text));
}"""


def write(page: Page, name: str, text: str) -> None:
    page.locator('.properties').get_by_label(name, exact=True).fill(text)
    page.get_by_role('button', name='Save').first.click()


@pytest.mark.parametrize('text', TEXTS)
def test_json_is_read_and_written_without_loss(
    page: Page, serving: Serving, text: str
) -> None:
    page.goto(f'{serving.url}/ui')
    written = page.evaluate(ROUND_TRIP, text)
    # Of numbers of one value, some are integers and others are not.
    assert repr(json.loads(written)) == repr(json.loads(text))


@pytest.mark.parametrize('number', [NANOSECONDS, LARGEST, SMALLEST])
def test_an_integer_of_64_bits_is_shown(
    page: Page, serving: Serving, number: int
) -> None:
    upload(serving, 'c', timestamp=number)
    open_first(page, serving)
    field = page.locator('.properties').get_by_label('timestamp', exact=True)
    expect(field).to_have_value(str(number))


def test_integers_beside_what_is_edited_stay(page: Page, serving: Serving) -> None:
    upload(serving, 'c', camera={'serial': NANOSECONDS, 'gain': 1})
    open_first(page, serving)
    write(page, 'camera.gain', '2')
    until(page, lambda: cameras(serving) == [{'serial': NANOSECONDS, 'gain': 2}])


def cameras(serving: Serving) -> list[Any]:
    return [document['camera'] for document in documents(serving)]


def test_an_integer_of_64_bits_can_be_written_and_undone(
    page: Page, serving: Serving
) -> None:
    upload(serving, 'c', timestamp=NANOSECONDS)
    open_first(page, serving)
    write(page, 'timestamp', str(NANOSECONDS + 2))
    until(page, lambda: documents(serving)[0]['timestamp'] == NANOSECONDS + 2)
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: documents(serving)[0]['timestamp'] == NANOSECONDS)


def test_corrections_work_behind_a_proxy_that_packs(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    with packing_proxy(serving.url) as url:
        page.goto(f'{url}/ui#/c?.image={documents(serving)[0]["_id"]}')
        write(page, 'label', 'scrap')
        until(page, lambda: documents(serving)[0]['label'] == 'scrap')
        write(page, 'label', 'again')
        until(page, lambda: documents(serving)[0]['label'] == 'again')
