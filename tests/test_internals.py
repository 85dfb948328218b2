"""What the service relies on inside its libraries is there, and of a known version."""

import ast
import functools
import importlib
import importlib.metadata
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import falcon_images
from falcon_images.image_types import internals as of_pillow
from falcon_images.metadata import internals as of_pymongo
from falcon_images.server import internals as of_waitress
from falcon_images.telemetry import internals as of_telemetry
from falcon_images.uploads import internals as of_form_parser

PACKAGE = Path(falcon_images.__file__).parent
OURS: list[Any] = [
    *(of_waitress, of_telemetry, of_pillow, of_pymongo, of_form_parser),
]
# What is imported by the modules called `internals` alone.
INSIDES = ['waitress', 'prometheus_client.mmap_dict']
# Programs are not imported: they change what they must.
_IMPORT_ALL = """
import importlib, logging, pkgutil, warnings
from PIL import Image, PngImagePlugin
from prometheus_client import metrics, values
import falcon_images

def state():
    return {
        'created': metrics._use_created,
        'files': values.MmapedDict,
        'values': values.ValueClass,
        'pixels': Image.MAX_IMAGE_PIXELS,
        'block': Image.core.get_block_size(),
        'text': PngImagePlugin.MAX_TEXT_MEMORY,
        'callers': (logging._srcfile, logging.logThreads, logging.raiseExceptions),
        'levels': (logging.root.level, *logging.root.handlers),
        'warnings': (warnings.formatwarning, warnings.showwarning),
    }

before = state()
for module in pkgutil.walk_packages(falcon_images.__path__, 'falcon_images.'):
    if module.name not in ('falcon_images.wsgi', 'falcon_images.__main__'):
        importlib.import_module(module.name)
after = state()
print(*(name for name in before if before[name] != after[name]), end='')
"""
# As for a user who has no entry in the system's list.
_IMPORT_WITHOUT_HOME = """
import contextlib, os

def refuse(user):
    raise KeyError(user)

os.environ.pop('HOME', None)
with contextlib.suppress(ImportError):
    import pwd
    pwd.getpwuid = refuse
import serve, falcon_images.__main__
"""
_TABLE = re.compile(r'^NAMES: .*?^}$', re.MULTILINE | re.DOTALL)
NAMED = [
    pytest.param(internals, owner, name, id=f'{owner.__name__}-{name}')
    for internals in OURS
    for owner, names in internals.NAMES.items()
    for name in names
]


def advice(internals: Any) -> str:
    folder = Path(str(internals.__file__)).parent.name
    return (
        f'{internals.PACKAGE} is another than {internals.VERSION}: read what changed '
        f'in it, look at each name in {folder}/internals.py and at the code of '
        f'{folder}/ that uses it, and then set the version there.'
    )


def attributes(owner: type | ModuleType) -> set[str]:
    """Return the names that a module, or objects of a class, have or are given."""
    owners = owner.__mro__ if isinstance(owner, type) else (owner,)
    return set(dir(owner)).union(*map(assigned, owners))


@functools.cache
def assigned(owner: type | ModuleType) -> set[str]:
    try:
        source = inspect.getsource(owner)
    except (OSError, TypeError):
        # It is compiled, or built in.
        return set()
    return {
        node.attr
        for node in ast.walk(ast.parse(textwrap.dedent(source)))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }


@pytest.mark.parametrize('internals', OURS, ids=lambda each: str(each.PACKAGE))
def test_the_version_is_the_one_that_was_looked_at(internals: Any) -> None:
    found = importlib.metadata.version(internals.PACKAGE)
    assert found == internals.VERSION, advice(internals)


@pytest.mark.parametrize(('internals', 'owner', 'name'), NAMED)
def test_what_is_relied_on_is_there(internals: Any, owner: Any, name: str) -> None:
    assert name in attributes(owner), (
        f'{owner.__name__} has no {name} any more. {advice(internals)}'
    )


@pytest.mark.parametrize(('internals', 'owner', 'name'), NAMED)
def test_what_is_named_is_used(internals: Any, owner: Any, name: str) -> None:
    said = 'len(' if name == '__len__' else name
    assert re.search(rf'(?<!\w){re.escape(said)}', used_text(internals))


@functools.cache
def used_text(internals: ModuleType) -> str:
    """Return the code that may use names, without the table of them."""
    folder = Path(str(internals.__file__)).parent
    layers = [folder, PACKAGE / 'thumbnails'] if internals is of_pillow else [folder]
    return '\n'.join(
        _TABLE.sub('', path.read_text(encoding='utf-8'))
        for layer in layers
        for path in layer.rglob('*.py')
    )


def overridden() -> list[Any]:
    """Return all methods of ours that a library calls, or calls instead of its own."""
    modules = [
        importlib.import_module(f'falcon_images.{path.parent.name}.{path.stem}')
        for folder in ('server', 'telemetry')
        for path in sorted((PACKAGE / folder).glob('*.py'))
    ]
    return [
        pytest.param(base, name, id=f'{ours.__name__}-{name}')
        for module in modules
        for ours in vars(module).values()
        if isinstance(ours, type) and ours.__module__ == module.__name__
        for base in {*of_waitress.NAMES, *of_telemetry.NAMES} & {*ours.__mro__}
        for name in vars(ours)
        if name in attributes(base) and name not in ('__module__', *dir(object))
    ]


@pytest.mark.parametrize(('base', 'name'), overridden())
def test_what_is_overridden_is_named(base: Any, name: str) -> None:
    assert name in {**of_waitress.NAMES, **of_telemetry.NAMES}[base]


@pytest.mark.parametrize('inside', INSIDES)
def test_only_internals_imports_the_inside(inside: str) -> None:
    users = {
        path.name
        for path in PACKAGE.rglob('*.py')
        if re.search(rf'^from {re.escape(inside)}\b', path.read_text('utf-8'), re.M)
    }
    assert users == {'internals.py'}


@pytest.mark.parametrize('program', [_IMPORT_ALL, _IMPORT_WITHOUT_HOME])
def test_imports_change_no_libraries_and_programs_need_no_home_folder(
    program: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        check=False,
        cwd=PACKAGE.parent,
        env=os.environ | {'PROMETHEUS_MULTIPROC_DIR': str(tmp_path)},
        text=True,
    )
    assert (done.stdout, done.stderr) == ('', '')
