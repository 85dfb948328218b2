"""Values of every kind, and orders to list them in."""

import datetime
from typing import Any

import bson

DAY = datetime.datetime(2022, 3, 1, tzinfo=datetime.UTC)
VALUES: list[Any] = [
    *(None, 1, 2, 2.0, 2.5, -1, 1e300, 2**62, bson.Decimal128('2.5'), '', 'a', 'b'),
    *(True, False, DAY, bson.ObjectId('0' * 24), b'xx', bson.Regex('x')),
    *({}, {'b': 1}, {'b': 'x'}, {'b': []}, {'b': [1, 2]}, {'b': None}, {'$gt': 1}),
    *([], [1, 5], [None], ['a', True], [[]], [[1], 2], [{'b': 1}, {'b': 3}], [{}]),
    *([1, {'b': 7}], [{'b': []}, 1], [{'b': 2}, {'c': 1}], [{'b': 3, 'c': 0}]),
]
ORDERS = (
    *('', 'time', '-time', '_id', '-_id', 'a', '-a', 'a.b', '-a.b', 'a.0', 's,-a'),
    *('a,-s', '-s,time', 'a.b,a.c', '-a.b,a.c', '-time,_id', 'none', '_file.size'),
)
