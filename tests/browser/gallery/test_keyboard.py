"""The gallery by the keyboard alone, from the moment that it is opened."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import expect_images, fill, label_of, see, until
from tests.support.serving import Serving


@pytest.mark.parametrize(
    ('keys', 'index'),
    [
        (('ArrowRight',), '0'),
        (('ArrowRight', 'ArrowRight'), '1'),
        (('End',), '3'),
        (('Home', 'End'), '3'),
    ],
)
def test_keys_that_move_work_on_a_page_that_nobody_has_touched(
    page: Page, serving: Serving, keys: tuple[str, ...], index: str
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect_images(page, 4)
    for key in keys:
        page.keyboard.press(key)
    expect(page.locator('.tile.active')).to_have_attribute('data-index', index)
    expect(page.locator('.list')).to_be_focused()


def test_the_first_link_leads_to_the_images(page: Page, serving: Serving) -> None:
    fill(serving, 4)
    see(page, serving)
    expect_images(page, 4)
    page.keyboard.press('Tab')
    expect(page.get_by_text('Skip to the images')).to_be_focused()
    page.keyboard.press('Enter')
    expect(page.locator('.list')).to_be_focused()


def test_keys_of_labels_can_be_changed_and_are_listed(
    page: Page, serving: Serving
) -> None:
    newest, _ = fill(serving, 2)
    see(page, serving)
    page.get_by_role('button', name='Change…').click()
    page.get_by_label('Key for value 2').fill('g')
    expect(page.get_by_text('The key G does something else')).to_be_visible()
    page.get_by_label('Key for value 2').fill('a')
    expect(page.get_by_label('Value of key A')).to_have_value('OK')
    page.keyboard.press('Enter')
    page.reload()
    expect_images(page, 2)
    expect(page.get_by_role('button', name='A OK')).to_be_visible()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('a')
    until(page, lambda: label_of(serving, newest) == 'OK')
    page.keyboard.press('?')
    row = page.locator('.keys > div', has_text='Sets label to OK')
    expect(row.locator('kbd')).to_have_text('A')


def test_images_that_will_be_deleted_are_not_called_changed(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2)
    see(page, serving)
    expect_images(page, 2)
    page.keyboard.press('Control+a')
    page.keyboard.press('Delete')
    expect(page.get_by_role('dialog')).to_contain_text('2 images will be deleted:')
