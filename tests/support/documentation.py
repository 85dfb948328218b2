"""The pages of the documentation, and their tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / 'docs'
README = ROOT / 'README.md'
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding='utf-8')
    for path in (README, *sorted(DOCS.glob('*.md')))
}
# Other names of a path, which are in a sentence of docs/routes.md.
ALIASES = re.compile('/(documents|items)|/info$|/file$')
_FENCE = re.compile('^```.*?^```$', re.DOTALL | re.MULTILINE)


def table(header: str) -> list[list[str]]:
    """Return the cells of the one table whose header begins so, without the header."""
    start = re.compile(rf'^\| {re.escape(header)} \|.*\n\| ---.*\n', re.MULTILINE)
    (rest,) = (
        text[match.end() :] for text in PAGES.values() for match in start.finditer(text)
    )
    return [
        [cell.strip().strip('`') for cell in line.strip('|').split('|')]
        for line in rest.split('\n\n')[0].splitlines()
    ]


def prose(page: str) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub('', PAGES[page])
