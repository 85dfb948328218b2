"""What tests of the commands share."""

from pathlib import Path

import pytest

from tests.support.commands import Place
from tests.support.own_service import client, collection, serving
from tests.support.serving import Serving, start

__all__ = ['client', 'collection', 'serving', 'start']


@pytest.fixture
def place(tmp_path: Path, serving: Serving, collection: str) -> Place:
    return Place(tmp_path, serving.url, collection)
