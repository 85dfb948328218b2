"""The README's tables are those of the code."""

import re
from dataclasses import fields
from pathlib import Path

import falcon.inspect

from falcon_images import __version__
from falcon_images.settings import Settings
from tests.conftest import Service

ROOT = Path(__file__).parent.parent
README = (ROOT / 'README.md').read_text(encoding='utf-8')
# Other names of a path, told in a sentence.
ALIASES = re.compile('/(documents|items)|/info$|/file$')
# What pages load.
FILES = re.compile('^/(docs|ui)/')


def table(first_heading: str) -> list[list[str]]:
    """The cells of the table whose header begins with a word."""
    _, _, rest = README.partition(f'| {first_heading} |')
    lines = rest.split('\n\n')[0].splitlines()[2:]
    return [
        [cell.strip().strip('`') for cell in line.strip('|').split('|')]
        for line in lines
    ]


def test_the_table_of_routes_is_that_of_the_application(service: Service) -> None:
    mounted = {
        (
            re.sub('{(.+?)}', lambda match: match[1].upper(), route.path),
            method.method,
        )
        for route in falcon.inspect.inspect_routes(service.app)
        for method in route.methods
        if not ALIASES.search(route.path) and not FILES.match(route.path)
        if method.method != 'HEAD' and not method.internal
    }
    assert {(row[0], row[1]) for row in table('Route')} == mounted


def test_the_table_of_settings_is_that_of_the_code() -> None:
    defaults = {field.name.upper(): field.default for field in fields(Settings)}
    expected = {
        name: '' if default is False else str(default).replace('\\', '/')
        for name, default in defaults.items()
    }
    assert {row[0]: row[2] for row in table('Variable')} == expected


def test_the_changelog_has_the_version() -> None:
    changelog = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
    assert f'## [{__version__}]' in changelog
