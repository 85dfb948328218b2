"""Images out of the gallery as one file, which the browser saves itself."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from tests.support.looking import (
    documents,
    expect_images,
    fill,
    see,
    until,
    upload,
)
from tests.support.serving import Serving


def export_dialog(page: Page) -> Locator:
    page.get_by_role('button', name='Export…').first.click()
    return page.get_by_role('dialog', name='Export images')


def exported(page: Page) -> Download:
    """Press the button of the dialog, and wait for what the browser saves."""
    with page.expect_download() as download:
        button = page.get_by_role('button', name='Export', exact=True)
        expect(button).to_be_enabled()
        button.click()
    return download.value


def names_in(download: Download) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(Path(download.path()).read_bytes())) as archive:
        return set(archive.namelist())


def test_all_images_are_saved_as_an_archive(
    page: Page, serving: Serving, complaints: list[str]
) -> None:
    fill(serving, 3)
    see(page, serving)
    expect_images(page, 3)
    dialog = export_dialog(page)
    expect(dialog).to_contain_text('All 3 images that match are exported.')
    download = exported(page)
    assert download.suggested_filename == 'c.zip'
    assert {f'image_{number}.jpg' for number in range(3)} < names_in(download)
    expect(dialog.get_by_role('status')).to_contain_text('list of downloads')
    assert complaints == []


def test_an_export_follows_the_filter_and_the_order(
    page: Page, serving: Serving
) -> None:
    fill(serving, 5)
    see(page, serving, '/c?label=OK&sort=frame')
    expect_images(page, 3)
    page.locator('.list').focus()
    page.keyboard.press('e')
    page.get_by_label('JSON, one a line').check()
    lines = Path(exported(page).path()).read_text().splitlines()
    assert [json.loads(line)['frame'] for line in lines] == [0, 2, 4]


def test_an_export_follows_the_selection(page: Page, serving: Serving) -> None:
    fill(serving, 4)
    see(page, serving)
    for index in (0, 2):
        page.locator(f'[data-index="{index}"]').click(modifiers=['Control'])
    selection = page.get_by_role('toolbar', name='Selection')
    selection.get_by_role('button', name='Export…').click()
    dialog = page.get_by_role('dialog', name='Export images')
    expect(dialog).to_contain_text('The 2 selected images are exported.')
    dialog.get_by_label('Images alone').check()
    names = {name for name in names_in(exported(page)) if name.endswith('.jpg')}
    assert names == {'image_3.jpg', 'image_1.jpg'}


def test_all_but_some_are_exported(page: Page, serving: Serving) -> None:
    fill(serving, 4)
    see(page, serving, '/c?label=OK')
    expect_images(page, 2)
    page.locator('.list').focus()
    page.keyboard.press('Control+a')
    page.locator('[data-index="0"]').click(modifiers=['Control'])
    export_dialog(page).get_by_label('CSV').check()
    table = Path(exported(page).path()).read_text('utf-8-sig')
    assert 'image_0.jpg' in table
    assert len(table.splitlines()) == 2


def test_images_are_exported_by_class_and_split(page: Page, serving: Serving) -> None:
    fill(serving, 6)
    see(page, serving)
    expect(page.locator('.tile .badge').first).to_have_text('NG')
    dialog = export_dialog(page)
    dialog.get_by_label('Folders by class').check()
    expect(dialog.get_by_label('Class from')).to_have_value('label')
    dialog.get_by_label('Split', exact=True).fill('1/0/0')
    dialog.get_by_label('Keep together').fill('frame')
    dialog.get_by_label('Keep equal pictures').check()
    folders = {name.rpartition('/')[0] for name in names_in(exported(page))}
    assert folders == {'', 'train', 'train/OK', 'train/NG'}


def test_the_formats_are_those_that_the_service_describes(
    page: Page, serving: Serving
) -> None:
    fill(serving, 1)
    described = serving.get('/openapi.json').json()
    path = described['paths']['/collections/{collection_name}/export']
    (schema,) = (
        parameter['schema']
        for parameter in path['get']['parameters']
        if parameter.get('name') == 'format'
    )
    schema['enum'].append('thermal')
    page.route('**/openapi.json', lambda route: route.fulfill(json=described))
    see(page, serving)
    dialog = export_dialog(page)
    expect(dialog.get_by_label('thermal')).to_be_visible()
    offered = dialog.get_by_role('radio').evaluate_all('all => all.map(e => e.value)')
    assert sorted(offered) == sorted(['', *schema['enum']])


def test_conditions_with_names_of_options_stay_conditions(
    page: Page, serving: Serving
) -> None:
    upload(serving, 'c', 1, split='train', label_by='a')
    upload(serving, 'c', 2, split='val')
    see(page, serving, '/c?split=train&label_by=a')
    expect_images(page, 1)
    export_dialog(page).get_by_label('JSON, one a line').check()
    (line,) = Path(exported(page).path()).read_text().splitlines()
    assert json.loads(line)['frame'] == 1


def test_why_an_export_is_refused_is_told(page: Page, serving: Serving) -> None:
    upload(serving, 'c', 1, label='OK', tags=['a', 'b'])
    see(page, serving, '/c?.label=tags')
    expect_images(page, 1)
    dialog = export_dialog(page)
    dialog.get_by_label('Folders by class').check()
    dialog.get_by_label('Class from').select_option('tags')
    dialog.get_by_role('button', name='Export', exact=True).click()
    expect(dialog.get_by_role('status')).to_contain_text('tags')
    expect(dialog.get_by_role('status')).to_have_class('failed')
    expect(page).to_have_url(f'{serving.url}/ui#/c?.label=tags')


def test_a_selection_too_long_for_an_address_is_exported_as_a_snapshot(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    page.route(
        lambda url: 'in__id=' in url,
        lambda route: route.fulfill(status=414, body='<h1>Too long</h1>'),
    )
    see(page, serving)
    for index in (0, 2):
        page.locator(f'[data-index="{index}"]').click(modifiers=['Control'])
    dialog = export_dialog(page)
    expect(dialog).to_contain_text('The 2 selected images are exported.')
    dialog.get_by_label('Images alone').check()
    names = {name for name in names_in(exported(page)) if name.endswith('.jpg')}
    assert names == {'image_3.jpg', 'image_1.jpg'}
    (snapshot,) = serving.get('/collections/c/snapshots').json()
    expect(dialog).to_contain_text(f'The snapshot {snapshot["name"]} keeps these')
    dialog.get_by_role('button', name='Copy as curl or Python').click()
    command = page.locator('dialog pre').inner_text()
    assert f"--data-urlencode 'snapshot={snapshot['name']}'" in command
    page.keyboard.press('Escape')
    dialog.get_by_role('button', name='Delete the snapshot').click()
    expect(dialog.get_by_role('status')).to_contain_text('The snapshot is deleted.')
    assert serving.get('/collections/c/snapshots').json() == []


def test_too_many_to_be_named_one_by_one_is_told(page: Page, serving: Serving) -> None:
    fill(serving, 2)
    refused = {'title': 'Too large', 'description': 'MAX_QUERY_BODY_BYTES'}
    page.route(
        lambda url: 'in__id=' in url or url.endswith('/query'),
        lambda route: route.fulfill(status=413, json=refused),
    )
    see(page, serving)
    page.locator('[data-index="0"]').click(modifiers=['Control'])
    dialog = export_dialog(page)
    expect(dialog).to_contain_text('too many images to be named one by one')
    export = dialog.get_by_role('button', name='Export', exact=True)
    expect(export).to_be_disabled()


def test_an_export_can_be_copied(page: Page, serving: Serving) -> None:
    fill(serving, 3)
    see(page, serving, '/c?label=OK')
    dialog = export_dialog(page)
    dialog.get_by_label('Images alone').check()
    dialog.get_by_role('button', name='Copy as curl or Python').click()
    shown = page.locator('dialog pre').inner_text()
    assert f"'{serving.url}/collections/c/export'" in shown
    assert "--data-urlencode 'format=files'" in shown
    assert "-o 'c.zip'" in shown


@pytest.mark.parametrize('width', [1280, 390])
def test_the_dialog_of_exports_fits_its_window(
    page: Page, serving: Serving, width: int
) -> None:
    fill(serving, 2)
    page.set_viewport_size({'width': width, 'height': 844})
    see(page, serving)
    expect_images(page, 2)
    dialog = export_dialog(page)
    dialog.get_by_label('Folders by class').check()
    dialog.get_by_label('Split', exact=True).fill('80/20')
    until(page, lambda: dialog.evaluate('it => it.scrollWidth <= it.clientWidth'))
    assert page.evaluate('document.documentElement.scrollWidth - innerWidth') <= 0
    assert len(documents(serving)) == 2
