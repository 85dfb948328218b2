"""Times in cells: as our tables write them, and as spreadsheets write them again."""

import datetime
import re

from falcon_images.errors import InvalidRequestError
from falcon_images.query.times import parse_time

# What spreadsheets write: with slashes, and without leading zeros.
_PARTS = re.compile(
    r'(\d{4})[-/](\d{1,2})[-/](\d{1,2})'
    r'(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?(Z?)'
)
# How Excel shows, and so writes, times with thousandths of a second.
_MINUTES = re.compile(r'(\d{1,2}):(\d{2})\.\d')


def read_time(text: str) -> datetime.datetime | None:
    """Read a time, in UTC without an offset; None if it is none."""
    text = text.strip()
    try:
        if match := _PARTS.fullmatch(text):
            year, month, day, hour, minute, second = (
                int(number or 0) for number in match.groups()[:6]
            )
            micro = int((match[7] or '').ljust(6, '0'))
            time = datetime.datetime(
                year, month, day, hour, minute, second, micro, datetime.UTC
            )
        else:
            time = parse_time(text)
    except (ValueError, InvalidRequestError):
        return None
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def artefact_of_time(
    current: datetime.datetime, time: datetime.datetime | None, text: str
) -> str:
    """Return why a cell is most likely the time that is there, less exact; or none.

    Args:
        time: the one that the text is; None if it is none.
    """
    if minutes := _MINUTES.fullmatch(text.strip()):
        shown = int(minutes[1]), int(minutes[2])
        after = current + datetime.timedelta(seconds=1)
        if shown in ((t.minute, t.second) for t in (current, after)):
            return 'A spreadsheet shows minutes and seconds of a time alone.'
        return ''
    cut = current.replace(second=0, microsecond=0), current.replace(microsecond=0)
    if time != current and time in cut:
        return 'A spreadsheet leaves the seconds, or parts of them, out of a time.'
    return ''
