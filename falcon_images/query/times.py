"""Times: moments and whole days, as clients write them."""

import datetime
import re

from falcon_images.errors import InvalidRequestError

# A plus in a URL means a blank, so a blank before an offset was a plus.
_OFFSET = re.compile('(.+?)(Z|[+ -][0-9]{2}(?::?[0-9]{2})?)?')
_MAX_OFFSET = datetime.timedelta(hours=14)
# MongoDB keeps times in milliseconds.
_BEFORE_NEXT_DAY = datetime.timedelta(days=1) - datetime.timedelta(milliseconds=1)


def parse_time(text: str) -> datetime.datetime:
    """Read a moment in ISO 8601, in UTC if it has no offset.

    Raises:
        InvalidRequestError: it is none.
    """
    try:
        time = datetime.datetime.fromisoformat(text)
        time = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
        return time.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as ex:
        raise _no_time(text) from ex


def first_moment(text: str) -> datetime.datetime:
    """Read a moment or the beginning of a day, from a plain parameter."""
    return _moment(text, datetime.timedelta())


def last_moment(text: str) -> datetime.datetime:
    """Read a moment or the end of a day, from a plain parameter."""
    return _moment(text, _BEFORE_NEXT_DAY)


def _moment(text: str, within_day: datetime.timedelta) -> datetime.datetime:
    when, offset = _split(text)
    if 'W' in when:
        # Python reads a week as its Monday.
        raise _no_time(text)
    try:
        time = datetime.datetime.fromisoformat(when)
        time = time.replace(tzinfo=offset) if offset else time
        time = time if time.tzinfo else time.replace(tzinfo=datetime.UTC)
        # The end of the day comes first: 9999-12-31 has no next day.
        time += within_day if _is_day(when) else datetime.timedelta()
        return time.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as ex:
        raise _no_time(text) from ex


def _split(text: str) -> tuple[str, datetime.timezone | None]:
    """Take an offset off the end of a time, if there is one."""
    match = None if _is_day(text) else _OFFSET.fullmatch(text)
    if not match or not match[2]:
        return text, None
    digits = match[2][1:].replace(':', '').ljust(4, '0')
    offset = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset > _MAX_OFFSET:
        raise _no_time(text)
    return match[1], datetime.timezone(-offset if match[2][0] == '-' else offset)


def _is_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _no_time(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'{text[:40]!r} is not a time; write 2022-03-01, 2022-03-01T08:30:00Z or '
        '2022-03-01T08:30:00+09:00 (a + is %2B in a URL).'
    )
