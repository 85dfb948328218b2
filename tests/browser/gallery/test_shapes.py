"""Boxes, polygons and points over an image: seen, drawn, changed and never lost."""

import json
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.support.looking import documents, see, until
from tests.support.pictures import saved
from tests.support.serving import Serving

BOX: dict[str, Any] = {
    'x': 40,
    'y': 20,
    'w': 60,
    'h': 40,
    'label': 'scratch',
    'score': 0.9,
    'by': 7,
}
# Not one that exports read; it stays all the same.
NO_BOX: dict[str, Any] = {'x': 'left', 'note': 1.5}
SCALE = 2


def stored(
    serving: Serving, name: str = 'a.jpg', orientation: int = 1, **properties: Any
) -> str:
    """Upload a picture of 200 x 150 pixels, which is shown twice as large."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    response = serving.session.post(
        f'{serving.url}/collections/c/images',
        data={'json': json.dumps(properties)},
        files={'image': (name, saved(Image.new('L', (200, 150)), 'JPEG', exif=exif))},
        timeout=60,
    )
    return str(response.json()['_id'])


def edit(page: Page, serving: Serving, image_id: str) -> None:
    """Open an image for drawing, twice as large as it is."""
    see(page, serving, f'/c?.image={image_id}')
    expect(page.locator('.properties')).to_be_visible()
    expect(page.locator('.layer img')).to_be_visible()
    page.keyboard.press('s')
    expect(page.get_by_role('button', name='Draw boxes')).to_be_visible()
    page.evaluate(
        """async (scale) => {
            const { width } = document.querySelector('.layer').getBoundingClientRect();
            const stage = document.querySelector('.stage');
            const factor = (scale * document.querySelector('.layer img').naturalWidth)
                / width;
            const deltaY = -Math.log(factor) / 0.0016;
            stage.dispatchEvent(new WheelEvent('wheel', { deltaY, cancelable: true }));
        }""",
        SCALE,
    )
    expect(page.locator('.percent')).to_have_text('200 %')


def at(page: Page, x: float, y: float) -> tuple[float, float]:
    """Return where on the screen a place of the picture as it is shown is."""
    box = page.locator('.layer').bounding_box()
    assert box is not None
    return box['x'] + x * SCALE, box['y'] + y * SCALE


def drag(page: Page, *places: tuple[float, float]) -> None:
    start, *others = places
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    for place in others:
        page.mouse.move(*at(page, *place), steps=3)
    page.mouse.up()


def has(page: Page, serving: Serving, name: str, expected: Any) -> None:
    def members() -> Any:
        return documents(serving)[0].get(name)

    try:
        until(page, lambda: members() == expected)
    except AssertionError as ex:
        raise AssertionError(f'{name}: {members()}') from ex


def test_shapes_are_drawn_labelled_moved_resized_deleted_and_all_undone(
    page: Page, serving: Serving
) -> None:
    edit(page, serving, stored(serving, boxes=[BOX, NO_BOX]))
    page.keyboard.press('r')
    drag(page, (120, 80), (150, 100))
    drawn: dict[str, Any] = {'x': 120, 'y': 80, 'w': 30, 'h': 20}
    has(page, serving, 'boxes', [BOX, NO_BOX, drawn])
    page.get_by_label('Label of the shape').fill('dent')
    page.keyboard.press('Enter')
    drawn |= {'label': 'dent'}
    has(page, serving, 'boxes', [BOX, NO_BOX, drawn])
    page.keyboard.press('v')
    drag(page, (135, 90), (145, 85))
    moved = drawn | {'x': 130, 'y': 75}
    has(page, serving, 'boxes', [BOX, NO_BOX, moved])
    # Its corner at the bottom right, out of the image: to the edge.
    drag(page, (160, 95), (230, 115))
    resized = moved | {'w': 70, 'h': 40}
    has(page, serving, 'boxes', [BOX, NO_BOX, resized])
    page.mouse.click(*at(page, 50, 30))
    page.keyboard.press('Delete')
    has(page, serving, 'boxes', [NO_BOX, resized])
    for before in ([BOX, NO_BOX, resized], [BOX, NO_BOX, moved], [BOX, NO_BOX, drawn]):
        page.keyboard.press('Control+z')
        has(page, serving, 'boxes', before)


def test_polygons_and_points_are_drawn_and_new_ones_have_the_last_label(
    page: Page, serving: Serving
) -> None:
    stored(serving, 'b.jpg')
    edit(page, serving, stored(serving, points=[{'x': 5, 'y': 6, 'label': 'hole'}]))
    page.keyboard.press('d')
    page.mouse.click(*at(page, 30, 40))
    page.get_by_label('Label of the shape').fill('dust')
    page.keyboard.press('Enter')
    points = [{'x': 5, 'y': 6, 'label': 'hole'}, {'x': 30, 'y': 40, 'label': 'dust'}]
    has(page, serving, 'points', points)
    page.keyboard.press('p')
    for place in ((100, 20), (140, 20), (140, 60), (100, 60)):
        page.mouse.click(*at(page, *place))
    # What has no end yet is not left behind.
    page.keyboard.press('ArrowRight')
    expect(page.get_by_text('A polygon has no end yet')).to_be_visible()
    page.keyboard.press('Backspace')
    page.keyboard.press('Enter')
    corners = [[100, 20], [140, 20], [140, 60]]
    has(page, serving, 'polygons', [{'points': corners, 'label': 'dust'}])
    page.keyboard.press('v')
    drag(page, (140, 60), (150, 70))
    # Half-way between two corners, a drag makes a third.
    drag(page, (120, 20), (120, 10))
    corners = [[100, 20], [120, 10], [140, 20], [150, 70]]
    has(page, serving, 'polygons', [{'points': corners, 'label': 'dust'}])
    page.keyboard.press('ArrowRight')
    expect(page.get_by_role('heading', name='b.jpg')).to_be_visible()


def test_shapes_are_in_pixels_as_they_are_stored_however_the_picture_is_turned(
    page: Page, serving: Serving
) -> None:
    # Shown with 150 x 200 pixels: what is stored at the left is on top.
    edit(page, serving, stored(serving, orientation=6, boxes=[BOX]))
    left, top = at(page, 150 - 20, 40)
    colours = page.locator('canvas.shapes').evaluate(
        """(canvas, [x, y]) => {
            const box = canvas.getBoundingClientRect();
            const read = (dx, dy) => [...canvas.getContext('2d')
                .getImageData(x - box.left + dx, y - box.top + dy, 1, 1).data];
            return [read(-20, 0), read(-20, 20)];
        }""",
        [left, top],
    )
    line, within = colours
    assert line[3] > 200
    assert within[3] == 0
    page.keyboard.press('r')
    drag(page, (10, 100), (40, 180))
    has(page, serving, 'boxes', [BOX, {'x': 100, 'y': 110, 'w': 80, 'h': 30}])


def test_shapes_are_drawn_and_moved_without_a_pointer(
    page: Page, serving: Serving
) -> None:
    edit(page, serving, stored(serving))
    page.get_by_role('button', name='Draw boxes').focus()
    page.keyboard.press('Enter')
    until(page, lambda: 'boxes' in documents(serving)[0])
    (box,) = documents(serving)[0]['boxes']
    page.get_by_role('button', name='Box without a label').focus()
    page.keyboard.press('Shift+ArrowRight')
    page.keyboard.press('ArrowUp')
    page.keyboard.press('Alt+ArrowDown')
    box |= {'x': box['x'] + 10, 'y': box['y'] - 1, 'h': box['h'] + 1}
    has(page, serving, 'boxes', [box])
    page.keyboard.press('Delete')
    has(page, serving, 'boxes', [])
    expect(page.get_by_role('button', name='Draw boxes')).to_be_focused()
    for _ in ('the tool', 'all tools'):
        page.keyboard.press('Escape')
    expect(page.get_by_role('button', name='Draw boxes')).to_have_count(0)
    expect(page.locator('.viewer')).to_be_visible()


def test_shapes_of_others_are_not_overwritten_and_none_is_lost(
    page: Page, serving: Serving
) -> None:
    image_id = stored(serving, boxes=[BOX])
    edit(page, serving, image_id)
    page.keyboard.press('r')
    # Something else of the image is no reason to ask.
    patch(serving, image_id, {'note': 'theirs'})
    drag(page, (120, 80), (150, 100))
    mine = {'x': 120, 'y': 80, 'w': 30, 'h': 20}
    has(page, serving, 'boxes', [BOX, mine])
    patch(serving, image_id, {'boxes': [BOX | {'x': 1}]})
    drag(page, (10, 100), (30, 120))
    expect(page.get_by_text('Somebody changed this image meanwhile')).to_be_visible()
    for _ in ('what is chosen', 'the tool', 'all tools', 'the image'):
        page.keyboard.press('Escape')
    expect(page.locator('.viewer')).to_be_visible()
    has(page, serving, 'boxes', [BOX | {'x': 1}])
    page.get_by_role('button', name='Save').click()
    has(page, serving, 'boxes', [BOX, mine, {'x': 10, 'y': 100, 'w': 20, 'h': 20}])


def patch(serving: Serving, image_id: str, properties: dict[str, Any]) -> None:
    address = f'{serving.url}/collections/c/images/{image_id}'
    serving.session.patch(address, json=properties, timeout=60).raise_for_status()


def test_a_finger_draws_and_two_zoom(page: Page, serving: Serving) -> None:
    edit(page, serving, stored(serving))
    page.get_by_role('button', name='Draw boxes').click()
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [
            dict(zip(('x', 'y', 'id'), (*at_start[place], number), strict=True))
            for number, place in enumerate(places)
        ]
        event = {'type': kind, 'touchPoints': points}
        session.send('Input.dispatchTouchEvent', event)

    at_start: dict[tuple[float, float], tuple[float, float]] = {}
    for place in ((20, 20), (60, 70), (80, 20), (20, 10), (110, 30)):
        at_start[place] = at(page, *place)
    touch('touchStart', (20, 20))
    touch('touchMove', (60, 70))
    touch('touchEnd')
    has(page, serving, 'boxes', [{'x': 20, 'y': 20, 'w': 40, 'h': 50}])
    touch('touchStart', (20, 20))
    touch('touchStart', (20, 20), (80, 20))
    touch('touchMove', (20, 10), (110, 30))
    touch('touchEnd')
    expect(page.locator('.percent')).not_to_have_text('200 %')
    assert len(documents(serving)[0]['boxes']) == 1
