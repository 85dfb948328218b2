"""Filters: properties in an order that serves, none among the values, and a brush."""

import datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.looking import expect_images, see, upload
from tests.support.serving import Serving


@pytest.fixture
def filters(page: Page, serving: Serving) -> Locator:
    """The filters of 30 images: label, operator, score, lot, camera.gain, and more."""
    for number in range(30):
        label = {'label': 'NG' if number % 3 else 'OK'} if number < 27 else {}
        upload(
            serving,
            'c',
            number,
            **label,
            camera={'gain': number % 2},
            lot=f'lot {number}',
            score=number / 10,
            operator='aoki',
            zone=number % 4,
        )
    see(page, serving)
    expect_images(page, 30)
    return page.locator('.filters')


def names(filters: Locator) -> list[str]:
    return filters.locator('summary .name').all_inner_texts()


def draw(page: Page, bars: Locator, start: float, end: float) -> None:
    """Draw over bars, from one share of their width to another."""
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box
    page.mouse.move(box['x'] + box['width'] * start, box['y'] + 20)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] * end, box['y'] + 20)
    page.mouse.up()


def test_properties_are_offered_in_an_order_that_serves_and_can_be_arranged(
    page: Page, filters: Locator
) -> None:
    expect(filters.locator('summary .name')).to_have_text(
        ['label', 'camera.gain', 'operator', 'zone', 'frame', 'score', 'lot']
    )
    filters.locator('summary', has_text='zone').hover()
    filters.get_by_role('button', name='Keep zone on top').click()
    filters.locator('summary', has_text='operator').hover()
    filters.get_by_role('button', name='Hide operator').click()
    arranged = ['zone', 'label', 'camera.gain', 'frame', 'score', 'lot']
    expect(filters.locator('summary .name')).to_have_text(arranged)
    page.reload()
    expect(filters.locator('summary .name')).to_have_text(arranged)
    filters.get_by_role('button', name='Show 1 hidden').click()
    assert 'operator' in names(filters)
    filters.get_by_role('searchbox').fill('aok')
    expect(filters.locator('summary .name')).to_have_text(['operator'])


def test_none_is_a_value_with_a_count_and_bars_are_of_all(
    page: Page, filters: Locator
) -> None:
    label = filters.locator('details', has_text='label')
    none = label.locator('.value.none')
    expect(none).to_contain_text('3')
    ok = label.locator('.value', has_text='OK').locator('.share')
    expect(ok).to_have_attribute('style', 'transform: scaleX(0.3);')
    none.click()
    expect_images(page, 3)
    expect(none.get_by_role('checkbox')).to_be_checked()
    # Who has none has no value: one takes the place of the other.
    label.locator('.value', has_text='OK').click()
    expect_images(page, 9)
    expect(none.get_by_role('checkbox')).not_to_be_checked()


def test_a_range_is_drawn_over_the_bars(page: Page, filters: Locator) -> None:
    bars = filters.locator('details', has_text='score').locator('.brush')
    draw(page, bars, 0.51, 0.99)
    expect(page.locator('.chip')).to_have_text('score ≥ 1.45')
    expect_images(page, 15)
    expect(bars.locator('.bar.out')).to_have_count(12)
    # All bars are no condition.
    draw(page, bars, 0.01, 0.99)
    expect_images(page, 30)


def test_the_times_of_images_are_bars_too(page: Page, filters: Locator) -> None:
    bars = filters.get_by_role('group', name='Stored').locator('.brush')
    draw(page, bars, 0.01, 0.01)
    expect(page.locator('.chip')).to_contain_text('Stored ≤')
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    expect(page.locator('.chip')).to_contain_text(today[:7])


def test_the_order_offers_the_useful_first(page: Page, filters: Locator) -> None:
    order = page.get_by_role('combobox', name='Order')
    # Properties come with the fields.
    expect(order.locator('optgroup')).to_have_count(2)
    texts = order.locator('> *').evaluate_all('all => all.map(e => e.label)')
    assert texts == [
        *('Newest first', 'Oldest first', 'By file name', 'Largest first'),
        *('Label and numbers', 'Other properties'),
    ]
    useful = order.locator('optgroup').first.locator('option').all_text_contents()
    assert useful[:2] == ['camera.gain ↓', 'camera.gain ↑']
    assert 'lot ↓' not in useful


def test_the_toolbar_says_in_words_what_its_buttons_do(
    page: Page, filters: Locator
) -> None:
    for word in ('Table', 'Changes', 'Copy', 'Size'):
        expect(page.locator('.toolbar').get_by_text(word, exact=True)).to_be_visible()
