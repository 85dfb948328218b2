"""Answers: those of the application, and the server's own, which look like them."""

from typing import Any, cast

import orjson

from falcon_images.server.internals import ErrorTask, WSGITask
from falcon_images.server.parser import NOT_ENCODED, Parser
from falcon_images.server.verdict import NOT_TAKEN

_ERRORS = {
    400: ('Bad request', 'The request is not valid HTTP/1.1.'),
    408: (
        'Too slow',
        'The request took too long to arrive; send it again, or let the service wait '
        'longer with HEADER_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS and '
        'MIN_BODY_BYTES_PER_SECOND.',
    ),
    413: ('Too large', 'The body has more bytes than MAX_BODY_BYTES allows.'),
    431: ('Headers too large', 'The headers have more than 256 KiB; send less.'),
    500: ('Internal server error', 'The service failed; its log tells why.'),
    501: ('Not implemented', 'Send the body plain, or with chunked transfer coding.'),
    503: (
        'Too many bytes',
        'Too many large requests arrive at once; send it again in a moment.',
    ),
    507: ('Disk full', 'The disk has no room for the body; nothing was stored.'),
}
_RETRY_AFTER_SECONDS = '5'


class Task(WSGITask):
    """Answers a request with what the application returns."""

    def get_environment(self) -> dict[str, Any]:
        request = cast(Parser, self.request)
        if request.environ is None:
            request.environ = super().get_environment()
        environ = request.environ
        # What follows is known only when the body is there.
        environ['wsgi.input'] = request.get_body_stream()
        if length := cast(Any, request.headers).get('CONTENT_LENGTH'):
            environ['CONTENT_LENGTH'] = length
        environ[NOT_TAKEN] = request.is_refused
        return environ

    def build_response_header(self) -> bytes:
        is_stopping = cast(Any, self.channel.server).is_stopping
        if is_stopping or cast(Parser, self.request).is_refused:
            cast(Any, self.request).headers['CONNECTION'] = 'close'
        return super().build_response_header()

    def set_close_on_finish(self) -> None:
        # Waitress would end a connection after each 304, because that has no length.
        request = cast(Any, self.request)
        is_asked = request.headers.get('CONNECTION', '').lower() == 'close'
        if self.has_body or is_asked or self.version == '1.0':
            super().set_close_on_finish()

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.chunked_response:
            # More may come late, and nobody else sends what is little.
            cast(Any, self.channel).send_now()

    def finish(self) -> None:
        # Waitress would send the end of a body that HEAD does not have.
        if cast(Any, self.request).command == 'HEAD':
            self.chunked_response = False
        super().finish()


class RefusalTask(ErrorTask):
    """Answers a request that the server refuses, in the form of the application."""

    def execute(self) -> None:
        error = cast(Any, self.request).error
        title, description = _ERRORS[error.code]
        if error.body == NOT_ENCODED:
            description = NOT_ENCODED
        body = orjson.dumps({'title': title, 'description': description})
        self.status = f'{error.code} {error.reason}'
        self.response_headers = [
            ('Content-Type', 'application/json'),
            ('Access-Control-Allow-Origin', '*'),
        ]
        if error.code == 503:  # noqa: PLR2004 - the status alone has it
            self.response_headers.append(('Retry-After', _RETRY_AFTER_SECONDS))
        cast(Any, self.request).headers['CONNECTION'] = 'close'
        self.content_length = len(body)
        self.write(body)
