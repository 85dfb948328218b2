"""Where somebody is stays: after a reload, going back, by a link, the service away."""

import re

from playwright.sync_api import Page, Route, expect

from tests.support.looking import expect_images, fill, see, until
from tests.support.serving import Serving

NARROW = {'width': 640, 'height': 420}


def scrolled(page: Page) -> float:
    return float(page.locator('.list').evaluate('list => list.scrollTop'))


def stays(page: Page, place: float) -> bool:
    return abs(scrolled(page) - place) < 8


def test_a_reload_going_back_and_a_link_lead_to_the_same_place(
    page: Page, serving: Serving
) -> None:
    ids = fill(serving, 24)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    see(page, serving)
    expect_images(page, 24)
    page.locator('.list').evaluate('list => { list.scrollTop = 180; }')
    expect(page).to_have_url(re.compile(r'\.at=\d'))
    place = scrolled(page)
    page.reload()
    until(page, lambda: page.locator('.list').count() > 0 and stays(page, place))
    page.locator(f'.tile[href*="{ids[12]}"]').click()
    viewer = page.locator('.viewer')
    page.reload()
    expect(viewer.locator('.position')).to_have_text('13 / 24')
    expect(page).to_have_title(re.compile('^image_11.jpg . c$'))
    page.go_back()
    expect(viewer).to_have_count(0)
    expect(page).to_have_title(re.compile('^c . Images$'))
    assert stays(page, place)
    # As somebody sends it who knows nothing of the list.
    see(page, serving, f'/c?.image={ids[20]}')
    expect(viewer.locator('.position')).to_have_text('21 / 24')
    page.keyboard.press('Escape')
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '20')
    expect(page.locator('.tile.active')).to_be_in_viewport()


def test_going_back_to_other_conditions_leads_to_where_they_were_left(
    page: Page, serving: Serving
) -> None:
    fill(serving, 24)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    see(page, serving)
    expect_images(page, 24)
    page.locator('.list').evaluate('list => { list.scrollTop = 180; }')
    expect(page).to_have_url(re.compile(r'\.at=\d'))
    place = scrolled(page)
    page.evaluate("location.hash = '#/c?frame=3'")
    expect_images(page, 1)
    page.go_back()
    expect_images(page, 24)
    until(page, lambda: stays(page, place))


def test_tiles_and_rows_are_links_for_other_tabs(page: Page, serving: Serving) -> None:
    fill(serving, 3)
    see(page, serving)
    expect_images(page, 3)
    for address, link in (('/c', '.tile >> nth=2'), ('/c?.view=table', '.thumb a')):
        see(page, serving, address)
        with page.context.expect_page() as opened:
            page.locator(link).last.click(button='middle')
        expect(opened.value.get_by_role('heading', name='image_0.jpg')).to_be_visible()
        opened.value.close()
        expect(page.locator('.viewer')).to_have_count(0)
    page.locator('.cell a').last.click()
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()
    page.keyboard.press('Escape')
    page.locator('.table-row').first.click(modifiers=['Control'])
    expect(page.get_by_text('1 selected')).to_be_visible()
    page.keyboard.press('ArrowDown')
    expect(page.locator('.active')).to_have_attribute('data-index', '1')


def test_an_open_image_says_that_the_service_is_away_and_goes_on_by_itself(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    page.locator('.tile').first.click()
    viewer = page.locator('.viewer')
    expect(viewer.locator('.step.next')).to_be_enabled()
    page.route('**/images/*/image', lambda route: route.abort())
    page.route('**/images/*', lambda route: route.abort())
    page.route('**/health/*', lambda route: route.abort())
    # The second next one was not preloaded.
    see(page, serving, f'/c?.image={last_id(serving)}')
    away = viewer.get_by_text('The service does not answer')
    expect(away).to_be_visible()
    expect(viewer.get_by_text('The picture comes as soon as')).to_be_visible()
    expect(viewer.get_by_role('button', name='Back to the images')).to_be_in_viewport()
    page.unroute_all()
    expect(away).to_have_count(0)
    expect(viewer.locator('.layer img')).to_be_visible()
    expect(viewer.locator('.properties')).to_be_visible()


def last_id(serving: Serving) -> str:
    found = serving.get('/collections/c/images?sort=time&limit=1').json()
    return str(found[0]['_id'])


def test_a_picture_that_did_not_come_is_asked_for_again(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    asked: list[str] = []

    def fail_first(route: Route) -> None:
        asked.append(route.request.url)
        answer = {'title': 'Broken', 'description': 'The disk is broken.'}
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=500, json=answer)

    page.route('**/images/*/image', fail_first)
    see(page, serving)
    page.locator('.tile').first.click()
    said = page.locator('.stage-note')
    expect(said).to_contain_text('The picture did not come: The disk is broken.')
    page.get_by_role('button', name='Try again').click()
    expect(page.locator('.layer img')).to_be_visible()
    expect(said).to_have_count(0)
