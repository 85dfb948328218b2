"""Conditional and range requests, as RFC 9110 (sections 13 and 14) defines them."""

import datetime
import re
from collections.abc import Callable

import falcon

from falcon_images.errors import PreconditionFailedError

_RANGE = re.compile('bytes=([0-9]{0,18})-([0-9]{0,18})', re.IGNORECASE)
# One member of a list of entity tags; a tag without quotes is understood too.
_MEMBER = re.compile(r'(W/)?(?:"([^"]*)"|([^\s,"]+))', re.IGNORECASE)


def is_not_modified(
    req: falcon.Request, etag: str, modified: datetime.datetime | None = None
) -> bool:
    """Return whether a GET or HEAD is to be answered with 304.

    All preconditions are looked at in the order of section 13.2.2. What has no date of
    its last change is asked without `modified`; conditions on dates do not count then.

    Raises:
        PreconditionFailedError: the client wants another representation than this one.
    """
    if not _is_wanted(req, etag, modified):
        raise PreconditionFailedError(
            'What is here is not, or no more, what If-Match or If-Unmodified-Since '
            'means; leave that header out, or send the ETag that it has.'
        )
    if req.get_header('If-None-Match') is not None:
        return _names(req, 'If-None-Match', etag)
    since = _date(req, 'If-Modified-Since')
    return None not in (since, modified) and not _is_after(modified, since)


def required_tag(req: falcon.Request) -> Callable[[str], bool] | None:
    """Return a check of whether a change of a document with such a tag may be done.

    It looks at ``If-Match``, then at ``If-None-Match``; None if any document may be.
    """
    is_any = req.get_header('If-Match', default='*').strip() == '*'
    if is_any and req.get_header('If-None-Match') is None:
        return None

    def may_be(etag: str) -> bool:
        return _is_wanted(req, etag, None) and not _names(req, 'If-None-Match', etag)

    return may_be


def requested_range(
    req: falcon.Request,
    size: int,
    etag: str,
    modified: datetime.datetime | None = None,
) -> tuple[int, int] | None:
    """Return the first and the last byte that are asked for; None means all.

    What has no date of its last change is asked without `modified`.

    Several ranges at once, other units and nonsense may be ignored, and are.

    Raises:
        falcon.HTTPRangeNotSatisfiable: the range begins after the end.
    """
    match = _RANGE.fullmatch(req.get_header('Range') or '')
    if req.method != 'GET' or not match or match.groups() == ('', ''):
        return None
    # No range at all by section 14.1.1, whatever the size is.
    if match[1] and match[2] and int(match[2]) < int(match[1]):
        return None
    if not _range_holds(req, etag, modified):
        return None
    first, last = _bounds(match[1], match[2], size)
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


def _range_holds(
    req: falcon.Request, etag: str, modified: datetime.datetime | None
) -> bool:
    condition = req.get_header('If-Range')
    if condition is None or condition == f'"{etag}"':
        return True
    return modified is not None and _date(req, 'If-Range') == modified.replace(
        microsecond=0
    )


def _is_wanted(
    req: falcon.Request, etag: str, modified: datetime.datetime | None
) -> bool:
    if req.get_header('If-Match') is not None:
        return _names(req, 'If-Match', etag, is_strong=True)
    unmodified = _date(req, 'If-Unmodified-Since')
    return None in (unmodified, modified) or not _is_after(modified, unmodified)


def _names(
    req: falcon.Request, header: str, etag: str, is_strong: bool = False
) -> bool:
    """Return whether a list of tags has this one, or is ``*``."""
    for weak, quoted, bare in _MEMBER.findall(req.get_header(header) or ''):
        if bare == '*' and not weak:
            return True
        if (quoted or bare) == etag and not (weak and is_strong):
            return True
    return False


def _is_after(
    modified: datetime.datetime | None, date: datetime.datetime | None
) -> bool:
    # Dates of HTTP have whole seconds.
    return bool(modified and date and modified.replace(microsecond=0) > date)


def _date(req: falcon.Request, name: str) -> datetime.datetime | None:
    try:
        return req.get_header_as_datetime(name, obs_date=True)
    except falcon.HTTPInvalidHeader:
        return None
