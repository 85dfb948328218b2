"""What keeps the package one that a newcomer finds the way in: few and small files."""

import ast
import collections
import itertools
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / 'falcon_images'
MOST_ENTRIES = 29
MOST_LINES = 300
MOST_NAMES = 10
MODULES = {
    path.relative_to(PACKAGE).as_posix(): path.read_text(encoding='utf-8')
    for path in sorted(PACKAGE.rglob('*.py'))
}
INITS = [module for module in MODULES if module.endswith('__init__.py')]


def layer(module: str) -> str:
    return module.partition('/')[0]


def docstrings(module: str) -> list[str]:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = ast.walk(ast.parse(MODULES[module]))
    return [ast.get_docstring(node) or '' for node in nodes if isinstance(node, kinds)]


def public_classes(module: str) -> list[str]:
    return [
        node.name
        for node in ast.parse(MODULES[module]).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith('_')
    ]


def test_the_package_has_few_entries() -> None:
    entries = [each.name for each in PACKAGE.iterdir() if each.name != '__pycache__']
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


@pytest.mark.parametrize('module', MODULES)
def test_modules_are_short(module: str) -> None:
    assert len(MODULES[module].splitlines()) <= MOST_LINES


@pytest.mark.parametrize('module', INITS)
def test_an_init_only_exports_names(module: str) -> None:
    _, *statements = ast.parse(MODULES[module]).body
    for node in statements:
        is_name = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        is_list = isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
        assert is_name or is_list or isinstance(node, ast.ImportFrom), ast.unparse(node)


@pytest.mark.parametrize('module', INITS)
def test_an_init_exports_few_names(module: str) -> None:
    nodes = ast.parse(MODULES[module]).body
    imported = [node.names for node in nodes if isinstance(node, ast.ImportFrom)]
    assigned = [node.targets for node in nodes if isinstance(node, ast.Assign)]
    assert len([*itertools.chain(*imported, *assigned)]) <= MOST_NAMES


@pytest.mark.parametrize('module', MODULES)
def test_no_docstring_begins_with_tell(module: str) -> None:
    assert [text for text in docstrings(module) if text.startswith('Tell ')] == []


def test_no_two_classes_of_a_layer_share_a_name() -> None:
    found = collections.Counter(
        (layer(module), name) for module in MODULES for name in public_classes(module)
    )
    assert [where for where, count in found.items() if count > 1] == []


def test_no_two_modules_of_a_layer_share_a_name() -> None:
    names = [(layer(each), Path(each).name) for each in MODULES if each not in INITS]
    assert [where for where in set(names) if names.count(where) > 1] == []
