"""Log lines: as text for people, or as JSON for programs."""

import datetime
import json
import logging
from collections.abc import Mapping
from typing import Any

_TEXT = '%(asctime)s %(levelname)s %(message)s'


def formatter(log_format: str) -> logging.Formatter:
    """Make what writes the lines in one of the formats."""
    return JsonLines() if log_format == 'json' else logging.Formatter(_TEXT)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, message, and fields.

    The fields are the arguments of messages that have names for them, as in
    ``'%(method)s %(path)s'``; a traceback is a string, ``exception``.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            'time': time.isoformat(timespec='milliseconds').replace('+00:00', 'Z'),
            'level': record.levelname,
            'message': record.getMessage(),
        }
        if isinstance(record.args, Mapping):
            line |= record.args
        if record.exc_info:
            line['exception'] = self.formatException(record.exc_info)
        # In ASCII, any name can be written, even one that is half a character.
        return json.dumps(line, default=str)
