"""The tables of the documentation are those of the code."""

import re
from dataclasses import fields

import falcon.inspect
import pytest

from falcon_images import __version__
from falcon_images.maintenance.findings import FindingKind
from falcon_images.query.names import OWN_NAMES
from falcon_images.settings import Settings
from tests.support.documentation import ALIASES, PAGES, ROOT, table
from tests.support.service import Service

# What pages load.
FILES = re.compile('^/(docs|ui)/')
SETTINGS = {field.name.upper(): field.default for field in fields(Settings)}
# Words in capitals that are no settings of ours.
OTHERS = {
    *('UPLOAD_DIRECTORY', 'PROMETHEUS_MULTIPROC_DIR'),
    *('COLLECTION_NAME', 'IMAGE_ID', 'CHANGE_ID'),
    *('SNAPSHOT_NAME', 'CLAIM_ID'),
    'UPLOAD_DIRECTRY',
}


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
    expected = {
        name: '' if default is False else str(default).replace('\\', '/')
        for name, default in SETTINGS.items()
    }
    assert {row[0]: row[2] for row in table('Variable')} == expected


@pytest.mark.parametrize('page', PAGES)
def test_every_setting_that_a_page_names_exists(page: str) -> None:
    named = set(re.findall(r'`([A-Z]+(?:_[A-Z]+)+)[`=]', PAGES[page]))
    assert named <= set(SETTINGS) | OTHERS


def test_the_table_of_findings_is_that_of_the_check() -> None:
    finding = re.compile('|'.join(map(re.escape, FindingKind)))
    named = [match[0] for row in table('Finding') if (match := finding.match(row[0]))]
    assert sorted(named) == sorted(FindingKind)


def test_all_reserved_words_are_listed() -> None:
    _, _, listed = PAGES['docs/querying.md'].partition('- Reserved words are ')
    words = re.findall('`([a-z_]+)`', listed.partition('.\n')[0])
    assert sorted(words) == sorted(OWN_NAMES)


def test_the_changelog_has_the_version() -> None:
    changelog = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
    assert f'## [{__version__}]' in changelog
