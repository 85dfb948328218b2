"""The collections, and one of them."""

import falcon

from falcon_images.resources.conditional import required_tag
from falcon_images.store.collections import CollectionStore


class Collections:
    """The collections there are."""

    def __init__(self, collections: CollectionStore) -> None:
        self._collections = collections

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = self._collections.names()

    on_head = on_get


class Collection:
    """One collection."""

    def __init__(self, collections: CollectionStore) -> None:
        self._collections = collections

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        count = self._collections.size(collection_name)
        resp.media = {'name': collection_name, 'documents': count}

    on_head = on_get

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        if req.query_string:
            raise falcon.HTTPBadRequest(
                title='Invalid request',
                description='A collection is deleted with all its images, so this '
                'address takes no conditions; some of them are deleted with DELETE '
                f'/collections/{collection_name}/images and the conditions.',
            )
        count = self._collections.drop(collection_name, required_tag(req))
        resp.media = {'name': collection_name, 'documents': count}
