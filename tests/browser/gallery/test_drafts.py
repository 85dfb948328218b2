"""What is written in a property is not lost in silence."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import (
    documents,
    fill,
    hold,
    open_first,
    questions,
    until,
    upload,
)
from tests.support.serving import Serving


def write(page: Page, name: str, text: str) -> None:
    page.locator('.properties').get_by_label(name, exact=True).fill(text)


def values(serving: Serving, name: str) -> list[Any]:
    return [document.get(name) for document in documents(serving)]


def change(serving: Serving, image_id: str, **properties: str) -> None:
    """Change an image as somebody else."""
    address = f'{serving.url}/collections/c/images/{image_id}'
    serving.session.patch(address, json=properties, timeout=60).raise_for_status()


def test_a_value_is_saved_when_its_field_is_left(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    open_first(page, serving)
    write(page, 'label', 'scrap')
    page.keyboard.press('Tab')
    page.get_by_label('frame', exact=True).focus()
    until(page, lambda: values(serving, 'label') == ['scrap'])
    expect(page.get_by_text('label is scrap now.')).to_be_visible()
    expect(page.get_by_role('button', name='Save')).to_have_count(0)


@pytest.mark.parametrize('button', ['Next image', 'Back to the images'])
def test_a_value_is_saved_when_a_button_leads_away(
    page: Page, serving: Serving, button: str
) -> None:
    fill(serving, 2)
    open_first(page, serving)
    expect(page.get_by_role('button', name='Next image')).to_be_enabled()
    write(page, 'label', 'scrap')
    page.get_by_role('button', name=button).click()
    until(page, lambda: values(serving, 'label') == ['scrap', 'OK'])


def test_the_next_image_stays_when_the_last_one_is_saved_late(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2)
    held = hold(page, 'PATCH')
    open_first(page, serving)
    write(page, 'label', 'scrap')
    page.get_by_role('button', name='Next image').click()
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    until(page, lambda: values(serving, 'label') == ['scrap', 'OK'])
    expect(page.get_by_text('label is scrap now.')).to_be_visible()
    label = page.locator('.properties').get_by_label('label', exact=True)
    expect(label).to_have_value('OK')


def test_a_value_is_saved_when_the_browser_goes_back(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    open_first(page, serving)
    write(page, 'label', 'scrap')
    page.go_back()
    expect(page.locator('.viewer')).to_have_count(0)
    until(page, lambda: values(serving, 'label') == ['scrap'])


def test_a_saved_value_and_a_removed_one_are_brought_back(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    open_first(page, serving)
    write(page, 'label', 'scrap')
    page.get_by_label('frame', exact=True).focus()
    until(page, lambda: values(serving, 'label') == ['scrap'])
    page.get_by_role('button', name='Remove frame').click()
    until(page, lambda: values(serving, 'frame') == [None])
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: values(serving, 'frame') == [0])
    page.keyboard.press('Control+z')
    until(page, lambda: values(serving, 'label') == ['OK'])


def test_an_edit_is_not_undone_over_the_change_of_another(
    page: Page, serving: Serving
) -> None:
    image_id = fill(serving, 1)[0]
    open_first(page, serving)
    write(page, 'label', 'scrap')
    page.get_by_label('frame', exact=True).focus()
    until(page, lambda: values(serving, 'label') == ['scrap'])
    change(serving, image_id, label='theirs')
    page.get_by_role('button', name='Undo').click()
    expect(page.get_by_text('Somebody has changed label since')).to_be_visible()
    assert values(serving, 'label') == ['theirs']


def test_a_value_that_cannot_be_saved_is_not_left(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    open_first(page, serving)
    write(page, 'frame', 'many')
    page.get_by_role('button', name='Next image').click()
    expect(page.get_by_role('alert').filter(has_text='not a number')).to_be_visible()
    expect(page.get_by_role('heading', name='image_1.jpg')).to_be_visible()
    expect(page.get_by_label('frame', exact=True)).to_be_focused()
    write(page, 'frame', '7')
    page.get_by_role('button', name='Next image').click()
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()
    until(page, lambda: values(serving, 'frame') == [7, 0])


def test_two_values_written_fast_are_both_saved(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    open_first(page, serving)
    write(page, 'frame', '7')
    write(page, 'label', 'scrap')
    page.get_by_role('button', name='Back to the images').click()
    until(page, lambda: values(serving, 'label') == ['scrap'])
    assert values(serving, 'frame') == [7]


def test_undo_leads_to_the_image_whose_property_it_was(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2)
    open_first(page, serving)
    write(page, 'frame', '7')
    page.get_by_role('button', name='Next image').click()
    expect(page.get_by_role('dialog', name='image_0.jpg')).to_be_visible()
    until(page, lambda: values(serving, 'frame') == [7, 0])
    page.get_by_role('button', name='Undo').click()
    expect(page.get_by_role('dialog', name='image_1.jpg')).to_be_visible()
    expect(page.get_by_label('frame', exact=True)).to_have_value('1')


def test_the_change_of_another_is_not_overwritten_by_leaving(
    page: Page, serving: Serving
) -> None:
    image_id = upload(serving, 'c', note='first')
    open_first(page, serving)
    write(page, 'note', 'mine')
    change(serving, image_id, note='theirs')
    page.get_by_label('frame', exact=True).focus()
    expect(page.get_by_text('Now it is: theirs')).to_be_visible()
    page.get_by_role('button', name='Back to the images').click()
    expect(page.get_by_label('note', exact=True)).to_be_focused()
    assert values(serving, 'note') == ['theirs']


def test_a_value_that_was_refused_after_leaving_is_shown(
    page: Page, serving: Serving
) -> None:
    image_id = upload(serving, 'c', note='first')
    open_first(page, serving)
    write(page, 'note', 'mine')
    change(serving, image_id, note='theirs')
    page.get_by_role('button', name='Back to the images').click()
    expect(page.get_by_text('note was not saved: mine')).to_be_visible()
    assert values(serving, 'note') == ['theirs']


def test_a_new_property_is_saved_when_its_form_is_left(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    open_first(page, serving)
    page.get_by_role('button', name='Add a property').click()
    page.get_by_label('Name', exact=True).fill('grade')
    page.get_by_role('button', name='Back to the images').click()
    expect(page.get_by_text('needs a name and a value')).to_be_visible()
    page.get_by_label('Value', exact=True).fill('A')
    page.get_by_role('button', name='Back to the images').click()
    expect(page.locator('.viewer')).to_have_count(0)
    until(page, lambda: values(serving, 'grade') == ['A'])


def test_the_browser_asks_before_a_written_value_is_lost(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    open_first(page, serving)
    write(page, 'frame', 'many')
    assert questions(page) == ['beforeunload']
    page.get_by_role('button', name='Cancel').click()
    assert questions(page) == []
