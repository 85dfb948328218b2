"""Labels by keys beside other pages, and while the service is away."""

from playwright.sync_api import Page, Route, expect

from tests.support.looking import fill, label_of, questions, see, until
from tests.support.serving import Serving


def test_two_pages_do_not_overwrite_each_others_labels(
    page: Page, serving: Serving
) -> None:
    newest, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    expect(page.locator('.tile .badge').first).to_have_text('NG')
    relabelled(serving, newest, 'scrap')
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('2')
    expect(page.get_by_text('Somebody labelled image_3.jpg meanwhile')).to_be_visible()
    expect(page.locator('.tile .badge').first).to_have_text('scrap')
    assert label_of(serving, newest) == 'scrap'
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')


def test_a_change_of_another_property_is_no_reason_to_refuse_a_label(
    page: Page, serving: Serving
) -> None:
    newest, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')
    relabelled(serving, newest, 'mine', name='note')
    page.keyboard.press('Home')
    page.keyboard.press('1')
    until(page, lambda: label_of(serving, newest) == 'NG')
    document = serving.get(f'/collections/c/images/{newest}').json()
    assert document['note'] == 'mine'


def test_a_label_waits_for_a_service_that_is_away(page: Page, serving: Serving) -> None:
    newest, second, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    page.route('**/images/*', lambda route: route.abort())
    page.route('**/health/ready', lambda route: route.abort())
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('2')
    expect(page.get_by_text('The service does not answer. This page')).to_be_visible()
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '1')
    assert questions(page) == ['beforeunload']
    # It is known by now that nothing can be done, so the next key does not go on.
    page.keyboard.press('1')
    expect(page.get_by_text('image_2.jpg was not labelled')).to_be_visible()
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '1')
    page.unroute_all()
    page.get_by_role('button', name='Try now').click()
    until(page, lambda: label_of(serving, newest) == 'OK')
    assert label_of(serving, second) == 'OK'


def test_after_an_undo_the_image_that_was_undone_is_active(
    page: Page, serving: Serving
) -> None:
    newest, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')
    page.keyboard.press('End')
    page.keyboard.press('Control+z')
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '0')
    page.keyboard.press('Enter')
    page.keyboard.press('2')
    expect(page.get_by_role('dialog', name='image_2.jpg')).to_be_visible()
    until(page, lambda: label_of(serving, newest) == 'OK')
    page.keyboard.press('Control+z')
    expect(page.get_by_role('dialog', name='image_3.jpg')).to_be_visible()


def test_a_notice_covers_no_picture_and_no_selection(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('1')
    page.keyboard.press('2')
    expect(page.locator('.toast')).to_contain_text('image_2.jpg: OK')
    expect(page.locator('.toast')).to_have_count(1)
    toast = page.locator('.toast').bounding_box()
    images = page.locator('.images').bounding_box()
    keys = page.locator('.status-bar .label-bar').bounding_box()
    assert toast
    assert images
    assert keys
    assert toast['y'] >= images['y'] + images['height']
    assert toast['x'] + toast['width'] <= keys['x']


def relabelled(
    serving: Serving, image_id: str, value: object, name: str = 'label'
) -> None:
    """Change an image as another page does."""
    address = f'{serving.url}/collections/c/images/{image_id}'
    changed = serving.session.patch(address, json={name: value}, timeout=60)
    assert changed.status_code == 200, changed.text


def test_the_view_of_an_image_says_that_the_service_is_away(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect(page.locator('.tile .badge').first).to_have_text('NG')
    page.route('**/images/**', lambda route: route.abort())
    page.route('**/health/ready', lambda route: route.abort())
    page.locator('.tile').first.click()
    notice = page.locator('.away')
    expect(notice).to_be_visible()
    box = notice.bounding_box()
    assert box
    point = [box['x'] + 20, box['y'] + 10]
    at = 'at => document.elementFromPoint(...at).closest(".away") !== null'
    assert page.evaluate(at, point)
    expect(page.locator('.viewer .stage-note')).to_have_text(
        'The picture comes as soon as the service answers.'
    )
    expect(page.get_by_role('button', name='Try now')).to_be_visible()
    page.unroute_all()
    # It tries by itself, too.
    expect(page.locator('.viewer .layer img')).to_be_visible()
    expect(notice).to_have_count(0)


def test_a_label_that_the_list_does_not_show_yet_can_be_set_and_brought_back(
    page: Page, serving: Serving
) -> None:
    newest, *_ = fill(serving, 4)
    held: list[Route] = []

    def keep(route: Route) -> None:
        if 'fields=time%2Cimage%2C_file%2Clabel' in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route('**/images?**', keep)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    until(page, lambda: bool(held))
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')
    expect(page.locator('.toast')).to_contain_text('image_3.jpg: OK')
    page.keyboard.press('Control+z')
    until(page, lambda: label_of(serving, newest) == 'NG')
