"""The table of who may import whom: a folder is a layer, and imports go one way."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'falcon_images'

# Each line may import from the lines below it, and from its own folder.
LAYERS = [
    ['serve', 'wsgi', '__main__'],
    ['cli'],
    ['client'],
    ['app'],
    ['parts'],
    ['resources'],
    ['middleware'],
    ['changes', 'thumbnails', 'maintenance'],
    ['datasets'],
    ['store'],
    ['uploads', 'query'],
    ['formats'],
    ['metadata', 'files'],
    ['server', 'embedded'],
    ['telemetry'],
    ['image_types', 'properties'],
    ['settings'],
    ['errors', '__init__'],
]
# The client is installed without the service.
ASKED_BY_THE_CLIENT = {'image_types', '__init__'}
# Resources ask the layers that keep files and documents in step, never one of the two.
NOT_ASKED_BY_RESOURCES = {'metadata', 'files'}
# The layers that may know a package.
KNOWN_TO = {
    'falcon': {'app', 'resources', 'middleware'},
    'pymongo': {'cli', 'metadata', 'embedded'},
    'bson': {'metadata', 'embedded'},
    'streaming_form_data': {'uploads'},
    'waitress': {'server'},
    'prometheus_client': {'telemetry', 'resources'},
    'openpyxl': {'cli', 'datasets'},
    'defusedxml': {'datasets'},
    'PIL': {'cli', 'image_types', 'thumbnails'},
    'requests': {'client', 'middleware'},
    'urllib3': {'client'},
    'watchfiles': {'cli'},
    'yaml': {'resources'},
    'dotenv': {'settings'},
    'click': {'cli'},
    'rich': {'cli'},
}
MODULES = {'serve.py': ROOT / 'serve.py'} | {
    path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob('*.py')
}


def layer(module: str) -> str:
    return module.partition('/')[0].removesuffix('.py')


def level(layer_name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if layer_name in names)


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def our_layers(path: Path) -> set[str]:
    names = {name.split('.')[1] for name in imports(path) if 'falcon_images.' in name}
    return {'__init__' if name == '__version__' else name for name in names}


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def test_every_layer_has_its_line() -> None:
    assert {name for names in LAYERS for name in names} == set(map(layer, MODULES))


@pytest.mark.parametrize('module', MODULES)
def test_imports_go_down(module: str) -> None:
    own = layer(module)
    for imported in our_layers(MODULES[module]) - {own}:
        assert level(imported) > level(own), f'{module} imports {imported}'


@pytest.mark.parametrize(
    'module', [module for module in MODULES if layer(module) == 'resources']
)
def test_resources_ask_neither_metadata_nor_files(module: str) -> None:
    assert NOT_ASKED_BY_RESOURCES.isdisjoint(our_layers(MODULES[module]))


@pytest.mark.parametrize(
    'module', [module for module in MODULES if layer(module) == 'client']
)
def test_the_client_asks_nothing_of_the_service(module: str) -> None:
    assert our_layers(MODULES[module]) <= ASKED_BY_THE_CLIENT | {'client'}


def test_no_two_modules_of_a_layer_share_a_name() -> None:
    found = Counter(
        (layer(module), path.stem)
        for module, path in MODULES.items()
        if path.stem != '__init__'
    )
    assert [name for name, count in found.items() if count > 1] == []


def test_no_two_classes_share_a_name() -> None:
    found = Counter(
        node.name
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in found.items() if count > 1] == []


@pytest.mark.parametrize(
    'module', [module for module in MODULES if module.endswith('__init__.py')]
)
def test_a_folder_itself_has_few_names_and_no_code(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding='utf-8'))
    names: list[ast.AST] = []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names += node.names
        elif isinstance(node, ast.Assign):
            names += node.targets
        else:
            assert is_docstring(node), ast.unparse(node)
    assert len(names) <= 10


@pytest.mark.parametrize('package', KNOWN_TO)
def test_a_package_is_known_to_few(package: str) -> None:
    users = {
        layer(module)
        for module, path in MODULES.items()
        if any(name.split('.')[0] == package for name in imports(path))
    }
    assert users == KNOWN_TO[package]


def test_only_programs_read_the_environment() -> None:
    # The library of the metrics is told its folder there.
    users = ('serve.py', 'wsgi.py', '__main__.py', 'telemetry/processes.py')
    for module, path in MODULES.items():
        text = path.read_text(encoding='utf-8')
        reads = 'os.environ' in text or 'getenv' in text
        assert reads is (module in users), module
