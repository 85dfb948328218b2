"""Archives into the gallery: looked at first, then imported."""

import io
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.looking import (
    documents,
    dropped,
    expect_images,
    fill,
    questions,
    see,
    until,
)
from tests.support.pictures import jpeg
from tests.support.serving import Serving

IMPORT = re.compile(r'/import($|\?)')


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Pictures in folders, and a file that is none."""
    path = tmp_path / 'parts.zip'
    with zipfile.ZipFile(path, 'w') as made:
        for number, folder in enumerate(('OK', 'OK', 'NG')):
            made.writestr(f'{folder}/{number}.jpg', jpeg(40 + number, 30))
        made.writestr('notes.txt', 'no image')
    return path


def import_dialog(page: Page, archive: Path) -> Locator:
    page.get_by_role('button', name='Import…').click()
    dialog = page.get_by_role('dialog', name='Import an archive')
    dialog.locator('input[type=file]').set_input_files(archive)
    expect(dialog).to_contain_text(archive.name)
    return dialog


def counts(dialog: Locator) -> dict[str, str]:
    """What the report says: how many of which kind."""
    expect(dialog.locator('.counts')).to_be_visible()
    names = dialog.locator('.counts dt').all_inner_texts()
    return dict(zip(names, dialog.locator('.counts dd').all_inner_texts(), strict=True))


def test_an_archive_is_looked_at_before_it_is_imported(
    page: Page, serving: Serving, archive: Path, complaints: list[str]
) -> None:
    see(page, serving)
    dialog = import_dialog(page, archive)
    dialog.get_by_role('button', name='Look first').click()
    expect(dialog).to_contain_text('This would come:')
    assert counts(dialog) == {
        'new': '3',
        'updated': '0',
        'there already': '0',
        'left out': '1',
    }
    expect(dialog.locator('.skipped')).to_contain_text('notes.txt')
    assert documents(serving) == []
    dialog.get_by_role('button', name='Import 3 images').click()
    expect(dialog).to_contain_text('Imported:')
    expect_images(page, 3)
    dialog.locator('.buttons').get_by_role('button', name='Close').click()
    expect(page.get_by_role('dialog')).to_have_count(0)
    assert complaints == []


def test_folders_and_a_property_are_put_into_the_images(
    page: Page, serving: Serving, archive: Path
) -> None:
    page.goto(f'{serving.url}/ui')
    dialog = import_dialog(page, archive)
    dialog.get_by_label('Into collection').fill('parts')
    dialog.get_by_text('Properties of the images').click()
    dialog.get_by_label('Folder name as').fill('label')
    dialog.get_by_label('Property').fill('line')
    dialog.get_by_label('Value').fill('3')
    dialog.get_by_role('button', name='Import at once').click()
    expect(dialog).to_contain_text('Imported:')
    expect(page).to_have_url(f'{serving.url}/ui#/parts')
    found = [(each['label'], each['line']) for each in documents(serving, name='parts')]
    assert sorted(found) == [('NG', 3), ('OK', 3), ('OK', 3)]


def test_an_archive_that_is_dropped_is_imported(
    page: Page, serving: Serving, archive: Path
) -> None:
    see(page, serving)
    expect(page.get_by_text('No images here yet')).to_be_visible()
    dropped(page, [str(archive)])
    dialog = page.get_by_role('dialog', name='Import an archive')
    expect(dialog).to_contain_text('parts.zip')
    expect(dialog.get_by_label('Into collection')).to_have_value('c')


def test_an_export_that_is_imported_again_changes_nothing(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    fill(serving, 2)
    before = documents(serving)
    (tmp_path / 'c.zip').write_bytes(serving.get('/collections/c/export').content)
    see(page, serving)
    dialog = import_dialog(page, tmp_path / 'c.zip')
    dialog.get_by_role('button', name='Look first').click()
    expect(dialog).to_contain_text('This would come:')
    assert counts(dialog)['new'] == '0'
    assert documents(serving) == before


def test_why_an_archive_is_refused_is_told(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / 'no.zip').write_text('no archive')
    see(page, serving)
    dialog = import_dialog(page, tmp_path / 'no.zip')
    dialog.get_by_role('button', name='Look first').click()
    expect(dialog.get_by_role('alert')).to_contain_text('not an archive')
    assert documents(serving) == []


def held_imports(page: Page) -> list[Route]:
    """Keep imports from the service until the test lets them go."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(IMPORT, keep)
    return held


