"""Tables of the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / 'README.md').read_text(encoding='utf-8')
# Other names of a path, told in a sentence.
ALIASES = re.compile('/(documents|items)|/info$|/file$')


def table(first_heading: str) -> list[list[str]]:
    """The cells of the table whose header begins with a word."""
    _, _, rest = README.partition(f'| {first_heading} |')
    lines = rest.split('\n\n')[0].splitlines()[2:]
    return [
        [cell.strip().strip('`') for cell in line.strip('|').split('|')]
        for line in lines
    ]
