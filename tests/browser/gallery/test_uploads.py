"""Files that are dropped on the page, on their way to the service."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.looking import (
    documents,
    dropped,
    hold,
    questions,
    see,
    until,
)
from tests.support.pictures import jpeg
from tests.support.serving import Serving


def test_dropped_folders_are_uploaded_and_what_is_no_image_is_refused(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    for label, color in (('OK', 'green'), ('NG', 'red')):
        folder = tmp_path / 'dropped' / label
        folder.mkdir(parents=True)
        for width in (40, 50, 60):
            (folder / f'{width}.jpg').write_bytes(jpeg(width, 30, color))
    (tmp_path / 'dropped' / 'notes.txt').write_text('no image')
    page.goto(f'{serving.url}/ui')
    expect(page.get_by_text('No images yet')).to_be_visible()
    dropped(page, [str(tmp_path / 'dropped')])
    page.get_by_label('Into collection').fill('parts')
    page.get_by_label('Folder name as').fill('label')
    page.get_by_role('button', name='Upload 7').click()
    expect(page.get_by_text('6 of 7 uploaded')).to_contain_text('1 not')
    expect(page.locator('.upload-item.refused')).to_contain_text('notes.txt')
    expect(page.locator('.upload-item.refused .why')).not_to_be_empty()
    expect(page).to_have_url(f'{serving.url}/ui#/parts')
    found = documents(serving, name='parts')
    assert sorted(document['label'] for document in found) == ['NG'] * 3 + ['OK'] * 3


def test_the_same_files_again_are_not_stored_again(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    see(page, serving)
    for number in (1, 2):
        dropped(page, [str(tmp_path / 'a.jpg')])
        page.get_by_role('button', name='Upload 1').click()
        expect(page.get_by_text(f'{number} of {number} uploaded')).to_be_visible()
    assert len(documents(serving)) == 1


def test_an_image_that_is_there_gets_what_it_lacks_and_says_what_it_keeps(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    (tmp_path / 'b.jpg').write_bytes(jpeg(40, 40))
    for name, properties in (('a.jpg', {}), ('b.jpg', {'label': 'NG'})):
        serving.upload((tmp_path / name).read_bytes(), **properties)
    see(page, serving)
    dropped(page, [str(tmp_path / 'a.jpg'), str(tmp_path / 'b.jpg')])
    page.get_by_label('Property').fill('label')
    page.get_by_label('Value').fill('OK')
    page.get_by_role('button', name='Upload 2').click()
    items = page.locator('.upload-item')
    expect(items.filter(has_text='a.jpg')).to_contain_text('It got label = OK.')
    expect(items.filter(has_text='b.jpg')).to_contain_text('It keeps label = NG.')
    assert [each['label'] for each in documents(serving)] == ['NG', 'OK']


def test_the_browser_asks_before_uploads_are_lost(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    held = hold(page, 'POST')
    page.goto(f'{serving.url}/ui')
    dropped(page, [str(tmp_path / 'a.jpg')])
    page.get_by_label('Into collection').fill('c')
    page.get_by_role('button', name='Upload 1').click()
    until(page, lambda: len(held) == 1)
    assert questions(page) == ['beforeunload']
    held[0].continue_()
    expect(page.get_by_text('1 of 1 uploaded')).to_be_visible()
    assert questions(page) == []


@pytest.mark.parametrize('width', [1280, 390])
def test_the_head_shows_uploads_while_their_panel_is_closed(
    page: Page, serving: Serving, tmp_path: Path, width: int
) -> None:
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    held = hold(page, 'POST')
    page.set_viewport_size({'width': width, 'height': 800})
    see(page, serving)
    page.locator('.page-head .upload').click()
    page.locator('.hidden-file').first.set_input_files(tmp_path / 'a.jpg')
    page.get_by_role('button', name='Upload 1').click()
    until(page, lambda: len(held) == 1)
    panel = page.get_by_role('region', name='Uploads')
    panel.get_by_role('button', name='Close').click()
    progress = page.locator('.page-head').get_by_label('All uploads')
    expect(progress).to_be_visible()
    assert page.evaluate('document.documentElement.scrollWidth - innerWidth') <= 0
    progress.click()
    expect(panel).to_contain_text('0 of 1 uploaded')
    panel.get_by_role('button', name='Close').click()
    held[0].continue_()
    expect(progress).to_have_count(0)


def test_after_a_reload_dropped_folders_go_on_with_their_properties(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    folder = tmp_path / 'OK'
    folder.mkdir()
    for width in (40, 50, 60, 70):
        (folder / f'{width}.jpg').write_bytes(jpeg(width, 30))
    held = hold(page, 'POST')
    see(page, serving)
    dropped(page, [str(folder)])
    page.get_by_label('Folder name as').fill('label')
    page.get_by_role('button', name='Upload 4').click()
    until(page, lambda: len(held) == 3)
    held.pop().continue_()
    expect(page.get_by_text('1 of 4 uploaded')).to_be_visible()
    until(page, lambda: len(held) == 3)
    page.on('dialog', lambda dialog: dialog.accept())
    page.reload()
    until(page, lambda: len(held) == 6)
    for route in held[3:]:
        route.continue_()
    expect(page.get_by_text('3 of 3 uploaded')).to_be_visible()
    expect(page.locator('.lost-files')).to_have_count(0)
    assert [each['label'] for each in documents(serving)] == ['OK'] * 4


def test_after_a_reload_the_page_says_which_files_are_missing(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    # As in browsers that cannot read a dropped file again.
    page.add_init_script('delete DataTransferItem.prototype.getAsFileSystemHandle')
    paths = [tmp_path / f'{width}.jpg' for width in (40, 50)]
    for path in paths:
        path.write_bytes(jpeg(int(path.stem), 30))
    held = hold(page, 'POST')
    see(page, serving)
    dropped(page, [str(path) for path in paths])
    page.get_by_role('button', name='Upload 2').click()
    until(page, lambda: len(held) == 2)
    held.pop().continue_()
    expect(page.get_by_text('1 of 2 uploaded')).to_be_visible()
    page.on('dialog', lambda dialog: dialog.accept())
    page.reload()
    lost = page.locator('.lost-files')
    expect(lost).to_contain_text('A file was still on its way to c')
    (left,) = {'40.jpg', '50.jpg'} - {each['image'] for each in documents(serving)}
    assert lost.get_by_role('listitem').all_inner_texts() == [left]
    page.unroute_all()
    dropped(page, [str(path) for path in paths])
    page.get_by_role('button', name='Upload 2').click()
    expect(page.get_by_text('2 of 2 uploaded')).to_be_visible()
    expect(lost).to_have_count(0)
    assert len(documents(serving)) == 2
    page.reload()
    expect(page.locator('.page-head')).to_be_visible()
    expect(lost).to_have_count(0)
