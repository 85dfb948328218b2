"""Zoom, values and images side by side."""

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.looking import expect_images, fill, open_first, see
from tests.support.pictures import saved
from tests.support.serving import Serving

LYING = """async ([width, height, orientation]) => {
    const { Turning } = await import('/ui/pictures/turning.js');
    const turning = new Turning({ width, height }, orientation);
    const found = [];
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
        const shown = turning.toShown({ x: x + 0.5, y: y + 0.5 });
        const back = turning.toStored(shown);
        if (back.x !== x + 0.5 || back.y !== y + 0.5) throw new Error('not back');
        found.push([Math.floor(shown.x), Math.floor(shown.y)]);
    }
    return found;
}"""
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def numbered() -> Image.Image:
    """A picture of 3 x 2 pixels, each of another value."""
    image = Image.new('L', (3, 2))
    image.putdata(range(6))
    return image


def transform(page: Page, index: int = 0) -> str:
    layer = page.locator('.layer').nth(index)
    return str(layer.evaluate('layer => layer.style.transform'))


def test_pixels_as_stored_are_found_in_all_orientations(
    page: Page, serving: Serving
) -> None:
    page.goto(f'{serving.url}/ui')
    for orientation, transpose in TURNED.items():
        shown = numbered().transpose(transpose)
        places = page.evaluate(LYING, [3, 2, orientation])
        assert [shown.getpixel(tuple(place)) for place in places] == [*range(6)]


@pytest.mark.parametrize(('kind', 'is_turned'), [('JPEG', True), ('PNG', True)])
def test_the_pixel_under_the_pointer_is_counted_as_stored_with_its_8_bits(
    page: Page, serving: Serving, kind: str, is_turned: bool
) -> None:
    image = Image.new('RGB', (120, 80), (10, 20, 30))
    image.paste((200, 100, 50), (80, 8, 112, 40))
    exif = Image.Exif()
    exif[0x0112] = 6 if is_turned else 1
    options = {'quality': 100, 'subsampling': 0} if kind == 'JPEG' else {}
    serving.upload(saved(image, kind, exif=exif, **options))
    open_first(page, serving)
    shown = page.locator('.layer img')
    expect(shown).to_be_visible()
    expect(page.locator('.percent')).to_have_text('300 %')
    # Of 80 x 120 that are shown; the pixel is 100, 20 of those that are stored.
    shown.hover(position={'x': 59.5 * 3, 'y': 100.5 * 3})
    expect(page.locator('.readout')).to_have_text('100, 20 = 200, 100, 50')


def test_the_zoom_is_kept_from_image_to_image(page: Page, serving: Serving) -> None:
    fill(serving, 3)
    open_first(page, serving)
    expect(page.locator('.layer')).not_to_have_class('layer hidden')
    page.keyboard.press('z')
    expect(page.locator('.percent')).to_have_text('100 %')
    for _ in range(10):
        page.keyboard.press('+')
    before, percent = transform(page), page.locator('.percent').inner_text()
    page.keyboard.press('ArrowRight')
    expect(page.get_by_role('heading', name='image_1.jpg')).to_be_visible()
    expect(page.locator('.layer')).not_to_have_class('layer hidden')
    assert transform(page) == before
    assert page.locator('.percent').inner_text() == percent
    page.get_by_role('button', name=percent).click()
    expect(page.locator('.percent')).to_have_text('100 %')


def test_images_are_compared_in_step_and_by_their_address(
    page: Page, serving: Serving
) -> None:
    fill(serving, 6)
    see(page, serving)
    expect_images(page, 6)
    for index in (0, 2, 4):
        page.locator('.tile').nth(index).click(modifiers=['Control'])
    page.get_by_role('button', name='Compare 3').click()
    panes = page.locator('.pane')
    expect(panes).to_have_count(3)
    expect(page.locator('.layer:not(.hidden)')).to_have_count(3)
    page.locator('.stage').nth(1).hover()
    page.mouse.wheel(0, -2400)
    page.mouse.down()
    page.mouse.move(600, 350, steps=3)
    page.mouse.up()
    assert transform(page, 0) == transform(page, 1) == transform(page, 2)
    names = page.locator('.pane-name')
    expect(names.nth(1)).to_have_attribute('aria-pressed', 'true')
    # The one that keys act on is the one that goes on.
    page.keyboard.press('ArrowRight')
    expect(names).to_have_text(['image_5.jpg', 'image_2.jpg', 'image_1.jpg'])
    page.keyboard.press('c')
    expect(panes).to_have_count(4)
    page.reload()
    expect(panes).to_have_count(4)
    page.get_by_role('button', name='Compare without image_5.jpg').click()
    expect(panes).to_have_count(3)
    page.keyboard.press('Escape')
    expect(panes).to_have_count(1)
    expect(page.locator('.viewer')).to_be_visible()
