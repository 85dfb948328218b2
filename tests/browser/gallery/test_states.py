"""The gallery with a token, with a service that goes away, and for everybody."""

import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.identification import IdentificationServer
from tests.support.looking import (
    documents,
    dropped,
    expect_images,
    fill,
    see,
    until,
)
from tests.support.pictures import jpeg
from tests.support.serving import Serving

CONTRAST = (Path(__file__).parent / 'contrast.js').read_text()


@pytest.fixture
def port() -> int:
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return int(found.getsockname()[1])


@pytest.fixture
def stoppable(tmp_path: Path, mongodb_url: str, port: int) -> Iterator['Stoppable']:
    service = Stoppable(tmp_path, mongodb_url, port)
    service.start()
    yield service
    service.serving.session.delete(f'{service.serving.url}/collections/c')
    service.serving.kill()


class Stoppable:
    """A service that is stopped and started again at the same port."""

    def __init__(self, folder: Path, mongodb_url: str, port: int) -> None:
        self._folder = folder
        self._port = port
        # A database belongs to one folder, and each test has its own.
        name = f'test_{uuid.uuid4().hex}'
        self._environ = {'MONGODB_URL': mongodb_url, 'MONGODB_DB': name}
        self.serving: Serving

    def start(self) -> None:
        # The second --port is the one that counts.
        arguments = ('--port', str(self._port))
        self.serving = Serving(self._folder, *arguments, **self._environ).ready()


def test_the_page_goes_on_when_the_service_is_back(
    page: Page, stoppable: Stoppable
) -> None:
    fill(stoppable.serving, 4)
    see(page, stoppable.serving)
    expect_images(page, 4)
    stoppable.serving.kill()
    page.locator('.value', has_text='NG').click()
    expect(page.get_by_text('The service does not answer')).to_be_visible()
    stoppable.start()
    expect(page.get_by_text('The service does not answer')).to_have_count(0)
    expect_images(page, 2)


def test_uploads_go_on_when_the_service_is_back(
    page: Page, stoppable: Stoppable, tmp_path: Path
) -> None:
    folder = tmp_path / 'many'
    folder.mkdir()
    for width in range(40, 52):
        (folder / f'{width}.jpg').write_bytes(jpeg(width, 30))
    see(page, stoppable.serving)
    expect(page.get_by_text('No images here yet')).to_be_visible()
    stoppable.serving.kill()
    dropped(page, [str(folder)])
    page.get_by_role('button', name='Upload 12').click()
    expect(page.get_by_text('The service does not answer')).to_be_visible()
    stoppable.start()
    expect(page.get_by_text('12 of 12 uploaded')).to_be_visible()
    assert len(documents(stoppable.serving)) == 12


def test_what_cannot_be_asked_is_told_and_asked_again(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2)
    see(page, serving, '/c?filter={"$where": "1"}')
    notice = page.locator('.images .notice')
    expect(notice.get_by_role('heading')).to_have_text('Invalid request')
    expect(notice).to_contain_text('$where')
    page.get_by_label('Language').select_option('ja')
    page.reload()
    expect(notice.get_by_role('heading')).to_have_text('要求の内容が正しくありません')
    expect(notice).to_contain_text('$where')
    page.get_by_label('言語').select_option('en')
    page.get_by_role('button', name='Remove {"$where": "1"}').click()
    expect_images(page, 2)


