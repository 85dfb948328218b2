"""Log lines: as text for people, or as JSON for programs; written many at once."""

import datetime
import functools
import json
import logging
import time
import warnings
from collections.abc import Mapping
from typing import Any, TextIO, cast

# The attribute of a record after which `flush` will be called.
FOLLOWED = 'is_followed'
_WRITTEN_AT_ONCE = 4096
_TEXT = '%(asctime)s %(levelname)s %(message)s'


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes lines to standard error; those that others follow, together with them.

    Only whole lines are written at once, and not more than a pipe takes undivided
    (POSIX: ``PIPE_BUF``), so that those of several processes do not mix.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._length = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + self.terminator
            if self._length + len(line) > _WRITTEN_AT_ONCE:
                self.flush()
            self._lines.append(line)
            self._length += len(line)
            if not getattr(record, FOLLOWED, False):
                self.flush()
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        """Write the lines that wait."""
        with cast(Any, self.lock):
            lines, self._lines, self._length = self._lines, [], 0
            self.stream.write(''.join(lines))
            super().flush()


def flush() -> None:
    """Write all lines that wait for others; raise `OSError` if that fails."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def log_warnings() -> None:
    """Write warnings of libraries into the log, each in one line, without source."""
    warnings.formatwarning = _warning_line  # type: ignore[assignment]
    logging.captureWarnings(True)


def _warning_line(message: Warning | str, category: type[Warning], *_: object) -> str:
    return f'{category.__name__}: {message}'


def formatter(log_format: str) -> logging.Formatter:
    """Return the formatter for `text` or `json`."""
    return JsonLines() if log_format == 'json' else TextLines(_TEXT)


class TextLines(logging.Formatter):
    """Formats lines for people; the text of a second is made once for all its lines."""

    def formatTime(  # noqa: N802 - so it is called
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        return f'{_second(int(record.created))},{int(record.msecs):03}'


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
        # In ASCII, any text can be written, even a lone surrogate.
        return json.dumps(line, default=str)


@functools.lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    return time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(seconds))
