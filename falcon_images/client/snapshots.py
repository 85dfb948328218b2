"""Snapshots: images of a collection, kept as they are at one moment."""

from typing import Any

from falcon_images.client.paths import Conditions, as_texts, path_of
from falcon_images.client.transport import RequestParts, Transport
from falcon_images.client.uploads import LONG_SECONDS, Document


class SnapshotClient:
    """Makes, lists and deletes snapshots; `Client.export` takes one as `snapshot`.

    Args:
        transport: sends the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, collection: str) -> Any:
        """Return the snapshots of a collection, newest first."""
        return self._transport.send('GET', _path(collection)).json()

    def make(
        self, collection: str, name: str, conditions: Conditions | None = None
    ) -> Document:
        """Keep all images that match as they are now."""
        body = {'name': name, 'conditions': as_texts(conditions)}
        parts = RequestParts(json=body, is_repeatable=False, more_seconds=LONG_SECONDS)
        made: Document = self._transport.send('POST', _path(collection), parts).json()
        return made

    def delete(self, collection: str, name: str) -> Document:
        """Delete a snapshot, and the files that it alone holds."""
        gone: Document = self._transport.send('DELETE', _path(collection, name)).json()
        return gone


def _path(collection: str, *name: str) -> str:
    return path_of('collections', collection, 'snapshots', *name)
