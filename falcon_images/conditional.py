"""Conditional and range requests, as RFC 9110 (sections 13 and 14) defines them."""

import datetime
import re

import falcon

_RANGE = re.compile('bytes=([0-9]{0,18})-([0-9]{0,18})', re.IGNORECASE)


def is_not_modified(
    req: falcon.Request, etag: str, modified: datetime.datetime
) -> bool:
    """Tell whether the client has this representation already (304)."""
    if req.get_header('If-None-Match') is not None:
        return has_tag(req, etag)
    since = _date(req, 'If-Modified-Since')
    return since is not None and modified.replace(microsecond=0) <= since


def has_tag(req: falcon.Request, etag: str) -> bool:
    """Tell whether ``If-None-Match`` names this representation."""
    if req.get_header('If-None-Match') is None:
        return False
    return any(given == '*' or str(given) == etag for given in req.if_none_match or [])


def required_tags(req: falcon.Request) -> frozenset[str] | None:
    """Read ``If-Match``: strong tags, or ``*``; None if there is no condition."""
    if req.get_header('If-Match') is None:
        return None
    given = req.if_match or []
    return frozenset(str(tag) for tag in given if tag == '*' or not tag.is_weak)


def requested_range(
    req: falcon.Request, size: int, etag: str, modified: datetime.datetime
) -> tuple[int, int] | None:
    """Tell the first and the last byte that are asked for; None means all.

    Several ranges at once, other units and nonsense may be ignored, and are.

    Raises:
        falcon.HTTPRangeNotSatisfiable: the range begins after the end.
    """
    match = _RANGE.fullmatch(req.get_header('Range') or '')
    if req.method != 'GET' or not match or match.groups() == ('', ''):
        return None
    if not _range_holds(req, etag, modified):
        return None
    first, last = _bounds(match[1], match[2], size)
    if last < first and match[1] and match[2] and first < size:
        return None
    if last < first:
        raise falcon.HTTPRangeNotSatisfiable(
            size,
            title='Range not satisfiable',
            description=f'The file has {size} bytes; ask for a range within them.',
        )
    return first, last


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _range_holds(req: falcon.Request, etag: str, modified: datetime.datetime) -> bool:
    condition = req.get_header('If-Range')
    if condition is None or condition == f'"{etag}"':
        return True
    return _date(req, 'If-Range') == modified.replace(microsecond=0)


def _date(req: falcon.Request, name: str) -> datetime.datetime | None:
    try:
        return req.get_header_as_datetime(name)
    except falcon.HTTPInvalidHeader:
        return None
