"""What this service relies on inside streaming-form-data and its documentation omits.

The rest of the folder takes these from here. `tests/test_internals.py` asserts each by
name, and the version.
"""

from types import ModuleType

from streaming_form_data import parser, targets
from streaming_form_data.parser import ParseFailedException, parse_content_boundary

__all__ = ['ParseFailedException', 'parse_content_boundary']

PACKAGE = 'streaming-form-data'
VERSION = '2.1.0'

NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    parser: ('ParseFailedException', 'parse_content_boundary'),
    # They are called as each part begins, goes on and ends.
    targets.BaseTarget: ('on_data_received', 'on_finish', 'on_start'),
}
