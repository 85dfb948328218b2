"""What tests of the real `serve.py` share; nothing stays in the database."""

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest

from tests.support.identification import identification
from tests.support.serving import small_disk, start

__all__ = ['identification', 'small_disk', 'start']


@pytest.fixture
def mongodb_url(mongodb_url: str) -> Iterator[str]:
    """The MongoDB of the session, left as empty as it was: processes share it."""
    with pymongo.MongoClient[dict[str, Any]](mongodb_url) as client:
        before = set(client.list_database_names())
        yield mongodb_url
        for name in set(client.list_database_names()) - before:
            client.drop_database(name)
