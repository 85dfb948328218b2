"""What this service relies on inside Waitress, which documents none of it.

The rest of the folder takes its classes from here, and uses no other attributes of them
than those named below. `tests/test_internals.py` asserts each by name, and the version.
"""

from types import ModuleType

from waitress import receiver, wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, Error, RequestEntityTooLarge

__all__ = [
    'Adjustments',
    'BadRequest',
    'Error',
    'ErrorTask',
    'HTTPChannel',
    'HTTPRequestParser',
    'ParsingError',
    'RequestEntityTooLarge',
    'TcpWSGIServer',
    'ThreadedTaskDispatcher',
    'WSGITask',
    'wasyncore',
]

PACKAGE = 'waitress'
VERSION = '3.0.2'

_BODY = ('__len__', 'buf', 'completed', 'error', 'getfile', 'received')

# Methods that are overridden stand here too: they have to be called as they are now.
NAMES: dict[type | ModuleType, tuple[str, ...]] = {
    TcpWSGIServer: (
        *('accept', 'accepting', 'active_channels', 'add_task', 'adj'),
        *('channel_class', 'handle_accept', 'maintenance', 'pull_trigger', 'readable'),
        *('set_socket_options', 'task_dispatcher'),
    ),
    HTTPChannel: (
        *('add_channel', 'adj', 'close_when_flushed', 'connected', 'error_task_class'),
        *('handle_close', 'handle_write', 'last_activity', 'outbuf_lock'),
        *('parser_class', 'readable'),
        *('received', 'request', 'requests', 'requests_lock', 'send'),
        *('send_continue', 'sendbuf_len', 'sent_continue', 'server', 'service'),
        *('socket', 'task_class', 'total_outbufs_len', 'will_close', 'write_soon'),
        *('_flush_exception', '_flush_some'),
    ),
    HTTPRequestParser: (
        *('body_rcv', 'chunked', 'close', 'command', 'completed', 'content_length'),
        *('empty', 'error', 'expect_continue', 'get_body_stream', 'header_plus'),
        *('header_bytes_received', 'headers', 'headers_finished', 'parse_header'),
        *('path', 'received', 'version'),
    ),
    # What reads the body, as `body_rcv` of a request.
    receiver.FixedStreamReceiver: _BODY,
    receiver.ChunkedReceiver: (*_BODY, 'control_line', 'trailer'),
    WSGITask: (
        *('build_response_header', 'channel', 'chunked_response', 'finish'),
        *('get_environment', 'has_body', 'request', 'set_close_on_finish', 'version'),
        'write',
    ),
    ErrorTask: (
        *('content_length', 'execute', 'request', 'response_headers', 'status'),
        'write',
    ),
    ThreadedTaskDispatcher: (
        *('active_count', 'add_task', 'handler_thread', 'lock', 'logger', 'queue'),
        *('queue_cv', 'set_thread_count', 'shutdown', 'stop_count', 'thread_exit_cv'),
        'threads',
    ),
    Error: ('code', 'reason'),
    wasyncore: ('close_all', 'dispatcher', 'loop'),
}
