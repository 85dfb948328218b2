from playwright.sync_api import Page

from tests.support.serving import Serving


def test_the_browser_and_the_service_meet(page: Page, serving: Serving) -> None:
    response = page.goto(serving.url)
    assert response
    assert response.json()['application_name'] == 'Image storage microservice'


def test_complaints_and_addresses_are_heard(
    page: Page, serving: Serving, complaints: list[str], addresses: list[str]
) -> None:
    page.goto(serving.url)
    page.evaluate('console.error("wrong"); fetch("http://127.0.0.1:1/").catch(() => 0)')
    assert 'wrong' in complaints
    assert 'http://127.0.0.1:1/' in addresses
