"""The client: one method for what the service can do."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

from falcon_images.client.claims import ClaimClient
from falcon_images.client.downloads import Observe, download
from falcon_images.client.errors import AnswerError
from falcon_images.client.paths import Conditions, images_path, parameters, path_of
from falcon_images.client.snapshots import SnapshotClient
from falcon_images.client.transport import RequestParts, Transport
from falcon_images.client.uploads import (
    Document,
    Uploaded,
    digest_of,
    opened,
    send_file,
    upload_query,
    uploaded,
)

_MERGE_PATCH = {'Content-Type': 'application/merge-patch+json'}
_PAGE = 500
_NOT_FOUND = 404


class Client:
    """A client of one service; threads may share it.

    Requests that fail are sent again where that is safe: all but changes and deletions
    of many images, and an upload too, as each has a key of its own.

    Args:
        url: of the service, such as `http://127.0.0.1:7070`.
        token: if the service asks for one.
        ca: a file with certificates that are trusted instead of the public ones.
        connections: how many requests are under way at once, at most.
        timeout_seconds: how long an answer may take.
        retry_seconds: how long a request that fails is sent again.
        stop: ends all waiting when it is set.

    Methods raise `AnswerError` if the service refuses, `UnreachableError` if it does
    not answer in time, and other kinds of `ClientError`.
    """

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        *,
        token: str = '',
        ca: str = '',
        connections: int = 8,
        timeout_seconds: float = 60,
        retry_seconds: float = 60,
        stop: threading.Event | None = None,
    ) -> None:
        self._transport = Transport(
            url,
            token=token,
            ca=ca,
            connections=connections,
            timeout_seconds=timeout_seconds,
            retry_seconds=retry_seconds,
            stop=stop,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self._transport.close()

    @property
    def url(self) -> str:
        """Return the address of the service."""
        return self._transport.url

    def service(self) -> Document:
        """Return what the service says of itself."""
        return self._json('GET', '/')

    def collections(self) -> list[str]:
        """Return the names of all collections."""
        return list(self._transport.send('GET', '/collections').json())

    def collection(self, name: str) -> Document:
        """Return the name of a collection and the number of its images."""
        return self._json('GET', path_of('collections', name))

    def upload(  # noqa: PLR0913
        self,
        collection: str,
        source: Path | str | bytes | BinaryIO,
        properties: Mapping[str, Any] | None = None,
        *,
        name: str = '',
        key: str = '',
        digest: str = '',
    ) -> Uploaded:
        """Upload an image: a path, its bytes, or a file that is open and stays so.

        Args:
            collection: where to.
            source: the image.
            properties: what is stored with it, with their types.
            name: of the file; that of the path if it is not given.
            key: the same for the same image and for no other, so that it is stored once
                however often it is sent; one for this call if it is not given.
            digest: its SHA-256 in hexadecimal, if that is known.
        """
        file = opened(source)
        try:
            name = name or Path(str(getattr(file, 'name', 'image'))).name
            digest = digest or digest_of(file)
            query = upload_query(
                file, name, properties or {}, key or uuid.uuid4().hex, digest
            )
            answer = self._transport.send('POST', images_path(collection), query)
            return uploaded(answer, digest)
        finally:
            if file is not source:
                file.close()

    def images(  # noqa: PLR0913
        self,
        collection: str,
        conditions: Conditions | None = None,
        *,
        filter: Mapping[str, Any] | None = None,
        sort: str | None = None,
        fields: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Document]:
        """Yield the documents that match, page by page as they are read."""
        page = min(limit or _PAGE, _PAGE)
        pairs = parameters(
            conditions, filter=filter, sort=sort, fields=fields, limit=page
        )
        path, left = images_path(collection), limit or float('inf')
        while path and left > 0:
            answer = self._transport.send('GET', path, RequestParts(pairs))
            documents = answer.json()[: None if left == float('inf') else int(left)]
            yield from documents
            left -= len(documents)
            following = urlsplit(answer.links.get('next', {}).get('url', ''))
            path = f'{following.path}?{following.query}' if following.query else ''
            pairs = []

    def count(self, collection: str, conditions: Conditions | None = None) -> int:
        """Return how many images match."""
        query = RequestParts(parameters(conditions))
        answer = self._transport.send('HEAD', images_path(collection), query)
        return int(answer.headers['X-Total-Count'])

    def image(self, collection: str, image_id: str) -> Document:
        """Return the document of an image."""
        return self._json('GET', images_path(collection, image_id))

    def change(
        self, collection: str, image_id: str, properties: Mapping[str, Any]
    ) -> Document:
        """Set properties of an image; None removes one, all others stay."""
        query = RequestParts(headers=_MERGE_PATCH, json=dict(properties))
        return self._json('PATCH', images_path(collection, image_id), query)

    def delete(self, collection: str, image_id: str) -> None:
        """Delete an image, or do nothing if it is gone."""
        try:
            self._transport.send('DELETE', images_path(collection, image_id))
        except AnswerError as ex:
            if ex.status != _NOT_FOUND:
                raise

    def download(
        self,
        collection: str,
        image_id: str,
        target: Path,
        observe: Observe = lambda count: None,
    ) -> int:
        """Write the file of an image to a path, whole or not at all."""
        path = images_path(collection, image_id, 'image')
        return download(self._transport, path, RequestParts(), target, observe)

    def change_many(
        self,
        collection: str,
        conditions: Conditions,
        properties: Mapping[str, Any],
        *,
        expect: int | None = None,
        dry_run: bool = False,
    ) -> Document:
        """Set properties of all images that match; None removes one.

        With the condition `all`, of all images. `revert` takes the answer's `change`.
        """
        query = RequestParts(
            parameters(conditions, expect=expect, dry_run=dry_run or None),
            _MERGE_PATCH,
            properties,
            is_repeatable=dry_run,
        )
        return self._json('PATCH', images_path(collection), query)

    def delete_many(
        self,
        collection: str,
        conditions: Conditions,
        *,
        expect: int | None = None,
        dry_run: bool = False,
    ) -> Document:
        """Delete all images that match.

        With the condition `all`, all images. `revert` takes the answer's `change`.
        """
        pairs = parameters(conditions, expect=expect, dry_run=dry_run or None)
        query = RequestParts(pairs, is_repeatable=dry_run)
        return self._json('DELETE', images_path(collection), query)

    def changes(self, collection: str, limit: int | None = None) -> list[Document]:
        """Return the changes of many images, newest first."""
        path = path_of('collections', collection, 'changes')
        query = RequestParts(parameters(limit=limit))
        return list(self._transport.send('GET', path, query).json())

    def revert(self, collection: str, change_id: str) -> Document:
        """Undo a change of many images."""
        path = path_of('collections', collection, 'changes', change_id, 'revert')
        return self._json('POST', path)

    def fields(self, collection: str, conditions: Conditions | None = None) -> Document:
        """Return which properties the images that match have, counted."""
        path = path_of('collections', collection, 'fields')
        return self._json('GET', path, RequestParts(parameters(conditions)))

    def export(
        self,
        collection: str,
        target: Path,
        conditions: Conditions | None = None,
        observe: Observe = lambda count: None,
    ) -> int:
        """Write all that matches to one file; `format` and others are conditions."""
        path = path_of('collections', collection, 'export')
        query = RequestParts(parameters(conditions))
        return download(self._transport, path, query, target, observe)

    def import_archive(
        self,
        collection: str,
        archive: Path,
        fields: Mapping[str, str] | None = None,
        *,
        label_by: str | None = None,
        dry_run: bool = False,
    ) -> Document:
        """Store the images of a zip archive."""
        path = path_of('collections', collection, 'import')
        pairs = parameters(label_by=label_by, dry_run=dry_run or None)
        sent = [*(fields or {}).items()]
        return send_file(self._transport, path, 'archive', archive, pairs, sent)

    def relabel(
        self,
        collection: str,
        table: Path,
        *,
        expect: int | None = None,
        dry_run: bool = False,
    ) -> Document:
        """Change images by a table that was exported and edited, CSV or XLSX."""
        path = path_of('collections', collection, 'relabel')
        pairs = parameters(expect=expect, dry_run=dry_run or None)
        return send_file(self._transport, path, 'file', table, pairs)

    @property
    def snapshots(self) -> SnapshotClient:
        """Return what makes, lists and deletes snapshots."""
        return SnapshotClient(self._transport)

    @property
    def claims(self) -> ClaimClient:
        """Return what takes images that nobody else has, and gives them back."""
        return ClaimClient(self._transport)

    def _json(
        self, method: str, path: str, query: RequestParts | None = None
    ) -> Document:
        found: Document = self._transport.send(method, path, query).json()
        return found
