"""What the tests of the gallery share: images to look at, and ways to look."""

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Dialog, Page, Route, expect

from tests.support.pictures import jpeg
from tests.support.serving import Serving

COLOURS = ('red', 'green', 'blue', 'orange', 'purple', 'teal')


def fill(serving: Serving, count: int = 6, collection_name: str = 'c') -> list[str]:
    """Upload images, labelled OK and NG in turn; the ids, newest first."""
    ids = [
        upload(serving, collection_name, number, label='NG' if number % 2 else 'OK')
        for number in range(count)
    ]
    return ids[::-1]


def upload(
    serving: Serving, collection_name: str, number: int = 0, **properties: Any
) -> str:
    """Upload an image; its number is in its name and its colour."""
    response = serving.session.post(
        f'{serving.url}/collections/{collection_name}/images',
        data={'json': json.dumps({'frame': number, **properties})},
        files={'image': (f'image_{number}.jpg', jpeg(64, 48, COLOURS[number % 6]))},
        timeout=60,
    )
    assert response.status_code == 200, response.text
    return str(response.json()['_id'])


def documents(serving: Serving, query: str = '', name: str = 'c') -> list[Any]:
    """What the API says that there is."""
    found: list[Any] = serving.get(f'/collections/{name}/images{query}').json()
    return found


def label_of(serving: Serving, image_id: str) -> object:
    """The label of an image of the collection, as the API says it."""
    return serving.get(f'/collections/c/images/{image_id}').json().get('label')


def see(page: Page, serving: Serving, address: str = '/c') -> None:
    """Go to a page of the gallery, such as ``/COLLECTION?CONDITIONS``."""
    page.goto(f'{serving.url}/ui#{address}')


def expect_images(page: Page, count: int) -> None:
    """Wait until the status bar tells a number of images."""
    expect(page.locator('.position')).to_have_text(
        re.compile(f'(^|/ ){count} images?$')
    )


def dropped(page: Page, paths: list[str]) -> None:
    """Drag files and folders from outside onto the page."""
    session = page.context.new_cdp_session(page)
    data = {'items': [], 'files': paths, 'dragOperationsMask': 1}
    for kind in ('dragEnter', 'dragOver', 'drop'):
        event = {'type': kind, 'x': 640, 'y': 400, 'data': data}
        session.send('Input.dispatchDragEvent', event)


def until(page: Page, check: Callable[[], bool]) -> None:
    """Wait until a check holds, for at most 20 seconds."""
    for _ in range(400):
        if check():
            return
        page.wait_for_timeout(50)
    raise AssertionError('it did not happen in time')


def open_first(page: Page, serving: Serving) -> None:
    """Open the newest image of the collection."""
    see(page, serving)
    page.locator('.tile').first.click()
    expect(page.locator('.properties')).to_be_visible()


def hold(page: Page, method: str) -> list[Route]:
    """Keep requests about images from the service until the test lets them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        if route.request.method == method:
            held.append(route)
        else:
            route.continue_()

    page.route('**/collections/c/images**', keep)
    return held


def questions(page: Page) -> list[str]:
    """Close a page; return what kinds of questions the browser asked before."""
    kinds: list[str] = []

    def stay(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        dialog.dismiss()

    other = page.context.new_page()
    page.on('dialog', stay)
    page.close(run_before_unload=True)
    until(other, lambda: page.is_closed() or bool(kinds))
    page.remove_listener('dialog', stay)
    return kinds
