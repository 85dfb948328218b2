"""Days as the clock on the person's wall has them, which is changed twice a year."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.support.looking import expect_images, fill, see
from tests.support.serving import Serving


@pytest.mark.parametrize(
    ('day', 'first', 'last'),
    [('2026-03-29', '%2B01', '%2B02'), ('2026-10-25', '%2B02', '%2B01')],
)
def test_a_day_on_which_the_clock_is_changed_has_23_or_25_hours(
    browser: Browser, serving: Serving, day: str, first: str, last: str
) -> None:
    fill(serving, 1)
    context = browser.new_context(
        timezone_id='Europe/Berlin', viewport={'width': 1280, 'height': 800}
    )
    page = context.new_page()
    see(page, serving)
    expect_images(page, 1)
    page.get_by_label('From', exact=True).fill(day)
    page.get_by_label('To', exact=True).fill(day)
    end = f'{day}T23%3A59%3A59.999{last}%3A00'
    expect(page).to_have_url(
        re.compile(re.escape(f'from={day}{first}%3A00&to={end}') + '$')
    )
    expect(page.get_by_text(f'Stored ≤ {day}')).to_be_visible()
    expect(page.get_by_label('To', exact=True)).to_have_value(day)
    expect(page.get_by_text('No image matches')).to_be_visible()
    context.close()