def test_the_browser_asks_before_an_import_is_lost(
    page: Page, serving: Serving, archive: Path
) -> None:
    held = held_imports(page)
    see(page, serving)
    dialog = import_dialog(page, archive)
    assert questions_of_another(page, serving) == []
    dialog.get_by_role('button', name='Import at once').click()
    until(page, lambda: len(held) == 1)
    assert questions(page) == ['beforeunload']
    held[0].continue_()
    expect(dialog).to_contain_text('Imported:')
    assert questions(page) == []


def questions_of_another(page: Page, serving: Serving) -> list[str]:
    """What is asked when a page is closed that imports nothing."""
    other = page.context.new_page()
    see(other, serving)
    return questions(other)


@pytest.mark.parametrize('width', [1280, 390])
def test_an_import_goes_on_while_its_dialog_is_closed(
    page: Page, serving: Serving, archive: Path, width: int
) -> None:
    held = held_imports(page)
    page.set_viewport_size({'width': width, 'height': 844})
    see(page, serving)
    dialog = import_dialog(page, archive)
    dialog.get_by_role('button', name='Import at once').click()
    until(page, lambda: len(held) == 1)
    page.keyboard.press('Escape')
    progress = page.locator('.page-head').get_by_label('Import an archive')
    expect(progress).to_be_visible()
    assert page.evaluate('document.documentElement.scrollWidth - innerWidth') <= 0
    held[0].continue_()
    expect(page.get_by_text('3 images imported.')).to_be_visible()
    expect_images(page, 3)
    expect(progress).to_have_count(0)


def test_an_import_can_be_stopped(page: Page, serving: Serving, archive: Path) -> None:
    held = held_imports(page)
    see(page, serving)
    dialog = import_dialog(page, archive)
    dialog.get_by_role('button', name='Import at once').click()
    until(page, lambda: len(held) == 1)
    dialog.get_by_role('button', name='Stop').click()
    expect(dialog.get_by_role('status')).to_contain_text('send the archive again')
    expect(dialog.get_by_role('button', name='Import at once')).to_be_enabled()


def test_an_import_can_be_undone(page: Page, serving: Serving, archive: Path) -> None:
    see(page, serving)
    dialog = import_dialog(page, archive)
    dialog.get_by_role('button', name='Import at once').click()
    dialog.get_by_role('button', name='Undo').click()
    expect(dialog).to_contain_text('The import was undone.')
    assert documents(serving) == []
    page.keyboard.press('Escape')
    expect(page.get_by_role('dialog')).to_have_count(0)
    page.locator('body').press('Control+z')
    expect(page.get_by_text('There is nothing to undo.')).to_be_visible()
    page.get_by_role('button', name='Changes').click()
    changes = page.get_by_role('dialog', name='Changes')
    expect(changes).to_contain_text('3 images imported.')
    expect(changes).to_contain_text('3 undone.')


def test_a_damaged_archive_is_no_upload(
    page: Page, serving: Serving, tmp_path: Path
) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, 'w') as made:
        made.writestr('a.jpg', jpeg())
    (tmp_path / 'cut.ZIP').write_bytes(whole.getvalue()[:-30])
    see(page, serving)
    expect(page.get_by_text('No images here yet')).to_be_visible()
    dropped(page, [str(tmp_path / 'cut.ZIP')])
    page.get_by_role('button', name='Import at once').click()
    expect(page.get_by_role('alert').last).not_to_be_empty()
    assert documents(serving) == []
