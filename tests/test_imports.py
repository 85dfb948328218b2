"""The table of who may import whom; imports go one way."""

import ast
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'falcon_images'

# From the top of the house to its ground: a module imports from lines below its own.
LEVELS = [
    {'serve', 'wsgi', '__main__'},
    {'check_command'},
    {'app', 'embedded', 'server', 'workers'},
    {'admission'},
    {'server.listener', 'resources', 'auth', 'health', 'request_log', 'check'},
    {'reconciler', 'neighbors', 'facets', 'metrics.page', 'static_files', 'openapi'},
    {'thumbnails.resource', 'thumbnails.stale'},
    {'thumbnails.making'},
    {'thumbnails.drawers', 'thumbnails.child'},
    {'resources.image_file', 'claims', 'quarantine', 'metrics', 'metrics.processes'},
    {'changes.resources'},
    {'changes.revert'},
    {'changes.bulk'},
    {'changes.selection', 'changes.patch'},
    {'server.dispatcher'},
    {'server.channel', 'server.capacity', 'conditional', 'store', 'guardian'},
    {'collection_removal'},
    {'orphans', 'compatibility', 'identification', 'bodies', 'server.tasks'},
    {'changes.expiry', 'additions'},
    {'file_removal'},
    {'stored_files', 'thumbnails.drawing'},
    {'server.parser', 'query', 'uploads', 'lists', 'earlier', 'metadata.inventory'},
    {'query.conditions', 'query.filters', 'query.order', 'query.pages'},
    {'csv_text', 'list_pages'},
    {'query.parameters', 'query.times'},
    {'server.timeouts', 'server.buffers', 'json_text', 'uploads.envelope'},
    {'ages', 'digests', 'files', 'metadata', 'image_types', 'thumbnails.windowing'},
    {'metadata.lists'},
    {'metadata.neighbors', 'metadata.facets', 'metadata.deletions'},
    {'metadata.stages', 'metadata.tallies'},
    {'metadata.change_records', 'metadata.kept', 'metadata.pending_ids'},
    {'metadata.lightening', 'metadata.patches', 'metadata.turns'},
    {'metadata.changes'},
    {'metadata.before_images'},
    {'metadata.bulk', 'metadata.indexes', 'metadata.drops'},
    {'metadata.pages', 'metadata.values'},
    {'metadata.deadlines', 'metadata.writes'},
    {'metadata.translation'},
    {'metadata.counts', 'metadata.cursors', 'metadata.positions'},
    {'metadata.expressions'},
    {'metadata.documents', 'metadata.names'},
    {'thumbnails.kept'},
    {'properties', 'folders', 'spool', 'process_folders'},
    {
        'environment',
        'settings',
        'verdict',
        'log_lines',
        'later',
        'budget',
        'list_spool',
        'thumbnails.neutral',
        'thumbnails.limits',
        'thumbnails.protocol',
    },
    {'errors', '__init__', 'thumbnails', 'changes', 'bounded_file'},
]
# What is known to few; the package on the left only to the modules on the right.
KNOWN_TO = {
    'falcon': {
        *('app', 'auth', 'conditional', 'health', 'request_log', 'resources'),
        *('admission', 'bodies'),
        *('resources.image_file', 'neighbors', 'facets', 'thumbnails.resource'),
        *('changes.resources', 'budget'),
        *('metrics.page', 'static_files', 'openapi'),
    },
    'pymongo': {
        *('app', 'embedded', 'metadata', 'metadata.indexes', 'metadata.translation'),
        *('metadata.inventory', 'metadata.before_images', 'metadata.bulk'),
        *('metadata.change_records', 'metadata.kept', 'metadata.counts'),
        *('metadata.neighbors', 'metadata.pages', 'metadata.pending_ids'),
        *('metadata.facets', 'metadata.drops', 'metadata.lists'),
        *('metadata.deletions', 'metadata.patches', 'metadata.turns'),
        *('metadata.writes', 'metadata.deadlines'),
    },
    'bson': {
        *('metadata', 'metadata.values', 'metadata.inventory', 'metadata.bulk'),
        *('metadata.before_images', 'metadata.change_records', 'metadata.pending_ids'),
        *('metadata.cursors', 'metadata.pages', 'metadata.positions'),
        *('metadata.expressions', 'metadata.deletions', 'metadata.counts'),
        *('metadata.changes', 'metadata.translation', 'compatibility'),
    },
    'streaming_form_data': {'uploads'},
    'waitress': {
        *('server', 'server.listener', 'server.channel', 'server.parser'),
        *('server.tasks', 'server.dispatcher'),
    },
    'prometheus_client': {'metrics', 'metrics.page', 'metrics.processes'},
    'yaml': {'openapi'},
    'PIL': {
        *('image_types', 'thumbnails.drawing', 'thumbnails.neutral'),
        'thumbnails.windowing',
    },
    'requests': {'identification'},
    'dotenv': {'environment'},
    'click': {'__main__', 'check_command'},
    'rich': {'check_command'},
}


def modules() -> dict[str, Path]:
    found = {'serve': ROOT / 'serve.py'}
    for path in PACKAGE.rglob('*.py'):
        parts = path.relative_to(PACKAGE).with_suffix('').parts
        package = parts[-1] == '__init__' and len(parts) > 1
        found['.'.join(parts[:-1] if package else parts)] = path
    return found


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
    known = modules()
    names = set()
    for name in imports(path):
        parts = name.split('.')[1:] if name.startswith('falcon_images.') else []
        candidates = ('.'.join(parts[:length]) for length in (2, 1))
        names |= set(itertools.islice((c for c in candidates if c in known), 1))
    return names


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


def test_only_programs_read_the_environment() -> None:
    # The library of the metrics is told its folder there.
    users = ('serve', 'wsgi', '__main__', 'metrics.processes')
    for name, path in modules().items():
        text = path.read_text(encoding='utf-8')
        reads = 'os.environ' in text or 'getenv' in text
        assert reads is (name in users), name
