"""Labels by keys, and changes of what is selected, each of which can be undone."""

from playwright.sync_api import Page, Route, expect

from tests.support.looking import (
    documents,
    expect_images,
    fill,
    label_of,
    see,
    until,
    upload,
)
from tests.support.serving import Serving


def test_a_key_labels_an_image_goes_on_and_can_be_undone(
    page: Page, serving: Serving
) -> None:
    newest, second, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    page.locator('.list').focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('2')
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '1')
    until(page, lambda: label_of(serving, newest) == 'OK')
    page.keyboard.press('1')
    until(page, lambda: label_of(serving, second) == 'NG')
    expect(page.get_by_text('image_2.jpg: NG')).to_be_visible()
    page.keyboard.press('Control+z')
    until(page, lambda: label_of(serving, second) == 'OK')
    page.keyboard.press('Control+z')
    until(page, lambda: label_of(serving, newest) == 'NG')


def test_what_was_labelled_last_is_undone_first_also_before_its_answer(
    page: Page, serving: Serving
) -> None:
    newest, second, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    held = hold_answers(page)
    page.locator('.list').focus()
    page.keyboard.press('ArrowRight')
    page.keyboard.press('2')
    page.keyboard.press('1')
    page.keyboard.press('Control+z')
    until(page, lambda: len(held) == 2)
    # The later one is answered first, and the one before after that.
    held.sort(key=lambda route: second in route.request.url)
    held.pop().continue_()
    until(page, lambda: len(held) == 2)
    held.pop().continue_()
    expect(page.get_by_text('1 undone.')).to_be_visible()
    held.pop().continue_()
    until(page, lambda: label_of(serving, newest) == 'OK')
    assert label_of(serving, second) == 'OK'


def test_labels_of_one_image_stay_in_the_order_of_the_keys(
    page: Page, serving: Serving
) -> None:
    newest, *_ = fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    held = hold_answers(page)
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('1')
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: len(held) == 1)
    page.wait_for_timeout(100)
    assert len(held) == 1
    held.pop().continue_()
    until(page, lambda: len(held) == 1)
    held.pop().continue_()
    until(page, lambda: label_of(serving, newest) == 'OK')


def test_the_keys_can_set_another_property(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    see(page, serving)
    page.get_by_role('button', name='Change…').click()
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('Property', exact=True).fill('grade')
    dialog.get_by_label('Value of key 1').fill('3')
    dialog.get_by_label('Value of key 2').fill('"3"')
    dialog.get_by_role('button', name='Save').click()
    page.locator('.list').focus()
    page.keyboard.press('Home')
    page.keyboard.press('1')
    until(page, lambda: documents(serving)[0].get('grade') == 3)
    page.keyboard.press('Home')
    page.keyboard.press('2')
    until(page, lambda: documents(serving)[0].get('grade') == '3')
    assert '.label=grade' in page.url


def test_the_keys_keep_their_values_while_images_are_labelled(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect(page.locator('.label-key')).to_have_text(['1NG', '2OK'])
    check(page, 0)
    page.keyboard.press('l')
    page.get_by_role('dialog').get_by_label('Value').fill('ARGH')
    page.get_by_role('button', name='Label 1').click()
    expect(page.locator('.value', has_text='ARGH')).to_be_visible()
    expect(page.locator('.label-key')).to_have_text(['1NG', '2OK'])
    page.goto(f'{serving.url}/ui#/c?frame=1')
    page.reload()
    expect(page.locator('.label-key')).to_have_text(['1ARGH', '2NG', '3OK'])


def test_selected_images_are_relabelled_with_the_count_before_and_undo_after(
    page: Page, serving: Serving
) -> None:
    fill(serving, 6)
    see(page, serving)
    tiles = page.locator('.tile')
    check(page, 0)
    tiles.nth(2).click(modifiers=['Shift'])
    tiles.nth(4).click(modifiers=['Control'])
    tiles.nth(1).click(modifiers=['Control'])
    expect(page.get_by_text('3 selected')).to_be_visible()
    page.keyboard.press('l')
    dialog = page.get_by_role('dialog')
    dialog.get_by_label('Value').fill('scrap')
    dialog.get_by_role('button', name='Label 3').click()
    expect(page.get_by_text('3 images changed')).to_be_visible()
    frames = [document['frame'] for document in documents(serving, '?label=scrap')]
    assert frames == [5, 3, 1]
    page.get_by_role('button', name='Undo').click()
    expect(page.get_by_text('3 undone')).to_be_visible()
    assert documents(serving, '?label=scrap') == []


def test_all_that_match_are_deleted_and_brought_back(
    page: Page, serving: Serving
) -> None:
    fill(serving, 5)
    see(page, serving, '/c?label=OK')
    expect_images(page, 3)
    page.locator('.list').focus()
    page.keyboard.press('Control+a')
    page.keyboard.press('Delete')
    page.get_by_role('button', name='Delete 3').click()
    expect(page.get_by_text('No image matches')).to_be_visible()
    assert len(documents(serving)) == 2
    page.keyboard.press('Control+z')
    expect_images(page, 3)
    assert len(documents(serving)) == 5


def test_all_but_one_can_be_selected(page: Page, serving: Serving) -> None:
    ids = fill(serving, 4)
    see(page, serving)
    expect_images(page, 4)
    page.locator('.list').focus()
    page.keyboard.press('Control+a')
    page.locator('.tile').nth(0).click()
    page.keyboard.press('Delete')
    page.get_by_role('button', name='Delete 3').click()
    expect_images(page, 1)
    assert [document['_id'] for document in documents(serving)] == ids[:1]


def test_a_rectangle_selects_what_it_touches(page: Page, serving: Serving) -> None:
    fill(serving, 6)
    see(page, serving)
    first = page.locator('.tile').nth(0).bounding_box()
    second = page.locator('.tile').nth(1).bounding_box()
    assert first
    assert second
    page.mouse.move(first['x'] + 60, first['y'] + 60)
    page.mouse.down()
    page.mouse.move(second['x'] + 20, second['y'] + 30, steps=4)
    page.mouse.up()
    expect(page.get_by_text('2 selected')).to_be_visible()
    expect(page.locator('.viewer')).to_have_count(0)


def test_the_list_scrolls_while_a_rectangle_is_drawn_to_its_edge(
    page: Page, serving: Serving
) -> None:
    fill(serving, 24)
    see(page, serving, '/c?.size=400')
    box = page.locator('.list').bounding_box()
    first = page.locator('.tile').nth(0).bounding_box()
    assert first
    assert box
    page.mouse.move(first['x'] + 60, first['y'] + 60)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] - 30, box['y'] + box['height'], steps=4)
    expect(page.get_by_text('24 selected')).to_be_visible()
    page.mouse.up()
    expect(page.locator('.tile[data-index="23"].selected')).to_be_visible()


