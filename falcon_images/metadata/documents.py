"""Documents: what they hold of ours, and which of them are asked for."""

from dataclasses import dataclass, field
from typing import Any

from falcon_images.errors import NotFoundError, PreconditionFailedError

Document = dict[str, Any]
Order = list[tuple[str, int]]
# Where a document is in an order: for each name of the order the value that MongoDB
# compares, in a list; an empty list for the value of an empty list, which is none.
Position = list[list[Any]]

NEWEST_FIRST: Order = [('time', -1), ('_id', -1)]

# By which upload an image came: ours too, and not public.
UPLOAD = '_file.upload'
PUBLIC_VIEW = {UPLOAD: False}
_FILE_FACTS = {'size': int, 'type': str, 'sha256': str}


@dataclass(frozen=True)
class Query:
    """Which documents of a collection, in what order; a limit of 0 means all.

    `fields` are the names of what is read of each, all if there are none; `after` is
    the position that the documents come after.
    """

    filter: dict[str, Any] = field(default_factory=dict)
    sort: Order = field(default_factory=lambda: NEWEST_FIRST)
    skip: int = 0
    limit: int = 0
    fields: tuple[str, ...] = ()
    after: Position | None = None


def file_facts(document: Document) -> Document | None:
    """Return what was stored about an image's file; None for the earlier version's.

    That version let clients set any field, this one too.
    """
    facts = document.get('_file')
    if isinstance(facts, dict) and all(
        isinstance(facts.get(name), kind) for name, kind in _FILE_FACTS.items()
    ):
        return facts
    return None


def image_not_found(collection_name: str, image_id: str) -> NotFoundError:
    """Make the error of an image that is not there."""
    return NotFoundError(
        f'The collection "{collection_name}" has no image with the id {image_id}.'
    )


def precondition_failed() -> PreconditionFailedError:
    """Make the error of a document that is not the one that the client means."""
    return PreconditionFailedError(
        'The document is another now; read it again, and send the change with the '
        'ETag that it has.'
    )


def public_view(document: Document) -> Document:
    """Leave out of a whole document what is not public."""
    facts = document.get('_file')
    if not isinstance(facts, dict) or 'upload' not in facts:
        return document
    visible = {name: value for name, value in facts.items() if name != 'upload'}
    return {**document, '_file': visible}
