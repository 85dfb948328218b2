"""A table that was exported and edited, on its way back into the images."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.looking import (
    documents,
    dropped,
    expect_images,
    fill,
    see,
    until,
)
from tests.support.serving import Serving

REPORT: dict[str, Any] = {
    'rows': 4,
    'matched': 1,
    'unchanged': 1,
    'columns': ['label', 'work'],
    'conflicts': [{'row': 3, '_id': 'a' * 24}],
    'conflict_count': 1,
    'warnings': [
        {
            'row': 4,
            '_id': 'b' * 24,
            'column': 'work',
            'before': '00123',
            'cell': '123',
            'reason': 'Zeros were lost.',
        }
    ],
    'warning_count': 1,
}
DIFFERENCE = {
    'row': 2,
    '_id': 'c' * 24,
    'changes': {'label': {'before': 'OK', 'after': 'NG'}},
}
PREVIEW = REPORT | {
    'dry_run': True,
    'differences': [DIFFERENCE],
    'unknown': [],
    'unknown_count': 0,
}


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / 'c.csv'
    path.write_text('_id,label\n')
    return path


def described(page: Page, serving: Serving, *, takes_tables: bool) -> None:
    """Have the service describe the route for tables, or not."""
    answer = serving.get('/openapi.json').json()
    path = '/collections/{collection_name}/relabel'
    answer['paths'].pop(path, None)
    if takes_tables:
        answer['paths'][path] = {'post': {}}
    page.route('**/openapi.json', lambda route: route.fulfill(json=answer))


def answered(page: Page, preview: dict[str, Any]) -> list[str]:
    """Answer for the service; return the addresses that are asked for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url.partition('?')[2])
        if 'dry_run' in route.request.url:
            route.fulfill(json=preview)
        else:
            route.fulfill(json=REPORT | {'change': 'd' * 24, 'changed': 1})

    page.route('**/collections/c/relabel**', answer)
    return asked


def opened(page: Page, serving: Serving, sheet: Path) -> Locator:
    """Drop a table on the page of a collection."""
    fill(serving, 2)
    see(page, serving)
    expect_images(page, 2)
    dropped(page, [str(sheet)])
    return page.get_by_role('dialog', name='Label by a table')


def test_a_table_shows_its_differences_before_they_are_made(
    page: Page, serving: Serving, sheet: Path
) -> None:
    described(page, serving, takes_tables=True)
    asked = answered(page, PREVIEW)
    dialog = opened(page, serving, sheet)
    expect(dialog).to_contain_text('label: "OK" → "NG"')
    expect(dialog).to_contain_text('work: "00123" → "123"')
    expect(dialog).to_contain_text('Images that somebody changed since')
    assert asked == ['dry_run=true']
    dialog.get_by_role('button', name='Label 1').click()
    expect(page.get_by_text('1 image changed.')).to_be_visible()
    assert asked == ['dry_run=true', 'expect=1']


def test_a_table_that_was_exported_and_edited_labels_its_images(
    page: Page, serving: Serving, sheet: Path
) -> None:
    dialog = opened(page, serving, sheet)
    dialog.get_by_role('button', name='Cancel').click()
    exported = serving.get('/collections/c/export?format=csv').content.decode('utf-8')
    sheet.write_text(exported.replace('NG', 'scrap'), 'utf-8')
    dropped(page, [str(sheet)])
    expect(dialog).to_contain_text('label: "NG" → "scrap"')
    dialog.get_by_role('button', name='Label 1').click()
    expect(page.get_by_text('1 image changed.')).to_be_visible()
    assert len(documents(serving, '?label=scrap')) == 1
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: len(documents(serving, '?label=NG')) == 1)


def test_doubtful_cells_are_taken_when_asked(
    page: Page, serving: Serving, sheet: Path
) -> None:
    described(page, serving, takes_tables=True)
    asked = answered(page, PREVIEW)
    dialog = opened(page, serving, sheet)
    dialog.get_by_label('Take doubtful cells').check()
    expect(dialog.get_by_role('button', name='Label 1')).to_be_enabled()
    dialog.get_by_role('button', name='Label 1').click()
    expect(page.get_by_role('dialog')).to_have_count(0)
    assert asked == ['dry_run=true', 'dry_run=true&exact=true', 'expect=1&exact=true']


def test_a_table_with_unknown_images_changes_nothing(
    page: Page, serving: Serving, sheet: Path
) -> None:
    described(page, serving, takes_tables=True)
    unknown = {'unknown': [{'row': 7, '_id': 'e' * 24}], 'unknown_count': 1}
    answered(page, PREVIEW | unknown)
    dialog = opened(page, serving, sheet)
    expect(dialog).to_contain_text('There are rows whose images do not exist (7')
    expect(dialog.get_by_role('button', name='Label 1')).to_be_disabled()


def test_what_a_table_changed_is_undone(
    page: Page, serving: Serving, sheet: Path
) -> None:
    described(page, serving, takes_tables=True)
    answered(page, PREVIEW)
    answer = {'reverted': 1, 'conflict_count': 0}
    page.route('**/revert', lambda route: route.fulfill(json=answer))
    opened(page, serving, sheet).get_by_role('button', name='Label 1').click()
    with page.expect_request(f'**/changes/{"d" * 24}/revert'):
        page.get_by_role('button', name='Undo').click()
    expect(page.get_by_text('1 undone.')).to_be_visible()


def test_the_changes_name_the_file_of_a_table(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    image_id = documents(serving)[0]['_id']
    sent = serving.session.post(
        f'{serving.url}/collections/c/relabel',
        files={'file': ('week 47.csv', f'_id,label\n{image_id},X\n')},
        timeout=60,
    )
    assert sent.json()['changed'] == 1, sent.text
    see(page, serving)
    page.get_by_role('button', name='Changes').click()
    changed = page.get_by_role('dialog', name='Changes').get_by_role('listitem')
    expect(changed).to_contain_text('1 image changed.')
    expect(changed.locator('code')).to_have_text(['week 47.csv'])


def test_without_the_route_a_table_is_no_table(
    page: Page, serving: Serving, sheet: Path
) -> None:
    described(page, serving, takes_tables=False)
    fill(serving, 2)
    see(page, serving)
    expect_images(page, 2)
    dropped(page, [str(sheet)])
    expect(page.get_by_role('region', name='Uploads')).to_be_visible()
    expect(page.get_by_role('dialog')).to_have_count(0)
