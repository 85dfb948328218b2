"""Members of objects are properties of their own; types show where one is edited."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.looking import documents, open_first, until, upload
from tests.support.serving import Serving


def test_members_of_objects_are_changed_removed_and_put_back(
    page: Page, serving: Serving
) -> None:
    camera: dict[str, Any] = {'gain': 2, 'lens': {'mm': 35}, 'parts': ['a'], 'none': {}}
    upload(serving, 'c', camera=camera, odd={'1': 1})
    open_first(page, serving)
    properties = page.locator('.properties')
    names = ['frame', 'camera.gain', 'camera.lens.mm', 'camera.parts', 'camera.none']
    expect(properties.locator('.property .name')).to_have_text([*names, 'odd'])
    field = properties.get_by_label('camera.lens.mm', exact=True)
    # Its type shows while it is edited.
    choice = properties.get_by_label('Type of camera.lens.mm')
    expect(choice).to_have_css('opacity', '0')
    field.focus()
    expect(choice).to_have_css('opacity', '1')
    field.fill('50')
    field.press('Enter')
    changed = camera | {'lens': {'mm': 50}}
    until(page, lambda: documents(serving)[0]['camera'] == changed)
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: documents(serving)[0]['camera'] == camera)
    properties.get_by_role('button', name='Remove camera.gain').click()
    del changed['gain']
    until(
        page, lambda: documents(serving)[0]['camera'] == changed | {'lens': {'mm': 35}}
    )
    page.get_by_role('button', name='Undo').click()
    until(page, lambda: documents(serving)[0]['camera'] == camera)
