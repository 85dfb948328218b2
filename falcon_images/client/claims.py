"""Claims: images that this program works on, and nobody else is given."""

from falcon_images.client.errors import AnswerError
from falcon_images.client.paths import Conditions, parameters, path_of
from falcon_images.client.transport import RequestParts, Transport
from falcon_images.client.uploads import Document

_NOT_FOUND = 404


class ClaimClient:
    """Takes images that nobody else has, holds them, and gives them back.

    Args:
        transport: sends the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def take(
        self,
        collection: str,
        conditions: Conditions | None = None,
        *,
        limit: int | None = None,
        seconds: int | None = None,
    ) -> Document:
        """Claim the first images that match; `images` is empty if none is left.

        A claim of which the answer is lost ends by itself.
        """
        pairs = parameters(conditions, limit=limit, seconds=seconds)
        return self._send('POST', _path(collection), RequestParts(pairs))

    def renew(
        self, collection: str, claim_id: str, seconds: int | None = None
    ) -> Document:
        """Hold a claim for another while, from now on."""
        query = RequestParts(parameters(seconds=seconds))
        return self._send('PUT', _path(collection, claim_id), query)

    def give_back(self, collection: str, claim_id: str) -> None:
        """Give the images of a claim back, or do nothing if it has ended."""
        try:
            self._transport.send('DELETE', _path(collection, claim_id))
        except AnswerError as ex:
            if ex.status != _NOT_FOUND:
                raise

    def _send(self, method: str, path: str, query: RequestParts) -> Document:
        found: Document = self._transport.send(method, path, query).json()
        return found


def _path(collection: str, *claim_id: str) -> str:
    return path_of('collections', collection, 'claims', *claim_id)
