"""The collections, and one of them."""

import falcon

from falcon_images.metadata.mongo import precondition_failed
from falcon_images.resources.conditional import required_tag
from falcon_images.store.images import ImageStore

# A collection has no tag; no header has this one.
_NO_TAG = '\0'


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
            raise precondition_failed()
        count = self._store.drop(collection_name)
        resp.media = {'name': collection_name, 'documents': count}
