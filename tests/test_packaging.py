"""What the package says it needs is what the project pins and tests."""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads(
    (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
)['project']
EXTRAS: dict[str, list[str]] = PROJECT['optional-dependencies']
RANGES = [
    Requirement(text)
    for text in (*PROJECT['dependencies'], *(t for ts in EXTRAS.values() for t in ts))
]
_LINE = re.compile(r'^(?:# .*)?$')


def pins() -> dict[str, str]:
    """The pinned version of each package that the project is run with."""
    lines = (ROOT / 'requirements.txt').read_text(encoding='utf-8').splitlines()
    found = [Requirement(line) for line in lines if not _LINE.match(line)]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix('==')
        for each in found
    }


def chosen() -> set[str]:
    """The packages that the project chose itself, before what these need."""
    text = (ROOT / 'requirements.txt').read_text(encoding='utf-8')
    lines = text.partition('# What these need themselves')[0].splitlines()
    return {
        canonicalize_name(Requirement(line).name)
        for line in lines
        if not _LINE.match(line)
    }


@pytest.mark.parametrize('needed', RANGES, ids=str)
def test_a_pin_is_in_the_range_of_the_package(needed: Requirement) -> None:
    assert pins()[canonicalize_name(needed.name)] in needed.specifier


def test_the_package_needs_what_the_project_chose() -> None:
    ranged = {canonicalize_name(needed.name) for needed in RANGES}
    # It comes with requests, and the client uses it too.
    assert ranged - {'urllib3'} == chosen()


@pytest.mark.parametrize('needed', RANGES, ids=str)
def test_a_range_is_no_pin(needed: Requirement) -> None:
    assert all(
        spec.operator != '==' or spec.version.endswith('.*')
        for spec in needed.specifier
    )


def test_the_oldest_python_is_that_of_the_checks() -> None:
    text = (ROOT / 'pyproject.toml').read_text(encoding='utf-8')
    assert PROJECT['requires-python'] == '>=3.11'
    assert "python_version = '3.11'" in text
    assert sys.version_info >= (3, 11)