def test_images_that_came_are_told(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    page.clock.install()
    see(page, serving)
    expect_images(page, 2)
    # The list is loaded once more when it is known which property is the label.
    expect(page.locator('.tile .badge').first).to_have_text('NG')
    fill(serving, 1)
    page.clock.fast_forward(20_000)
    page.get_by_role('button', name='Images came or went').click()
    expect_images(page, 3)


class TestWithAuthentication:
    @pytest.fixture
    def identification(self) -> Iterator[IdentificationServer]:
        with IdentificationServer() as server:
            server.statuses = {'good-token': 200}
            threading.Thread(target=server.serve_forever, args=(0.01,)).start()
            yield server
            server.shutdown()

    @pytest.fixture
    def serving(
        self, mongodb_url: str, tmp_path: Path, identification: IdentificationServer
    ) -> Iterator[Serving]:
        serving = Serving(
            tmp_path,
            MONGODB_URL=mongodb_url,
            MONGODB_DB=f'test_{uuid.uuid4().hex}',
            USE_AUTHENTICATION='yes',
            IDENTIFICATION_URL=identification.url,
        ).ready()
        serving.session.headers['Authorization'] = 'Bearer good-token'
        yield serving
        serving.session.delete(f'{serving.url}/collections/c')
        serving.kill()

    def test_the_token_is_asked_for_and_in_no_address(
        self, page: Page, serving: Serving, addresses: list[str]
    ) -> None:
        fill(serving, 2)
        see(page, serving)
        expect(page.get_by_text('A token is needed')).to_be_visible()
        page.get_by_label('Token', exact=True).fill('bad-token')
        page.keyboard.press('Enter')
        expect(page.get_by_text('The token is not known')).to_be_visible()
        page.get_by_label('Token', exact=True).fill('good-token')
        page.keyboard.press('Enter')
        expect_images(page, 2)
        drawn = (
            "[...document.querySelectorAll('.tile img')].filter(i => i.naturalWidth)"
        )
        until(page, lambda: page.evaluate(f'{drawn}.length') == 2)
        page.locator('.tile').first.click()
        expect(page.locator('.layer img')).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role('button', name='Download').click()
        assert download.value.suggested_filename == 'image_1.jpg'
        viewer = page.locator('.viewer')
        viewer.get_by_role('button', name='Copy as curl or Python').click()
        assert 'good-token' not in page.locator('dialog pre').inner_text()
        assert not [address for address in addresses if 'token' in address]
        assert 'token' not in page.url
        assert 'token' not in page.evaluate('JSON.stringify(localStorage)')

    def test_an_export_is_saved_with_the_token_in_no_address(
        self, page: Page, serving: Serving, addresses: list[str]
    ) -> None:
        fill(serving, 2)
        see(page, serving)
        page.get_by_label('Token', exact=True).fill('good-token')
        page.keyboard.press('Enter')
        expect_images(page, 2)
        page.get_by_role('button', name='Export…').click()
        export = page.get_by_role('button', name='Export', exact=True)
        with page.expect_download() as download:
            export.click()
        assert download.value.suggested_filename == 'c.zip'
        assert download.value.failure() is None
        (cookie,) = page.context.cookies(f'{serving.url}/collections/c/export')
        assert (cookie['name'], cookie['sameSite']) == ('jwt', 'Strict')
        assert page.context.cookies(f'{serving.url}/collections/c/images') == []
        page.keyboard.press('Escape')
        page.get_by_role('button', name='Forget the token').click()
        assert page.context.cookies(f'{serving.url}/collections/c/export') == []
        assert not [address for address in addresses if 'good-token' in address]

    def test_a_token_that_no_cookie_can_hold_is_told(
        self, page: Page, serving: Serving, identification: IdentificationServer
    ) -> None:
        identification.statuses = {'good-token': 200, 'a;b': 200}
        fill(serving, 2)
        see(page, serving)
        page.get_by_label('Token', exact=True).fill('a;b')
        page.keyboard.press('Enter')
        expect_images(page, 2)
        page.get_by_role('button', name='Export…').click()
        dialog = page.get_by_role('dialog', name='Export images')
        expect(dialog).to_contain_text('Browsers cannot send this token')
        export = dialog.get_by_role('button', name='Export', exact=True)
        expect(export).to_be_disabled()

    def test_the_token_can_be_forgotten(self, page: Page, serving: Serving) -> None:
        fill(serving, 1)
        see(page, serving)
        page.get_by_label('Token', exact=True).fill('good-token')
        page.keyboard.press('Enter')
        page.get_by_role('button', name='Forget the token').click()
        expect(page.get_by_text('A token is needed')).to_be_visible()
        assert page.evaluate('sessionStorage.length') == 0


@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_text_can_be_read(browser: Browser, serving: Serving, scheme: str) -> None:
    ids = fill(serving, 9)
    for number, label in enumerate(['unsure', 'scratch', 'dust', '傷', 'edge', 'x1']):
        patched = {'label': label}
        address = f'{serving.url}/collections/c/images/{ids[number]}'
        serving.session.patch(address, json=patched, timeout=60)
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for address in ('/', '/c?min_frame=1&.view=table', f'/c?.image={ids[0]}', '/c?x=1'):
        see(page, serving, address)
        page.wait_for_load_state('networkidle')
        assert page.evaluate(CONTRAST) == [], address
    context.close()


def test_everything_is_reached_with_the_keyboard(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    see(page, serving)
    expect(page.locator('.tile')).to_have_count(2)
    reached = set()
    for _ in range(60):
        page.keyboard.press('Tab')
        reached.add(
            page.evaluate("""() => {
            const at = document.activeElement;
            return at.getAttribute('aria-label') || at.textContent.trim();
        }""")
        )
    expected = {'Upload', 'Language', 'Keys', 'Filters', 'Order', 'As a table'}
    expected |= {
        'Export…',
        'Images of the collection',
        'Change…',
        'Condition',
        'Changes',
    }
    assert expected <= reached


def test_what_is_pressed_or_filled_in_has_a_name(page: Page, serving: Serving) -> None:
    ids = fill(serving, 2)
    for address in ('/', '/c', f'/c?.image={ids[0]}'):
        see(page, serving, address)
        page.wait_for_load_state('networkidle')
        nameless = page.evaluate("""() =>
            [...document.querySelectorAll('button, input, select, textarea, a')]
                .filter((each) => !each.getAttribute('aria-label')
                    && !each.textContent.trim() && !each.labels?.length)
                .map((each) => each.outerHTML)""")
        assert nameless == [], address


def test_a_number_that_takes_long_to_count_is_told_later(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    counted, held = threading.Event(), list[Route]()

    def answer(route: Route) -> None:
        if route.request.method == 'HEAD':
            # A list that is loaded again asks again.
            route.continue_() if counted.is_set() else held.append(route)
            return
        response = route.fetch()
        headers = response.headers
        headers['x-total-count-at-least'] = '3'
        del headers['x-total-count']
        route.fulfill(response=response, headers=headers)

    page.route('**/images?*', answer)
    see(page, serving)
    expect(page.locator('.position')).to_have_text('more than 3 images')
    until(page, lambda: bool(held))
    counted.set()
    for route in held:
        route.continue_()
    expect_images(page, 4)
    expect(page.locator('.tile')).to_have_count(4)
