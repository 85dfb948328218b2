"""Tests know their helpers and what is public; they do not know each other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = {
    path.relative_to(HERE).as_posix(): path.read_text(encoding='utf-8')
    for path in sorted(HERE.rglob('*.py'))
}
# Programs that tests start are text, so text is what is searched.
IMPORT_OF_A_TEST = re.compile(
    r'(from|import) (tests[\w.]*[. ]|\.+ ?)(import )?(test_|conftest)'
)
# Of Python itself, which has no other name for them.
OF_PYTHON = {'os._exit'}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for name, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            yield name, node


def is_private(name: str) -> bool:
    return name.startswith('_') and not name.endswith('__')


def private_import(node: ast.AST) -> str:
    """Return what a statement imports if it is private, else nothing."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return ''
    names = [getattr(node, 'module', '') or '', *(alias.name for alias in node.names)]
    parts = (part for name in names for part in name.split('.'))
    return ast.unparse(node) if any(map(is_private, parts)) else ''


def private_attribute(node: ast.AST) -> str:
    """Return what a private attribute of another object is called, else nothing."""
    if not isinstance(node, ast.Attribute) or not is_private(node.attr):
        return ''
    whole = ast.unparse(node)
    return '' if whole == f'self.{node.attr}' or whole in OF_PYTHON else whole


def test_no_module_imports_a_test_module() -> None:
    found = [
        f'{name}: {match[0]}'
        for name, source in SOURCES.items()
        for match in IMPORT_OF_A_TEST.finditer(source)
    ]
    assert found == []


def test_no_module_imports_what_is_private() -> None:
    found = [
        f'{name}: {found}' for name, node in nodes() if (found := private_import(node))
    ]
    assert found == []


def test_no_module_reaches_into_an_object() -> None:
    found = [
        f'{name}: {found}'
        for name, node in nodes()
        if (found := private_attribute(node))
    ]
    assert found == []


def test_helpers_have_no_tests_in_them() -> None:
    found = [
        f'{name}: {node.name}'
        for name, node in nodes()
        if name.startswith('support/')
        and isinstance(node, ast.FunctionDef)
        and node.name.startswith('test_')
    ]
    assert found == []
