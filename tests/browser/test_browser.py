from playwright.sync_api import Page, expect

from tests.support.serving import Serving


def test_the_browser_and_the_service_meet(page: Page, serving: Serving) -> None:
    response = page.goto(f'{serving.url}/health/live')
    assert response
    assert response.json() == {'status': 'live'}


def test_a_browser_is_led_to_the_gallery(page: Page, serving: Serving) -> None:
    page.goto(serving.url)
    assert page.url == f'{serving.url}/ui'
    expect(page.get_by_role('heading', name='Collections')).to_be_visible()


def test_complaints_and_addresses_are_heard(
    page: Page, serving: Serving, complaints: list[str], addresses: list[str]
) -> None:
    page.goto(f'{serving.url}/health/live')
    page.evaluate('console.error("wrong"); fetch("http://127.0.0.1:1/").catch(() => 0)')
    assert 'wrong' in complaints
    assert 'http://127.0.0.1:1/' in addresses
