"""Names that mean something to JavaScript, and parts of the page that fail."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.looking import (
    documents,
    expect_images,
    fill,
    see,
    until,
    upload,
)
from tests.support.serving import Serving

NAMES = ('constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty')


@pytest.fixture
def faults(page: Page) -> Iterator[list[str]]:
    """What goes wrong in the page, which shall be nothing."""
    found: list[str] = []
    page.on('pageerror', lambda error: found.append(str(error)))
    yield found
    assert found == []


def filled(serving: Serving) -> None:
    nested: dict[str, Any] = {name: {name: name} for name in NAMES}
    upload(serving, 'c', 1, label='OK', nested=nested, **dict.fromkeys(NAMES, 'a'))
    upload(serving, 'c', 2, label='NG', **{name: name for name in NAMES})


@pytest.mark.usefixtures('faults')
def test_properties_of_any_name_are_shown_filtered_and_sorted(
    page: Page, serving: Serving
) -> None:
    filled(serving)
    see(page, serving)
    expect_images(page, 2)
    for name in NAMES:
        expect(page.locator(f'summary .name[title="{name}"]')).to_be_visible()
    order = page.get_by_label('Order')
    order.select_option('-__proto__')
    expect_images(page, 2)
    order.select_option('constructor')
    page.get_by_role('button', name='As a table').click()
    for name in NAMES:
        expect(page.get_by_role('columnheader', name=name)).to_be_visible()
    expect(page.get_by_role('gridcell', name='__proto__')).to_be_visible()


@pytest.mark.usefixtures('faults')
@pytest.mark.parametrize('name', NAMES)
def test_any_name_works_in_an_address_and_as_a_label(
    page: Page, serving: Serving, name: str
) -> None:
    filled(serving)
    keys = quote(json.dumps(['b', {'toString': 1, 'valueOf': 2}, None]))
    columns = quote(','.join((*NAMES, f'nested.{name}.{name}')))
    own = f'.{name}=x&.view=table&.columns={columns}&.label={name}&.keys={keys}'
    see(page, serving, f'/c?{name}=a&sort={name}&{own}')
    expect_images(page, 1)
    expect(page.get_by_role('gridcell', name=name, exact=True)).to_be_visible()
    page.locator('.table-row .cell').first.click()
    viewer = page.get_by_role('dialog', name='image_1.jpg')
    expect(viewer.locator(f'.property .name[title="{name}"]')).to_be_visible()
    viewer.press('1')
    expected = {name, 'b'}
    until(page, lambda: {each[name] for each in documents(serving)} == expected)


@pytest.mark.parametrize('part', ['Filters', 'Toolbar', 'Properties', 'Header'])
def test_a_part_that_fails_does_not_take_the_others_with_it(
    page: Page, serving: Serving, part: str
) -> None:
    fill(serving, 4)
    found = break_part(page, part)
    see(page, serving)
    expect_images(page, 4)
    page.locator('.tile').first.click()
    viewer = page.get_by_role('dialog', name='image_3.jpg')
    expect(viewer).to_be_visible()
    page.keyboard.press('ArrowRight')
    expect(page.get_by_role('dialog', name='image_2.jpg')).to_be_visible()
    said = page.get_by_text('This part of the page failed')
    expect(said.first).to_be_visible()
    assert sum(found) == 1


def break_part(page: Page, part: str) -> list[int]:
    """Have the browser get the page with a component that cannot be drawn.

    What is returned is how often it was found in each file.
    """
    begin, broken = f'function {part}(', 'throw new Error("broken"); }'

    found: list[int] = []

    def fulfill(route: Route) -> None:
        text = route.fetch().text()
        found.append(text.count(begin))
        body = text.replace(begin, f'{begin}) {{ {broken}\nfunction whole{part}(')
        route.fulfill(body=body, content_type='text/javascript')

    page.route(re.compile(r'/ui/(page|later)\.js\?'), fulfill)
    return found
