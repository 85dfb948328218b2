"""Every file of the project that a page names is there."""

import re

import pytest

from tests.support.documentation import PAGES, ROOT

NAMED = re.compile(
    r'(?<![\w./-])((?:falcon_images|tests|benchmarks|scripts|docs|\.ci)/[\w./{}*-]*\w/?)'
)
MODULE = re.compile(
    r'-m ((?:falcon_images|benchmarks)(?:\.\w+)*)|(falcon_images\.\w+):'
)


@pytest.mark.parametrize('page', PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    for path in NAMED.findall(PAGES[page]):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize('page', PAGES)
def test_every_module_that_a_page_names_exists(page: str) -> None:
    for match in MODULE.finditer(PAGES[page]):
        module = ROOT / (match[1] or match[2]).replace('.', '/')
        is_package = (module / '__main__.py').is_file()
        assert is_package or module.with_suffix('.py').is_file(), match[0]


def test_the_table_of_fault_tests_has_every_module() -> None:
    modules = {path.name for path in (ROOT / 'tests/faults').glob('test_*.py')}
    rows = re.findall(r'^\| `(test_\w+\.py)` \|', PAGES['docs/fault-tests.md'], re.M)
    assert sorted(rows) == sorted(modules)


def test_the_map_has_every_folder_of_the_service() -> None:
    folders = {
        f'falcon_images/{path.parent.name}/'
        for path in (ROOT / 'falcon_images').glob('*/__init__.py')
    }
    named = set(NAMED.findall(PAGES['docs/contributing.md']))
    assert folders <= named
