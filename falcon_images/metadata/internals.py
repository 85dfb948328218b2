"""What this service relies on inside PyMongo, and does not find in its documentation.

`tests/test_internals.py` asserts each of these by name, and the version.
"""

from types import ModuleType

from pymongo.server_description import ServerDescription

PACKAGE = 'pymongo'
VERSION = '4.20.0'

NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    # The first has the `processId`, by which a server that was started anew is known.
    ServerDescription: ('topology_version', 'is_writable'),
}
