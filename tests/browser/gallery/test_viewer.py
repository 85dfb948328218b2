"""One image as large as the page."""

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.support.looking import documents, fill, open_first, see, until, upload
from tests.support.serving import Serving


def test_arrow_keys_lead_through_the_images_and_back(
    page: Page, serving: Serving
) -> None:
    fill(serving, 3)
    see(page, serving)
    page.locator('.tile').nth(0).click()
    viewer = page.locator('.viewer')
    expect(viewer.get_by_role('heading', name='image_2.jpg')).to_be_visible()
    expect(viewer.locator('.step.previous')).to_be_disabled()
    expect(viewer.locator('.step.next')).to_be_enabled()
    page.keyboard.press('ArrowRight')
    expect(viewer.get_by_role('heading', name='image_1.jpg')).to_be_visible()
    expect(viewer).to_contain_text('2 / 3')
    expect(viewer.locator('.layer img')).to_be_visible()
    page.keyboard.press('Escape')
    expect(viewer).to_have_count(0)
    expect(page.locator('.tile.active')).to_have_attribute('data-index', '1')


def test_an_address_leads_to_an_image_among_those_that_match(
    page: Page, serving: Serving
) -> None:
    ids = fill(serving, 5)
    see(page, serving, f'/c?label=OK&.image={ids[2]}')
    expect(page.get_by_role('heading', name='image_2.jpg')).to_be_visible()
    expect(page.get_by_role('button', name='Next image')).to_be_enabled()
    page.keyboard.press('ArrowRight')
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()


def test_neighbors_are_here_before_they_are_asked_for(
    page: Page, serving: Serving, addresses: list[str]
) -> None:
    ids = fill(serving, 3)
    see(page, serving, f'/c?.image={ids[0]}')
    wanted = f'{serving.url}/collections/c/images/{ids[1]}/image'
    until(page, lambda: wanted in addresses)


def test_a_property_is_changed_with_its_type(page: Page, serving: Serving) -> None:
    upload(serving, 'c', score=0.5, reviewed=False, size=[1])
    open_first(page, serving)
    put(page, 'score', '0.75')
    until(page, lambda: documents(serving)[0]['score'] == 0.75)
    page.get_by_label('reviewed', exact=True).select_option('true')
    page.get_by_role('button', name='Save').click()
    until(page, lambda: documents(serving)[0]['reviewed'] is True)
    put(page, 'size', '{"x": [1, null]}')
    until(page, lambda: documents(serving)[0]['size'] == {'x': [1, None]})
    page.get_by_label('Type of score').select_option('text')
    page.get_by_role('button', name='Save').click()
    until(page, lambda: documents(serving)[0]['score'] == '0.75')


@pytest.mark.parametrize(
    ('name', 'text', 'said'),
    [('score', 'high', 'not a number'), ('size', '{x}', 'not JSON')],
)
def test_what_is_not_of_the_type_is_refused(
    page: Page, serving: Serving, name: str, text: str, said: str
) -> None:
    upload(serving, 'c', score=0.5, size=[1])
    open_first(page, serving)
    put(page, name, text)
    expect(page.get_by_role('alert').filter(has_text=said)).to_be_visible()
    assert documents(serving)[0]['score'] == 0.5


def test_properties_are_added_and_removed(page: Page, serving: Serving) -> None:
    upload(serving, 'c', note='x')
    open_first(page, serving)
    page.get_by_role('button', name='Add a property').click()
    page.get_by_label('Name', exact=True).fill('<b>')
    page.get_by_label('Value', exact=True).fill('1')
    page.get_by_role('button', name='Save').click()
    until(page, lambda: documents(serving)[0].get('<b>') == '1')
    page.locator('.property', has_text='note').hover()
    page.get_by_role('button', name='Remove note').click()
    until(page, lambda: 'note' not in documents(serving)[0])


def test_the_change_of_another_is_shown_and_not_overwritten(
    page: Page, serving: Serving
) -> None:
    image_id = upload(serving, 'c', note='first')
    open_first(page, serving)
    page.get_by_label('note', exact=True).fill('mine')
    patch(serving, image_id, {'note': 'theirs'})
    page.get_by_role('button', name='Save').click()
    expect(page.get_by_text('Now it is: theirs')).to_be_visible()
    assert documents(serving)[0]['note'] == 'theirs'
    page.get_by_role('button', name='Save').click()
    until(page, lambda: documents(serving)[0]['note'] == 'mine')


def test_a_key_labels_the_open_image_and_goes_on(page: Page, serving: Serving) -> None:
    fill(serving, 3)
    open_first(page, serving)
    expect(page.locator('.viewer').get_by_role('button', name='2 OK')).to_be_visible()
    page.keyboard.press('1')
    expect(page.get_by_role('heading', name='image_1.jpg')).to_be_visible()
    until(page, lambda: len(documents(serving, '?label=NG')) == 2)


