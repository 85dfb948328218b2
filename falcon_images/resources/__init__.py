"""The resources of the API: each responder reads a request and asks the store."""

import contextlib
import re
from io import BytesIO
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import falcon

from falcon_images import __version__
from falcon_images.bodies import MERGE_PATCH, media_type
from falcon_images.changes.patch import checked_patch
from falcon_images.changes.resources import ChangeOfAll
from falcon_images.conditional import is_not_modified, required_tag
from falcon_images.digests import claimed_digests
from falcon_images.errors import DatabaseUnavailableError, TooLargeError
from falcon_images.files import DiskFiles
from falcon_images.json_text import dumps, loads_object, tag
from falcon_images.lists import MEDIA_TYPES
from falcon_images.metadata import Document, MongoMetadata, changed
from falcon_images.properties import check_depth
from falcon_images.query import next_address, parse_query
from falcon_images.resources.image_file import TRUE, ImageFile
from falcon_images.settings import Settings
from falcon_images.store import ImageStore
from falcon_images.uploads import Upload, UploadSlots, receive_upload

_PING_SECONDS = 0.8
# A collection has no tag; no header has this one.
_NO_TAG = '\0'
_KEY = re.compile('[!-~ ]{1,255}')


__all__ = [
    'Collection',
    'Collections',
    'Image',
    'ImageFile',
    'Images',
    'Root',
    'public_url',
]


class Root:
    """What the application is, and whether its database answers."""

    def __init__(self, metadata: MongoMetadata, settings: Settings) -> None:
        self._metadata = metadata
        url, name = public_url(settings.mongodb_url), settings.mongodb_db
        self._texts = {
            is_connected: dumps(
                {
                    'application_name': 'Image storage microservice',
                    'version': __version__,
                    'mongodb': {'url': url, 'db': name, 'connected': is_connected},
                    'auth': {'enabled': settings.use_authentication},
                }
            )
            for is_connected in (True, False)
        }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.data = self._texts[self._connected()]

    on_head = on_get

    def _connected(self) -> bool:
        try:
            self._metadata.ping(_PING_SECONDS)
        except DatabaseUnavailableError:
            return False
        return True


class Collections:
    """The collections there are."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = self._store.collection_names()

    on_head = on_get


class Collection:
    """One collection."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        count = self._store.collection_size(collection_name)
        resp.media = {'name': collection_name, 'documents': count}

    on_head = on_get

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        is_meant = required_tag(req)
        if is_meant and not is_meant(_NO_TAG):
            # What is not there is 404 whatever the condition.
            self._store.collection_size(collection_name)
            raise changed()
        count = self._store.drop(collection_name)
        resp.media = {'name': collection_name, 'documents': count}


class Images:
    """The images of a collection."""

    def __init__(
        self,
        store: ImageStore,
        files: DiskFiles,
        change_of_all: ChangeOfAll,
        settings: Settings,
    ) -> None:
        self._store = store
        self._files = files
        self._change_of_all = change_of_all
        self._settings = settings
        self._slots = UploadSlots(settings.max_uploads)

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._settings)
        media_type = _list_type(req)
        listing, total, cursor = self._store.write_list(
            collection_name, query, media_type
        )
        _describe_list(resp, media_type, total)
        if cursor:
            address = next_address(req.root_path + req.path, req.params, cursor)
            resp.set_header('Link', f'<{address}>; rel="next"')
        resp.set_stream(cast(Any, listing.file), listing.size)

    def on_head(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        query = parse_query(req.params, self._settings)
        total = self._store.count(collection_name, query)
        _describe_list(resp, _list_type(req), total)
        # A stream of unknown length: that of the list is not known, so not told.
        resp.stream = BytesIO()

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        key = _idempotency_key(req)
        dedupe = req.get_param('dedupe') in TRUE
        with self._slots.taken(), self._received(req) as upload:
            added = self._store.add(collection_name, upload, key, dedupe)
        if added.is_new:
            req.context.stored_bytes = upload.size
        if added.is_replay:
            resp.set_header('Idempotency-Replayed', 'true')
        name = quote(collection_name, safe='')
        resp.location = f'/collections/{name}/images/{added.document["_id"]}'
        _send(resp, added.document)

    def on_patch(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        body = _body(req, self._settings)
        patch = checked_patch(body, is_merge=media_type(req) == MERGE_PATCH)
        self._change_of_all.respond(req, resp, collection_name, patch)

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        self._change_of_all.respond(req, resp, collection_name, None)

    def _received(
        self, req: falcon.Request
    ) -> contextlib.AbstractContextManager[Upload]:
        return receive_upload(
            cast(BinaryIO, req.bounded_stream),
            req.content_type or '',
            self._files,
            self._settings,
            claimed_digests(req.get_header),
        )


class Image:
    """One image's document."""

    def __init__(self, store: ImageStore, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        data = dumps(self._store.get(collection_name, image_id))
        etag = tag(data)
        if is_not_modified(req, etag):
            resp.status = falcon.HTTP_304
        else:
            resp.data = data
        resp.set_header('ETag', f'"{etag}"')

    on_head = on_get

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        properties = _body(req, self._settings)
        is_meant = required_tag(req)
        document = self._store.replace(collection_name, image_id, properties, is_meant)
        _send(resp, document)

    def on_patch(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        is_merge = media_type(req) == MERGE_PATCH
        change = self._store.merge if is_merge else self._store.update
        values, is_meant = _body(req, self._settings), required_tag(req)
        _send(resp, change(collection_name, image_id, values, is_meant))

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        self._store.delete(collection_name, image_id, required_tag(req))
        resp.media = {'_id': image_id.lower(), 'deletedCount': 1}


def public_url(url: str) -> str:
    """Make a MongoDB URL fit to be shown: no user, password, option or path."""
    scheme, _, rest = url.partition('://')
    hosts = rest.partition('/')[0].partition('?')[0].rpartition('@')[2]
    return f'{scheme}://{"localhost" if "%2f" in hosts.lower() else hosts}'


def _list_type(req: falcon.Request) -> str:
    # Names of media types have no case (RFC 9110, section 8.3.1), nor has "q".
    with contextlib.suppress(ValueError):
        if found := falcon.mediatypes.best_match(MEDIA_TYPES, req.accept.lower()):
            return found
    return MEDIA_TYPES[0]


def _describe_list(resp: falcon.Response, media_type: str, total: int) -> None:
    is_text = media_type.startswith('text/')
    resp.content_type = f'{media_type}; charset=utf-8' if is_text else media_type
    resp.append_header('Vary', 'Accept')
    resp.set_header('X-Total-Count', str(total))


def _send(resp: falcon.Response, document: Document) -> None:
    """Answer with a document and its entity tag."""
    resp.data = dumps(document)
    resp.set_header('ETag', f'"{tag(resp.data)}"')


def _idempotency_key(req: falcon.Request) -> str | None:
    key = req.get_header('Idempotency-Key')
    if key is not None and not _KEY.fullmatch(key):
        raise falcon.HTTPBadRequest(
            title='Invalid request',
            description='The Idempotency-Key must have 1 to 255 characters of ASCII.',
        )
    return key


def _body(req: falcon.Request, settings: Settings) -> dict[str, Any]:
    limit = settings.max_properties_bytes
    body = req.bounded_stream.read(limit + 1)
    if len(body) > limit:
        raise TooLargeError(
            f'The body has more than {limit} bytes (MAX_PROPERTIES_BYTES).'
        )
    properties = loads_object(body, 'The body', settings)
    check_depth(properties, settings.max_json_depth)
    return properties
