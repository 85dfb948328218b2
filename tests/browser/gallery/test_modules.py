"""The modules of the page as files: what is listed, what is used, where each is."""

import posixpath
import re
from collections import Counter
from pathlib import Path

import pytest

import falcon_images
from falcon_images.resources.errors import ERRORS
from falcon_images.resources.joined_page import joined_modules

UI = Path(falcon_images.__file__).parent / 'ui'
MODULES = {path.relative_to(UI).as_posix() for path in UI.rglob('*.js')}


def imported(module: str) -> set[str]:
    """Return the modules that a module imports, by their paths in the folder."""
    text = (UI / module).read_text(encoding='utf-8')
    found = re.findall(r"(?:from |import\()'(\..*?)'", text)
    folder = posixpath.dirname(module)
    return {posixpath.normpath(posixpath.join(folder, path)) for path in found}


def test_all_modules_are_one_that_asks_for_no_other() -> None:
    joined = ''.join(joined_modules(UI, 'main.js'))
    assert set(re.findall(r'^// (\S+\.js)$', joined, re.MULTILINE)) == MODULES
    assert re.findall(r'^import\b.*', joined, re.MULTILINE) == []
    assert re.findall(r'\bimport\(.*?\)', joined) == [
        "import('/ui/later.js?@version@')"
    ]


def test_modules_that_import_each_other_are_not_joined(tmp_path: Path) -> None:
    (tmp_path / 'a.js').write_text("import { b } from './b.js';\n")
    (tmp_path / 'b.js').write_text("import { a } from './a.js';\n")
    with pytest.raises(ValueError, match='imports itself by way of'):
        joined_modules(tmp_path, 'a.js')


def test_every_style_of_the_page_is_a_file() -> None:
    page = (UI / 'index.html').read_text(encoding='utf-8')
    listed = set(re.findall('stylesheet" href="/ui/(.*?)"', page))
    assert listed == {path.relative_to(UI).as_posix() for path in UI.rglob('*.css')}


def test_every_module_is_used_by_the_page() -> None:
    reached, left = set[str](), {'main.js'}
    while left:
        reached |= left
        left = set[str]().union(*map(imported, left)) - reached
    assert reached == MODULES


def test_every_error_of_the_service_has_words_in_other_languages() -> None:
    said = (UI / 'service/said-japanese.js').read_text(encoding='utf-8')
    titles = {title for _, title in ERRORS.values()}
    resources = Path(falcon_images.__file__).parent
    for path in (*resources.glob('resources/*.py'), *resources.glob('middleware/*.py')):
        titles |= set(re.findall(r"title='(.*?)'", path.read_text(encoding='utf-8')))
    assert len(titles) > 20
    missing = [title for title in titles if not re.search(f"'?{title}'?: '", said)]
    assert missing == []


def test_a_module_has_no_more_than_300_lines() -> None:
    own = {name for name in MODULES if not name.startswith('vendor/')}
    lines = {name: (UI / name).read_text('utf-8').count('\n') for name in own}
    assert {name: count for name, count in lines.items() if count > 300} == {}


def test_a_folder_has_no_more_than_15_modules() -> None:
    folders = Counter(map(posixpath.dirname, MODULES))
    assert {name: count for name, count in folders.items() if count > 15} == {}
