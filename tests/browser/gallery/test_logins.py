"""The gallery with the cookie of a login, and with a token that another tab has."""

import threading
import uuid
from collections.abc import Iterator

import pymongo
import pytest
from playwright.sync_api import Page, expect

from tests.support.identification import IdentificationServer
from tests.support.looking import expect_images, fill, label_of, see, until
from tests.support.serving import Serving

LOGIN = 'https://users.example/login'


@pytest.fixture(scope='module')
def started(
    mongodb_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serving]:
    name = f'test_{uuid.uuid4().hex}'
    with IdentificationServer() as identification:
        identification.statuses = {'good-token': 200}
        threading.Thread(target=identification.serve_forever, args=(0.01,)).start()
        process = Serving(
            tmp_path_factory.mktemp('logins'),
            MONGODB_URL=mongodb_url,
            MONGODB_DB=name,
            USE_AUTHENTICATION='yes',
            IDENTIFICATION_URL=identification.url,
            LOGIN_URL=LOGIN,
        )
        process.session.headers['Authorization'] = 'Bearer good-token'
        try:
            yield process.ready()
        finally:
            process.kill()
            identification.shutdown()
            with pymongo.MongoClient[dict[str, object]](mongodb_url) as client:
                client.drop_database(name)


def log_in(page: Page, serving: Serving, name: str, *, is_hidden: bool) -> None:
    """Set the cookie of a login, which scripts cannot read if it is hidden."""
    page.context.add_cookies(
        [
            {
                'name': name,
                'value': 'good-token',
                'url': serving.url,
                'httpOnly': is_hidden,
            }
        ]
    )


@pytest.mark.parametrize('name', ['jwt', 'token'])
def test_labels_are_set_with_the_cookie_of_a_login(
    page: Page, serving: Serving, name: str
) -> None:
    newest, _ = fill(serving, 2)
    log_in(page, serving, name, is_hidden=False)
    see(page, serving)
    expect_images(page, 2)
    page.keyboard.press('ArrowRight')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')
    expect(page.get_by_text('You are logged in by a cookie')).to_have_count(0)
    expect(page.get_by_text('A token is needed')).to_have_count(0)


def test_a_hidden_cookie_shows_images_and_where_to_log_in(
    page: Page, serving: Serving
) -> None:
    newest, _ = fill(serving, 2)
    log_in(page, serving, 'jwt', is_hidden=True)
    see(page, serving)
    expect_images(page, 2)
    told = page.get_by_role('status').filter(has_text='You are logged in by a cookie')
    expect(told.get_by_role('link', name='Log in')).to_have_attribute('href', LOGIN)
    expect(page.locator('.tile .badge').first).to_have_text('NG')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('2')
    expect(page.locator('.toast')).to_contain_text('was not labelled: You are logged')
    expect_images(page, 2)
    assert label_of(serving, newest) == 'NG'
    told.get_by_role('button', name='Give a token').click()
    page.get_by_label('Token', exact=True).fill('good-token')
    page.keyboard.press('Enter')
    expect(told).to_have_count(0)
    page.keyboard.press('ArrowRight')
    page.keyboard.press('2')
    until(page, lambda: label_of(serving, newest) == 'OK')


def test_a_token_passes_to_other_tabs_and_is_forgotten_in_all(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2)
    other = page.context.new_page()
    for each in (page, other):
        see(each, serving)
        expect(each.get_by_text('A token is needed')).to_be_visible()
    expect(page.get_by_role('link', name='Log in')).to_have_attribute('href', LOGIN)
    page.get_by_label('Token', exact=True).fill('good-token')
    page.keyboard.press('Enter')
    expect_images(page, 2)
    expect_images(other, 2)
    third = page.context.new_page()
    see(third, serving)
    expect_images(third, 2)
    assert page.evaluate('JSON.stringify(localStorage)').count('good-token') == 0
    third.get_by_role('button', name='Forget the token').click()
    for each in (page, other, third):
        expect(each.get_by_text('A token is needed')).to_be_visible()
