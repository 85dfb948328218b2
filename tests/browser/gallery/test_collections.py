"""The first page: collections are found, described, deleted and brought back."""

from playwright.sync_api import Page, expect

from tests.support.looking import fill
from tests.support.serving import Serving


def test_collections_are_found_sorted_and_described(
    page: Page, serving: Serving
) -> None:
    fill(serving, 3, 'welds')
    fill(serving, 1, 'bottles')
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    page.goto(f'{serving.url}/ui')
    expect(page.locator('.card .name')).to_have_text(['bottles', 'welds'])
    expect(page.locator('.collections-head')).to_contain_text('4 images')
    # One request has all cards, beside those of pictures.
    lists = [url for url in asked if url.startswith(f'{serving.url}/collections')]
    assert [url for url in lists if '/images/' not in url] == [
        f'{serving.url}/collections?details=true'
    ]
    page.get_by_role('combobox', name='Order').select_option('Most images first')
    expect(page.locator('.card .name')).to_have_text(['welds', 'bottles'])
    page.get_by_role('button', name='Title and description of bottles').click()
    page.get_by_label('Title', exact=True).fill('Caps of line 7')
    page.get_by_role('button', name='Save').click()
    expect(page.locator('.card .name')).to_have_text(['welds', 'Caps of line 7'])
    page.get_by_role('searchbox', name='Find a collection').fill('line CAPS')
    expect(page.locator('.card .own-name')).to_have_text(['bottles'])
    # It is in the address, and so outlives a reload.
    page.reload()
    expect(page.locator('.card .name')).to_have_text(['Caps of line 7'])
    page.get_by_role('searchbox', name='Find a collection').fill('nowhere')
    expect(page.get_by_text('No collection has these words')).to_be_visible()


def test_a_deleted_collection_comes_back_by_undo_or_from_the_list(
    page: Page, serving: Serving
) -> None:
    fill(serving, 2, 'welds')
    page.goto(f'{serving.url}/ui')
    card = page.get_by_role('link', name='welds')
    delete = page.get_by_role('button', name='Delete welds')
    for way_back in ('Undo', 'Deleted collections'):
        delete.click()
        page.get_by_role('dialog').get_by_role('button', name='Delete').click()
        expect(card).to_have_count(0)
        assert serving.get('/collections').json() == []
        page.get_by_role('button', name=way_back).click()
        if way_back != 'Undo':
            page.get_by_role('button', name='Bring back').click()
            expect(page.get_by_role('dialog')).to_contain_text('No deleted collection')
        expect(card).to_contain_text('2 images')


def test_a_browser_is_led_to_the_page_which_knows_the_others(
    page: Page, serving: Serving
) -> None:
    page.goto(serving.url)
    expect(page).to_have_url(f'{serving.url}/ui')
    foot = page.locator('.page-foot')
    expect(foot).to_contain_text('Version')
    for name, path in (('Health', '/health/ready'), ('Metrics', '/metrics')):
        link = foot.get_by_role('link', name=name)
        expect(link).to_have_attribute('href', path)
    foot.get_by_role('link', name='API').click()
    page.get_by_role('link', name='Images', exact=True).click()
    expect(page).to_have_url(f'{serving.url}/ui')
