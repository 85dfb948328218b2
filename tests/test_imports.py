"""The table of who may import whom; imports go one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'falcon_images'

# From the top of the house to its ground: a module imports from lines below its own.
LEVELS = [
    {'serve'},
    {'app', 'embedded', 'reconciler', 'server'},
    {'resources', 'auth', 'health', 'request_log'},
    {'conditional', 'store', 'guardian'},
    {'query', 'uploads'},
    {'json_text'},
    {'files', 'metadata', 'image_types'},
    {'properties', 'settings'},
    {'errors', '__init__'},
]
# What is known to few; the package on the left only to the modules on the right.
KNOWN_TO = {
    'falcon': {
        *('app', 'auth', 'conditional', 'health', 'request_log', 'resources'),
    },
    'pymongo': {'app', 'embedded', 'metadata'},
    'bson': {'metadata'},
    'streaming_form_data': {'uploads'},
    'waitress': {'server'},
    'PIL': {'image_types'},
    'requests': {'auth'},
    'dotenv': {'serve'},
}


def modules() -> dict[str, Path]:
    return {'serve': ROOT / 'serve.py'} | {
        path.stem: path for path in PACKAGE.glob('*.py')
    }


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def level(name: str) -> int:
    return next(number for number, names in enumerate(LEVELS) if name in names)


def ours(path: Path) -> set[str]:
    names = {
        name.split('.')[1]
        for name in imports(path)
        if name.split('.')[0] == 'falcon_images'
    }
    return {name for name in names if name in modules()}


def test_every_module_has_its_level() -> None:
    assert set().union(*LEVELS) == set(modules())


@pytest.mark.parametrize('name', modules())
def test_imports_go_down(name: str) -> None:
    for imported in ours(modules()[name]):
        assert level(imported) > level(name), f'{name} imports {imported}'


@pytest.mark.parametrize('package', KNOWN_TO)
def test_a_package_is_known_to_few(package: str) -> None:
    users = {
        name
        for name, path in modules().items()
        if any(found.split('.')[0] == package for found in imports(path))
    }
    assert users == KNOWN_TO[package]


def test_only_serve_reads_the_environment() -> None:
    for name, path in modules().items():
        text = path.read_text(encoding='utf-8')
        reads = 'os.environ' in text or 'getenv' in text
        assert reads is (name == 'serve'), name