def test_nothing_is_changed_when_another_number_matches_by_now(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect_images(page, 4)
    page.locator('.list').focus()
    page.keyboard.press('Control+a')
    page.keyboard.press('Delete')
    expect(page.get_by_role('button', name='Delete 4')).to_be_enabled()
    upload(serving, 'c', 4)
    page.get_by_role('button', name='Delete 4').click()
    expect(page.get_by_role('button', name='Delete 5')).to_be_enabled()
    assert len(documents(serving)) == 5


def test_changes_can_be_taken_back_later(page: Page, serving: Serving) -> None:
    fill(serving, 4)
    changed = serving.session.patch(
        f'{serving.url}/collections/c/images?label=OK', json={'label': 'X'}, timeout=60
    )
    assert changed.status_code == 200, changed.text
    see(page, serving)
    page.get_by_role('button', name='Changes').click()
    dialog = page.get_by_role('dialog', name='Changes')
    expect(dialog).to_contain_text('2 images changed.')
    dialog.get_by_role('button', name='Undo').click()
    expect(dialog).to_contain_text('2 undone.')
    assert len(documents(serving, '?label=OK')) == 2


def test_labels_and_edits_are_undone_after_a_reload(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    at_first = documents(serving)
    page.locator('.list').focus()
    page.keyboard.press('Home')
    # The others know what the first has begun.
    with page.expect_response(lambda answer: answer.request.method == 'PATCH'):
        page.keyboard.press('2')
    page.keyboard.press('1')
    page.keyboard.press('2')
    until(
        page,
        lambda: (
            [each['label'] for each in documents(serving)[:3]] == ['OK', 'NG', 'OK']
        ),
    )
    page.keyboard.press('Enter')
    page.get_by_role('button', name='Remove frame').click()
    until(page, lambda: 'frame' not in documents(serving)[3])
    page.reload()
    page.get_by_role('button', name='Back to the images').click()
    page.get_by_role('button', name='Changes').click()
    dialog = page.get_by_role('dialog', name='Changes')
    expect(dialog.get_by_role('listitem')).to_have_count(2)
    for at, text, name in ((0, '1 image', 'frame'), (1, '3 images', 'label')):
        listed = dialog.get_by_role('listitem').nth(at)
        expect(listed).to_contain_text(f'{text} changed.')
        expect(listed.locator('code')).to_have_text(name)
    for undone in (1, 2):
        dialog.get_by_role('button', name='Undo').first.click()
        expect(dialog.get_by_text('undone.')).to_have_count(undone)
    assert documents(serving) == at_first


def check(page: Page, index: int) -> None:
    tile = page.locator('.tile').nth(index)
    tile.hover()
    tile.locator('.check').click()


def hold_answers(page: Page) -> list[Route]:
    """Return a list of the changes of one image: none goes on by itself."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == 'PATCH':
            held.append(route)
        else:
            route.continue_()

    page.route('**/images/*', hold)
    return held
