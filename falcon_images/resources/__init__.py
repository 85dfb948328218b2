"""The resources of the API: each responder reads a request and asks the store."""

import contextlib
import re
from io import BytesIO
from typing import Any, BinaryIO, cast
from urllib.parse import quote

import falcon

from falcon_images import __version__
from falcon_images.changes.patch import checked_patch
from falcon_images.changes.resources import ChangeOfAll
from falcon_images.conditional import has_tag, required_tags
from falcon_images.digests import claimed_digests
from falcon_images.errors import DatabaseUnavailableError, TooLargeError
from falcon_images.files import DiskFiles
from falcon_images.json_text import dumps, loads_object, tag
from falcon_images.lists import MEDIA_TYPES
from falcon_images.metadata import Document, MongoMetadata
from falcon_images.properties import check_depth
from falcon_images.query import next_address, parse_query
from falcon_images.resources.image_file import TRUE, ImageFile
from falcon_images.settings import Settings
from falcon_images.store import ImageStore
from falcon_images.uploads import Upload, UploadSlots, receive_upload

_PING_SECONDS = 0.8
_FORM = 'multipart/form-data'
_JSON = 'application/json'
_MERGE_PATCH = 'application/merge-patch+json'
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
        _require_media_type(req, _FORM)
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
        media_type = _require_media_type(req, _JSON, _MERGE_PATCH)
        body = _body(req, self._settings)
        patch = checked_patch(body, is_merge=media_type == _MERGE_PATCH)
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
        etag = _send(resp, self._store.get(collection_name, image_id))
        if has_tag(req, etag):
            resp.data = None
            resp.status = falcon.HTTP_304

    on_head = on_get

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        _require_media_type(req, _JSON)
        properties = _body(req, self._settings)
        tags = required_tags(req)
        document = self._store.replace(collection_name, image_id, properties, tags)
        _send(resp, document)

    def on_patch(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        media_type = _require_media_type(req, _JSON, _MERGE_PATCH)
        change = self._store.merge if media_type == _MERGE_PATCH else self._store.update
        values, tags = _body(req, self._settings), required_tags(req)
        _send(resp, change(collection_name, image_id, values, tags))

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        self._store.delete(collection_name, image_id, required_tags(req))
        resp.media = {'_id': image_id.lower(), 'deletedCount': 1}


def public_url(url: str) -> str:
    """Make a MongoDB URL fit to be shown: no user, password, option or path."""
    scheme, _, rest = url.partition('://')
    hosts = rest.partition('/')[0].partition('?')[0].rpartition('@')[2]
    return f'{scheme}://{"localhost" if "%2f" in hosts.lower() else hosts}'


def _list_type(req: falcon.Request) -> str:
    return req.client_prefers(MEDIA_TYPES) or MEDIA_TYPES[0]


def _describe_list(resp: falcon.Response, media_type: str, total: int) -> None:
    is_text = media_type.startswith('text/')
    resp.content_type = f'{media_type}; charset=utf-8' if is_text else media_type
    resp.append_header('Vary', 'Accept')
    resp.set_header('X-Total-Count', str(total))


def _send(resp: falcon.Response, document: Document) -> str:
    """Answer with a document; return its entity tag."""
    resp.data = dumps(document)
    etag = tag(resp.data)
    resp.set_header('ETag', f'"{etag}"')
    return etag


def _idempotency_key(req: falcon.Request) -> str | None:
    key = req.get_header('Idempotency-Key')
    if key is not None and not _KEY.fullmatch(key):
        raise falcon.HTTPBadRequest(
            title='Invalid request',
            description='The Idempotency-Key must have 1 to 255 characters of ASCII.',
        )
    return key


def _require_media_type(req: falcon.Request, *accepted: str) -> str:
    media_type = (req.content_type or '').partition(';')[0].strip().lower()
    if media_type not in accepted:
        raise falcon.HTTPUnsupportedMediaType(
            description=f'Send the body as {" or ".join(accepted)}.'
        )
    return media_type


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
