"""The list of tests that are not run under Wine names tests that there are."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LISTED = [
    line
    for line in (ROOT / '.ci/windows_left_out.txt').read_text('utf-8').splitlines()
    if line and not line.startswith('#')
]


@pytest.mark.parametrize('listed', LISTED)
def test_what_is_left_out_exists(listed: str) -> None:
    path, *names = listed.split('::')
    assert (ROOT / path).exists()
    for name in names:
        text = (ROOT / path).read_text(encoding='utf-8')
        kind = 'class' if name.startswith('Test') else 'def'
        assert f'{kind} {name.partition("[")[0]}' in text
