"""Images without a label: how many are left, and the next, never that of another."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.support.looking import documents, label_of, see, until, upload
from tests.support.serving import Serving

IMAGES = 4


def begin(page: Page, serving: Serving, left: int) -> str:
    """Open the first image that nobody else has; return its name."""
    see(page, serving)
    expect(page.get_by_role('button', name='1 NG')).to_be_visible()
    expect(page.get_by_role('button', name=f'{left} without a label')).to_be_visible()
    page.locator('.list').focus()
    page.keyboard.press('n')
    return opened(page)


def opened(page: Page, other_than: str = '') -> str:
    dialog = page.get_by_role('dialog', name=re.compile('^image_'))
    expect(dialog).to_be_visible()
    if other_than:
        expect(dialog).not_to_have_attribute('aria-label', other_than)
    return str(dialog.get_attribute('aria-label'))


def test_two_pages_label_all_images_and_never_the_same_one(
    browser: Browser, page: Page, serving: Serving
) -> None:
    upload(serving, 'c', 8, label='OK')
    upload(serving, 'c', 9, label='NG')
    names = {f'image_{n}.jpg' for n in range(IMAGES) if upload(serving, 'c', n)}
    with browser.new_context() as context:
        pages = [page, context.new_page()]
        shown = [begin(each, serving, IMAGES) for each in pages]
        done: list[str] = []
        for number in range(IMAGES):
            at = number % 2
            done.append(shown[at])
            pages[at].keyboard.press('1')
            if number < IMAGES - 2:
                shown[at] = opened(pages[at], other_than=shown[at])
        assert set(done) == names
        for each in pages:
            expect(each.get_by_text('No image without label is left')).to_be_visible()
        until(page, lambda: len(documents(serving, '?label=NG')) == IMAGES + 1)
        page.keyboard.press('Escape')
        expect(page.locator('.status-bar').get_by_text('All labelled')).to_be_visible()


def test_who_leaves_gives_the_images_back(
    browser: Browser, page: Page, serving: Serving
) -> None:
    upload(serving, 'c', 8, label='OK')
    upload(serving, 'c', 9, label='NG')
    ids = [upload(serving, 'c', number) for number in range(3)]
    assert begin(page, serving, 3) == 'image_2.jpg'
    # One that is passed over does not come again at once.
    page.keyboard.press('n')
    assert opened(page, other_than='image_2.jpg') == 'image_1.jpg'
    with page.expect_response(lambda answer: answer.request.method == 'DELETE'):
        page.keyboard.press('Escape')
    until(page, lambda: claimed(serving) == ids[2])
    assert label_of(serving, ids[2]) is None


def claimed(serving: Serving) -> object:
    """The image that another is given, who gives it back."""
    address = f'{serving.url}/collections/c/claims'
    claim = serving.session.post(f'{address}?has_label=false', timeout=60).json()
    if not claim['images']:
        return None
    serving.session.delete(f'{address}/{claim["claim"]}', timeout=60)
    return claim['images'][0]['_id']
