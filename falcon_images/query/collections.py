"""What requests say about collections themselves, not about the images in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError
from falcon_images.query.names import DELETED, DETAILS, REVERTIBLE
from falcon_images.query.parameters import BOOLEANS, Params

_MAX_CHARACTERS = {'title': 200, 'description': 10_000}
_REVERTIBLE = {
    f'{REVERTIBLE}={word}': is_revertible for word, is_revertible in BOOLEANS.items()
}


@dataclass(frozen=True)
class CollectionWords:
    """Whether collections are told with details, or the deleted ones are meant."""

    with_details: bool
    are_deleted: bool


def collection_words(params: Params) -> CollectionWords:
    """Read the query of a request for collections.

    Raises:
        InvalidRequestError: a word is neither true nor false.
    """
    return CollectionWords(_boolean(params, DETAILS), _boolean(params, DELETED))


def is_revertible(collection_name: str, query_string: str) -> bool:
    """Return whether a collection is deleted so that it can come back.

    Raises:
        InvalidRequestError: the query says anything else; it may be meant to be some
            of the images alone.
    """
    if not query_string:
        return False
    if query_string not in _REVERTIBLE:
        raise InvalidRequestError(
            'A collection is deleted with all its images, so this address takes no '
            'conditions, only revertible=true; some of them are deleted with DELETE '
            f'/collections/{collection_name}/images and the conditions.'
        )
    return _REVERTIBLE[query_string]


def checked_texts(body: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the title and the description in a body, as far as it has them.

    Raises:
        InvalidRequestError: one is no text or too long, or there is anything else.
    """
    for name, value in body.items():
        if name not in _MAX_CHARACTERS:
            raise InvalidRequestError(
                f'{name[:40]!r} cannot be set: a collection has a "title" and a '
                '"description".'
            )
        if value is not None and not isinstance(value, str):
            raise InvalidRequestError(f'The {name} must be text, or null to remove it.')
        if len(value or '') > _MAX_CHARACTERS[name]:
            raise InvalidRequestError(
                f'The {name} can have {_MAX_CHARACTERS[name]} characters at most.'
            )
    if not body:
        raise InvalidRequestError(
            'The body has a "title", a "description" or both, such as '
            '{"title": "Welds"}.'
        )
    # What is empty is as if there were none.
    return {name: value or None for name, value in body.items()}


def _boolean(params: Params, name: str) -> bool:
    text = params.get(name)
    if text is None:
        return False
    if not isinstance(text, str) or text not in BOOLEANS:
        raise InvalidRequestError(f'{name} must be true or false.')
    return BOOLEANS[text]
