"""The form parser, as it takes the parts that were found in a form.

What clients send differs in many ways; `boundaries` and `headers` read all of them. The
parser is handed the same parts in one form that is always well-formed: with a boundary
that no client knows, and with one header for all.
"""

import secrets

from streaming_form_data import StreamingFormDataParser
from streaming_form_data.targets import BaseTarget

from falcon_images.uploads.boundaries import Parts
from falcon_images.uploads.headers import PartHeader

_NAME = 'part'
_BOUNDARY = secrets.token_hex(16)
_CONTENT_TYPE = f'multipart/form-data; boundary={_BOUNDARY}'
_BEGINNING = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{_NAME}"\r\n\r\n'.encode()
)
_END = f'\r\n--{_BOUNDARY}--\r\n'.encode()


class _Target(BaseTarget):  # type: ignore[misc]
    """Gets what the parser has read of a part."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self._parts = parts
        self.header = PartHeader('')
        self.on_data_received = parts.take
        self.on_finish = parts.end

    def on_start(self) -> None:
        self._parts.start(self.header)


class PartParser:
    """Takes the parts of a form, and hands on what the parser reads of them.

    Each part has a parser of its own, as a form of one part: behind a delimiter that
    is not the first, the parser can take a part's hyphens for those of the last one.
    """

    def __init__(self, parts: Parts) -> None:
        self._target = _Target(parts)
        self._parser: StreamingFormDataParser

    def start(self, header: PartHeader) -> None:
        """Begin a part."""
        self._target.header = header
        self._parser = StreamingFormDataParser({'Content-Type': _CONTENT_TYPE})
        self._parser.register(_NAME, self._target)
        self._parser.data_received(_BEGINNING)

    def take(self, content: bytes) -> None:
        """Take what comes next of it."""
        self._parser.data_received(content)

    def end(self) -> None:
        """End it: it is whole."""
        self._parser.data_received(_END)
