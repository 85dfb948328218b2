"""What the database refuses is told in the log, without secrets."""

import pymongo
import pytest
from pymongo import errors as pymongo_errors

from falcon_images.metadata.refusals import reason_of


@pytest.mark.parametrize(
    ('url', 'told'),
    [
        ('mongodb://u:geheim@nohost.invalid:27017', 'nohost.invalid:27017: '),
        ('mongodb://u:geheim@127.0.0.1:1', '127.0.0.1:1: '),
    ],
)
def test_a_host_that_cannot_be_reached_is_told(url: str, told: str) -> None:
    client: pymongo.MongoClient[dict[str, object]]
    client = pymongo.MongoClient(url, serverSelectionTimeoutMS=200)
    with client, pytest.raises(pymongo_errors.ServerSelectionTimeoutError) as raised:
        client.admin.command('ping')
    reason = reason_of(raised.value)
    assert reason.startswith(told)
    assert 'geheim' not in reason
    assert 'Topology' not in reason


def test_what_a_command_held_is_not_told() -> None:
    text = 'not authorized on db to execute command { find: "c", filter: { a: "Ann" } }'
    error = pymongo_errors.OperationFailure(text, 13, {'codeName': 'Unauthorized'})
    assert reason_of(error) == 'not authorized on db'
