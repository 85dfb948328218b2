"""Requests for snapshots: their names, and which images they are to have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import (
    NOT_IN_BULK,
    OF_BULK_CHANGES,
    OF_DATASETS,
    OF_SNAPSHOTS,
    SNAPSHOT,
    TOKENS,
    instead,
)
from falcon_images.query.parameters import Params, one_text
from falcon_images.settings import Limits

_NAME = re.compile(r'(?!\.+\Z)[A-Za-z0-9_.-]{1,64}')
_MEMBERS = ('name', 'conditions')
# What an export of a snapshot may have beside it.
_ALLOWED = (SNAPSHOT, 'format', 'fields', *OF_DATASETS, *TOKENS)
# The words of changes mean nothing here, and nobody means properties by them.
_REFUSED = NOT_IN_BULK.union(OF_BULK_CHANGES)


@dataclass(frozen=True)
class SnapshotRequest:
    """A snapshot that is to be made, of the images that match a filter."""

    name: str
    filter: dict[str, Any]
    conditions: dict[str, str | list[str]]


def parse_snapshot(body: Mapping[str, Any], limits: Limits) -> SnapshotRequest:
    """Read the body of a request for a snapshot.

    What is not clear is refused: a snapshot is there to be relied on.

    Raises:
        InvalidRequestError: a member cannot be used; the text says which and why.
    """
    for member in body:
        if member not in _MEMBERS:
            raise InvalidRequestError(
                f'{member[:40]!r} cannot be used here: the body has a "name" and '
                '"conditions".'
            )
    conditions = _conditions(body.get('conditions', {}))
    return SnapshotRequest(
        name=checked_name(body.get('name')),
        filter=parse_filter(conditions, limits, OF_SNAPSHOTS),
        conditions=dict(conditions),
    )


def checked_name(name: object) -> str:
    """Return the name of a snapshot; raise `InvalidRequestError` if it can be none."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequestError(
            'The name of a snapshot has 1 to 64 letters a to z, digits, "-", "_" and '
            '".", such as "training-2026.11", and not dots alone.'
        )
    return name


def parse_snapshot_name(params: Params, limits: Limits) -> str:
    """Read ``snapshot`` in the query of an export; empty if it is absent.

    Raises:
        InvalidRequestError: beside it is what chooses images.
    """
    text = one_text(params, (SNAPSHOT,), limits)
    if not text:
        return ''
    for name in params:
        if name not in _ALLOWED:
            raise InvalidRequestError(
                f'{name[:40]!r} cannot be used with snapshot, which has its images and '
                'their order already; leave it out. A property of the name "snapshot" '
                'is asked for with eq_snapshot.'
            )
    return checked_name(text)


def _conditions(given: object) -> dict[str, str | list[str]]:
    if not isinstance(given, dict):
        raise InvalidRequestError(
            '"conditions" is an object with the parameters of a list, such as '
            '{"label": "OK", "min_score": "0.5"}; {} means all images.'
        )
    for name, value in given.items():
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise InvalidRequestError(
                f'The condition {name[:40]!r} must be text that is not empty, or a '
                'list of such texts; numbers are written as text, too: "0.5".'
            )
        if name in _REFUSED:
            raise InvalidRequestError(
                f'{name} cannot be used here: a snapshot is of all images that match. '
                f'Choose them by conditions; {instead(name)}.'
            )
    return given
