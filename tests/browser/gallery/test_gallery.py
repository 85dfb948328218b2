"""The gallery, as somebody uses it who has never seen it."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.support.looking import (
    documents,
    expect_images,
    fill,
    see,
    until,
)
from tests.support.pictures import every_format, jpeg
from tests.support.serving import Serving


def test_an_empty_service_says_what_to_do(page: Page, serving: Serving) -> None:
    page.goto(f'{serving.url}/ui')
    expect(page.get_by_text('No images yet')).to_be_visible()
    page.locator('main').get_by_role('button', name='Upload').click()
    expect(page.get_by_role('region', name='Uploads')).to_be_visible()


def test_collections_are_shown_with_count_and_newest_image(
    page: Page, serving: Serving
) -> None:
    fill(serving, 3, 'first')
    fill(serving, 1, 'second')
    page.goto(f'{serving.url}/ui')
    card = page.get_by_role('link', name='first')
    expect(card).to_contain_text('3 images')
    expect(card.locator('img')).to_have_attribute('src', re.compile('^blob:'))
    card.click()
    expect_images(page, 3)
    page.go_back()
    expect(card).to_be_visible()


def test_a_filter_finds_images_and_is_in_the_address(
    page: Page, serving: Serving
) -> None:
    fill(serving, 5)
    see(page, serving)
    expect_images(page, 5)
    page.locator('.value', has_text='NG').click()
    expect_images(page, 2)
    expect(page).to_have_url(f'{serving.url}/ui#/c?label=NG')
    # What else could be chosen is still told.
    expect(page.locator('.value', has_text='OK')).to_contain_text('3')
    other = page.context.new_page()
    other.goto(page.url)
    expect_images(other, 2)
    page.go_back()
    expect_images(page, 5)


def test_a_condition_of_any_kind_can_be_added_and_taken_away(
    page: Page, serving: Serving
) -> None:
    fill(serving, 6)
    see(page, serving)
    page.locator('.list').focus()
    page.keyboard.press('/')
    page.get_by_label('Property').fill('frame')
    page.get_by_label('Comparison').select_option('min_')
    page.get_by_label('Value').fill('4')
    page.keyboard.press('Enter')
    expect_images(page, 2)
    page.get_by_role('button', name='Remove frame ≥ 4').click()
    expect_images(page, 6)


def test_a_view_can_be_a_table_sorted_by_a_column(page: Page, serving: Serving) -> None:
    fill(serving, 4)
    see(page, serving)
    page.get_by_role('button', name='As a table').click()
    expect(page.get_by_role('row')).to_have_count(5)
    page.get_by_role('columnheader', name='frame').get_by_role('button').click()
    page.get_by_role('columnheader', name='frame ↓').get_by_role('button').click()
    expect(page.locator('.table-row').first).to_contain_text('image_0.jpg')
    page.get_by_role('button', name='Columns').click()
    page.get_by_role('dialog').get_by_label('frame').uncheck()
    page.get_by_role('button', name='Save').click()
    expect(page.get_by_role('columnheader', name='frame')).to_have_count(0)
    assert 'sort=frame' in page.url
    assert '.view=table' in page.url


@pytest.mark.parametrize('width', [1280, 390])
def test_the_page_fits_its_window(page: Page, serving: Serving, width: int) -> None:
    fill(serving, 3)
    page.set_viewport_size({'width': width, 'height': 800})
    for address in ('/', '/c', '/c?label=OK&min_frame=0&.view=table'):
        see(page, serving, address)
        expect(page.locator('main')).to_be_visible()
        page.wait_for_load_state('networkidle')
        overflow = page.evaluate('document.documentElement.scrollWidth - innerWidth')
        assert overflow <= 0, address


def test_japanese_by_the_browser_and_by_choice(
    browser: Browser, serving: Serving
) -> None:
    fill(serving, 2)
    context = browser.new_context(locale='ja-JP')
    page = context.new_page()
    page.goto(f'{serving.url}/ui')
    expect(page.get_by_role('button', name='アップロード')).to_be_visible()
    expect(page.locator('.card').get_by_text('2 枚')).to_be_visible()
    assert page.evaluate('document.documentElement.lang') == 'ja'
    page.get_by_label('言語').select_option('en')
    expect(page.get_by_role('button', name='Upload')).to_be_visible()
    page.reload()
    expect(page.locator('.card').get_by_text('2 images')).to_be_visible()
    context.close()


def test_both_languages_have_the_same_words(page: Page, serving: Serving) -> None:
    page.goto(f'{serving.url}/ui')
    english, japanese = page.evaluate("""async () => [
        Object.keys((await import('/ui/parts/english.js')).ENGLISH),
        Object.keys((await import('/ui/parts/japanese.js')).JAPANESE)]""")
    assert [word for word in english if not word.endswith('_1')] == japanese


def test_every_key_is_shown(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    see(page, serving)
    page.locator('.list').focus()
    page.keyboard.press('?')
    keys = page.get_by_role('dialog', name='Keys')
    expect(keys).to_contain_text('Sets label to OK')
    expect(keys).to_contain_text('Open the image')
    page.keyboard.press('Escape')
    expect(page.get_by_role('dialog')).to_have_count(0)
    expect(page.locator('.list')).to_be_focused()


def test_what_is_asked_for_can_be_copied(page: Page, serving: Serving) -> None:
    fill(serving, 3)
    see(page, serving, '/c?label=OK&sort=-frame')
    page.get_by_role('button', name='Copy as curl or Python').click()
    shown = page.locator('dialog pre')
    assert f"'{serving.url}/collections/c/images'" in shown.inner_text()
    assert "--data-urlencode 'label=OK'" in shown.inner_text()
    page.get_by_role('tab', name='Python').click()
    assert program(shown.inner_text()) == documents(serving, '?label=OK&sort=-frame')


def program(text: str) -> object:
    """Run a program that prints JSON, and read it."""
    printed: list[object] = []
    exec(text, {'print': printed.append})
    return printed[0]


def test_pictures_of_all_formats_are_drawn(page: Page, serving: Serving) -> None:
    for image, _ in every_format().values():
        serving.upload(image)
    see(page, serving)
    count = len(every_format())
    expect_images(page, count)
    drawn = "[...document.querySelectorAll('.tile img')].filter(i => i.naturalWidth)"
    until(page, lambda: page.evaluate(f'{drawn}.length') == count)
    expect(page.locator('.stand-in')).to_have_count(0)


def test_each_reason_for_no_picture_is_shown_as_itself(
    page: Page, serving: Serving
) -> None:
    ids = fill(serving, 4)
    states = ('damaged', 'unavailable')
    answers: list[dict[str, Any]] = [
        *({'headers': {'X-Thumbnail': state}, 'body': jpeg()} for state in states),
        {'status': 404, 'body': '{}'},
        {'status': 500, 'body': '{}'},
    ]
    found = dict(zip(ids, answers, strict=True))
    page.route(
        '**/thumbnail?*',
        lambda route: route.fulfill(**found[route.request.url.split('/')[-2]]),
    )
    see(page, serving)
    expect(page.locator('.tile .stand-in')).to_have_text(
        ['File is damaged or lost', 'No preview', 'Image is gone', 'Not loaded']
    )
    shapes = page.locator('.tile .stand-in path').all()
    assert len({shape.get_attribute('d') for shape in shapes}) == 4


def test_the_page_obeys_its_policy_and_asks_nobody_else(
    page: Page, serving: Serving, complaints: list[str], addresses: list[str]
) -> None:
    hostile = '<img src=x onerror=alert(2)><script>alert(1)</script>'
    properties = {hostile: hostile, '__proto__': {'x': 1}, 'label': hostile}
    serving.session.post(
        f'{serving.url}/collections/c/images',
        data={'json': json.dumps(properties)},
        files={'image': (f'{hostile}.jpg', jpeg())},
        timeout=60,
    )
    ran: list[str] = []

    def note(dialog: Dialog) -> None:
        ran.append(dialog.message)
        dialog.dismiss()

    page.on('dialog', note)
    for address in ('/', '/c', '/c?.view=table'):
        see(page, serving, address)
        page.wait_for_load_state('networkidle')
    expect(page.locator('.filters')).to_contain_text('<script>alert(1)</script>')
    page.locator('.table-row').click()
    expect(page.locator('.properties')).to_contain_text('<img src=x')
    page.wait_for_load_state('networkidle')
    assert page.title().endswith(' c')
    assert ran == []
    assert complaints == []
    assert {address.split('/')[2] for address in addresses} == {
        serving.url.split('/')[2]
    }
