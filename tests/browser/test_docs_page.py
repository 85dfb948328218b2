from playwright.sync_api import FilePayload, Page, expect

from tests.support.pictures import jpeg
from tests.support.serving import Serving


def test_the_page_shows_every_operation(
    page: Page, serving: Serving, complaints: list[str]
) -> None:
    page.goto(f'{serving.url}/docs')
    expect(page.get_by_role('heading', name='Image storage')).to_be_visible()
    described = serving.get('/openapi.json').json()['paths'].values()
    count = sum('operationId' in part for item in described for part in item.values())
    expect(page.locator('.opblock')).to_have_count(count)
    assert complaints == []


def test_a_request_can_be_tried(
    page: Page, serving: Serving, complaints: list[str]
) -> None:
    document = serving.upload(jpeg(), 'example', label='OK')
    page.goto(f'{serving.url}/docs#/Images/listImages')
    operation = page.locator('#operations-Images-listImages')
    operation.get_by_role('button', name='Try it out').click()
    operation.get_by_role('button', name='Execute').click()
    answer = operation.locator('.live-responses-table')
    expect(answer).to_contain_text(document['_id'])
    expect(answer).to_contain_text('x-total-count: 1')
    assert complaints == []


def test_an_upload_can_be_tried(
    page: Page, serving: Serving, complaints: list[str]
) -> None:
    page.goto(f'{serving.url}/docs#/Images/uploadImage')
    operation = page.locator('#operations-Images-uploadImage')
    operation.get_by_role('button', name='Try it out').click()
    picture: FilePayload = {'name': 'a.jpg', 'mimeType': 'image/jpeg', 'buffer': jpeg()}
    operation.locator('input[type=file]').first.set_input_files(picture)
    operation.get_by_role('button', name='Execute').click()
    expect(operation.locator('.live-responses-table')).to_contain_text('a.jpg')
    assert complaints == []
    assert serving.get('/collections/example').json()['documents'] == 1


def test_nobody_else_is_asked(
    page: Page, serving: Serving, addresses: list[str]
) -> None:
    page.goto(f'{serving.url}/docs')
    expect(page.locator('.opblock').first).to_be_visible()
    page.wait_for_load_state('networkidle')
    assert f'{serving.url}/openapi.json' in addresses
    strangers = [a for a in addresses if not a.startswith(f'{serving.url}/')]
    assert strangers == []