def test_keys_that_are_faster_than_the_service_are_done_in_turn(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route('**/neighbors?*', hold_the_first)
    open_first(page, serving)
    expect(page.locator('.viewer').get_by_role('button', name='2 OK')).to_be_visible()
    page.keyboard.press('2')
    page.keyboard.press('1')
    page.keyboard.press('ArrowRight')
    until(page, lambda: bool(held))
    expect(page.get_by_role('heading', name='image_3.jpg')).to_be_visible()
    held[0].continue_()
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()
    labels = {'image_3.jpg': 'OK', 'image_2.jpg': 'NG'}
    labels |= {'image_1.jpg': 'NG', 'image_0.jpg': 'OK'}
    until(page, lambda: {d['image']: d['label'] for d in documents(serving)} == labels)


def test_an_image_is_deleted_and_brought_back(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    open_first(page, serving)
    page.keyboard.press('Delete')
    page.get_by_role('button', name='Delete 1').click()
    expect(page.get_by_role('heading', name='image_0.jpg')).to_be_visible()
    assert len(documents(serving)) == 1
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: len(documents(serving)) == 2)


def test_pixels_are_crisp_when_they_are_large(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    open_first(page, serving)
    expect(page.locator('.layer')).not_to_have_class('layer hidden')
    assert style(page, 'imageRendering') == 'auto'
    page.keyboard.press('z')
    for _ in range(4):
        page.keyboard.press('+')
    assert style(page, 'imageRendering') == 'pixelated'
    before = style(page, 'transform')
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(300, 350, steps=3)
    page.mouse.up()
    page.mouse.wheel(0, -300)
    assert style(page, 'transform') != before
    page.keyboard.press('0')
    assert style(page, 'imageRendering') == 'auto'


@pytest.mark.parametrize('kind', ['PNG', 'TIFF', 'PPM'])
def test_sixteen_bits_are_windowed_to_what_is_in_them(
    page: Page, serving: Serving, kind: str
) -> None:
    serving.upload(faint(kind))
    open_first(page, serving)
    expect(page.locator('.layer canvas')).to_be_visible()
    # Values 3000 to 3100 of 65535: a browser by itself would draw all of them alike.
    assert spread(page) > 200
    page.keyboard.press('b')
    page.get_by_role('button', name='Reset').click()
    until(page, lambda: spread(page) < 5)
    page.get_by_role('button', name='Automatic').click()
    until(page, lambda: spread(page) > 200)


def test_brightness_of_other_pictures_is_windowed_too(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    open_first(page, serving)
    page.keyboard.press('b')
    page.get_by_label('Black').fill('250')
    image = page.locator('.layer img')
    assert 'contrast(' in image.evaluate('image => image.style.filter')


def test_what_browsers_cannot_draw_is_shown_as_a_preview(
    page: Page, serving: Serving
) -> None:
    file = io.BytesIO()
    Image.radial_gradient('L').save(file, 'JPEG2000')
    serving.upload(file.getvalue())
    open_first(page, serving)
    expect(page.get_by_text('This is a preview')).to_be_visible()
    expect(page.locator('.layer img')).to_be_visible()


def test_the_file_is_downloaded_under_its_name(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    open_first(page, serving)
    with page.expect_download() as download:
        page.get_by_role('button', name='Download').click()
    assert download.value.suggested_filename == 'image_0.jpg'


def test_an_image_that_is_gone_is_told(page: Page, serving: Serving) -> None:
    fill(serving, 1)
    see(page, serving, '/c?.image=0123456789abcdef01234567')
    expect(page.get_by_text('This image is gone')).to_be_visible()
    page.keyboard.press('Escape')
    expect(page.locator('.tile')).to_have_count(1)


def put(page: Page, name: str, text: str) -> None:
    page.get_by_label(name, exact=True).fill(text)
    page.get_by_role('button', name='Save').click()


def patch(serving: Serving, image_id: str, properties: dict[str, Any]) -> None:
    address = f'{serving.url}/collections/c/images/{image_id}'
    serving.session.patch(address, json=properties, timeout=60).raise_for_status()


def faint(kind: str) -> bytes:
    """A picture of 16 bits with values of 3000 to 3100 only."""
    image = Image.new('I;16', (101, 20))
    for column in range(101):
        for row in range(20):
            image.putpixel((column, row), 3000 + column)
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def spread(page: Page) -> int:
    """How far the darkest and the brightest pixel of the canvas are apart."""
    found: int = page.evaluate("""() => {
        const canvas = document.querySelector('.layer canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1);
        const reds = data.filter((_, index) => index % 4 === 0);
        return Math.max(...reds) - Math.min(...reds);
    }""")
    return found


def style(page: Page, name: str) -> str:
    return str(page.locator('.layer').evaluate(f'layer => layer.style.{name}'))


def test_why_an_svg_is_a_preview_is_told(page: Page, serving: Serving) -> None:
    serving.upload(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    open_first(page, serving)
    expect(page.locator('.stage-note')).not_to_contain_text('browsers cannot draw')


def test_the_title_names_the_image_that_is_open(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    open_first(page, serving)
    expect(page).to_have_title(re.compile('^image_1.jpg . c$'))
    page.keyboard.press('ArrowRight')
    expect(page).to_have_title(re.compile('^image_0.jpg . c$'))
    page.keyboard.press('Escape')
    expect(page).to_have_title(re.compile('^c . Images$'))
