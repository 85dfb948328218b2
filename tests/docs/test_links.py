"""Every link between pages, also of the README, leads to what is there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.documentation import DOCS, PAGES, README, ROOT, prose

LINK = re.compile(r'\]\(([^)\s]+)\)|\bsrc="([^"]+)"')
HEADING = re.compile('^#+ (.+)$', re.MULTILINE)
MAX_README_LINES = 150


def links(page: str) -> list[str]:
    """Return the links of a page that stay in the project."""
    found = [match[1] or match[2] for match in LINK.finditer(prose(page))]
    return [link for link in found if not re.match('https?:', link)]


def anchors(page: str) -> set[str]:
    """Return the anchors of the headings, as GitHub and the site make them."""
    return {
        re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
        for heading in HEADING.findall(prose(page))
    }


@pytest.mark.parametrize('page', PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for link in links(page):
        path, _, anchor = link.partition('#')
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            name = target.resolve().relative_to(ROOT.resolve()).as_posix()
            assert anchor in anchors(name), link


@pytest.mark.parametrize('page', [page for page in PAGES if page.startswith('docs/')])
def test_pages_of_the_site_link_to_nothing_outside_of_it(page: str) -> None:
    for link in links(page):
        path = link.partition('#')[0]
        assert (DOCS / path).resolve().is_relative_to(DOCS.resolve()), link


def test_the_site_has_every_page() -> None:
    config = tomllib.loads((ROOT / 'zensical.toml').read_text(encoding='utf-8'))
    names = sorted(path.name for path in DOCS.glob('*.md'))
    assert sorted(_pages_of(config['project']['nav'])) == names


@pytest.mark.parametrize('start', ['README.md', 'docs/index.md'])
def test_a_reader_finds_every_page_from_the_start(start: str) -> None:
    linked = {Path(link.partition('#')[0]).name for link in links(start)}
    assert {path.name for path in DOCS.glob('*.md')} - {'index.md'} <= linked


def test_the_readme_is_short() -> None:
    lines = README.read_text(encoding='utf-8').splitlines()
    assert len(lines) <= MAX_README_LINES


def _pages_of(nav: list[Any]) -> list[str]:
    pages: list[str] = []
    for entry in nav:
        if isinstance(entry, str):
            pages.append(entry)
        else:
            pages += [page for part in entry.values() for page in _pages_of(part)]
    return pages
