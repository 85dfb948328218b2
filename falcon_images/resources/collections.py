"""The collections, and one of them."""

import falcon

from falcon_images.query.collections import (
    checked_texts,
    collection_words,
    is_revertible,
)
from falcon_images.resources.bodies import read_object
from falcon_images.resources.conditional import required_tag
from falcon_images.server.budget import Budget
from falcon_images.settings import Limits
from falcon_images.store.collection_cards import CollectionCards
from falcon_images.store.collections import CollectionStore


class Collections:
    """The collections there are."""

    def __init__(
        self, collections: CollectionStore, cards: CollectionCards, budget: Budget
    ) -> None:
        self._collections = collections
        self._cards = cards
        self._budget = budget

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        words = collection_words(req.params)
        if words.are_deleted:
            resp.media = self._collections.deleted()
        elif words.with_details:
            # That asks the database about each of them.
            with self._budget.taken():
                resp.media = self._cards.all()
        else:
            resp.media = self._collections.names()

    on_head = on_get


class Collection:
    """One collection."""

    def __init__(
        self, collections: CollectionStore, cards: CollectionCards, limits: Limits
    ) -> None:
        self._collections = collections
        self._cards = cards
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        if collection_words(req.params).with_details:
            resp.media = self._cards.one(collection_name)
            return
        count = self._collections.size(collection_name)
        resp.media = {'name': collection_name, 'documents': count}

    on_head = on_get

    def on_patch(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        texts = checked_texts(read_object(req, self._limits))
        resp.media = self._cards.describe(collection_name, texts)

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        tags = required_tag(req)
        if is_revertible(collection_name, req.query_string):
            resp.media = self._collections.delete_revertibly(collection_name, tags)
            return
        count = self._collections.drop(collection_name, tags)
        resp.media = {'name': collection_name, 'documents': count}
