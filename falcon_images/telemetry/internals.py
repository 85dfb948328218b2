"""What this service relies on inside prometheus-client and logging.

The rest of the folder takes these from here, and uses no other attributes of them than
those named below. `tests/test_internals.py` asserts each by name, and the version.

There is no public way instead: the class of values is chosen once, when the package is
imported, and its files are sparse, so that a full disk ends the process that counts.
"""

import logging
from types import ModuleType

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

__all__ = ['MmapedDict', 'values']

PACKAGE = 'prometheus_client'
VERSION = '0.26.0'

NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    # The first and the last are replaced, before the first metric is made.
    values: ('MmapedDict', 'MultiProcessValue', 'MutexValue', 'ValueClass'),
    MmapedDict: (
        *('close', 'read_all_values_from_file', 'read_value', 'write_value'),
        *('_capacity', '_f', '_init_value', '_used'),
    ),
    logging: ('_srcfile',),
}


def find_no_callers() -> None:
    """Make logging faster: no line has the place in the source where it was logged.

    As in the chapter "Optimization" of Python's "Logging HOWTO".
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
