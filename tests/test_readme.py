"""The README's tables are those of the code."""

import re
from dataclasses import fields

import falcon.inspect

from falcon_images import __version__
from falcon_images.settings import Settings
from tests.support.documentation import ALIASES, ROOT, table
from tests.support.service import Service

# What pages load.
FILES = re.compile('^/(docs|ui)/')


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
