"""Why the database refused, for the log: without values, users or passwords."""

import logging
import re

from pymongo import errors as pymongo_errors

from falcon_images.telemetry.rare_warnings import RareWarnings

_MAX_CHARACTERS = 300
# What PyMongo and MongoDB say after the reason: times, topologies, whole commands.
_REST = re.compile(
    r'\s*(\(configured timeouts:|, Timeout: |, full error: '
    r'|, Topology Description: | to execute command |: \{).*',
    re.DOTALL,
)
_SECRET = re.compile(r'[^\s/@]+:[^\s/@]+@')
# Values of documents, which MongoDB repeats in some of its errors.
_QUOTED = re.compile(r'"[^"]*"|\'[^\']*\'')

logger = logging.getLogger(__name__)
_warnings = RareWarnings(logger)


def warn_of(ex: Exception) -> None:
    """Write into the log why the database did not do something, once a minute each."""
    reason = reason_of(ex)
    if isinstance(ex, pymongo_errors.OperationFailure):
        code = (ex.details or {}).get('codeName', '')
        _warnings.warn(
            ('refused', ex.code),
            'The database refused an operation: %s (%s %s)',
            *(reason, ex.code, code),
        )
        return
    name = type(ex).__name__
    _warnings.warn(
        (name, reason), 'The database does not answer: %s (%s)', reason, name
    )


def reason_of(ex: Exception) -> str:
    """Return the reason that an error gives: host, and what failed there."""
    text = _REST.sub('', str(ex))
    text = _QUOTED.sub('...', _SECRET.sub('', text))
    return text[:_MAX_CHARACTERS] or 'no reason given'
