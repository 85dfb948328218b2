"""Claims of images: several people never get the same one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from falcon_images.errors import NotFoundError
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.claims import ClaimRecords
from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.errors import retry_lost_cursors
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase, collection_not_found
from falcon_images.metadata.values import new_id, parse_claim_id
from falcon_images.query.claims import ClaimRequest

# Others take some of those that were found, so a few more are looked for.
_MORE = 20
_ROUNDS = 50


class ClaimStore:
    """Gives images to one at a time; their documents are not changed by that.

    An image is taken first, and then read: if it does not match any more by then,
    because who had it before has labelled it, it is given back. So nobody gets an image
    that another has, nor one that another has just done.
    """

    def __init__(
        self,
        mongo: MongoDatabase,
        lists: Lists,
        bulk: BulkDocuments,
        records: ClaimRecords,
    ) -> None:
        self._mongo = mongo
        self._lists = lists
        self._bulk = bulk
        self._records = records

    def claim(self, collection_name: str, request: ClaimRequest) -> Document:
        """Claim the first images that match, and that nobody has.

        Raises:
            NotFoundError: there is no such collection.
        """
        claiming = _Claiming(collection_name, self._uuid(collection_name), request)
        for _ in range(_ROUNDS):
            found = self._free(claiming)
            while found and claiming.wanted:
                some, found = found[: claiming.wanted], found[claiming.wanted :]
                claiming.images += self._taken(claiming, some)
            if not claiming.wanted or not claiming.has_seen_any:
                break
        return self._answer(claiming.uuid, claiming.id, claiming.images)

    def renew(self, collection_name: str, claim_id: str, seconds: int) -> Document:
        """Hold a claim for another while, from now on.

        Raises:
            NotFoundError: there is no such claim, or it has ended.
        """
        uuid, key = self._uuid(collection_name), parse_claim_id(claim_id)
        self._records.renew(uuid, key, seconds)
        ids, _ = self._records.held(uuid, key)
        if not ids:
            raise _ended(claim_id)
        images = self._read(collection_name, Query(filter={'_id': {'$in': ids}}))
        return self._answer(uuid, key, images)

    def give_back(self, collection_name: str, claim_id: str) -> Document:
        """End a claim, so that others can be given its images.

        Raises:
            NotFoundError: there is no such claim, or it has ended.
        """
        uuid, key = self._uuid(collection_name), parse_claim_id(claim_id)
        if not (count := self._records.give_back(uuid, key)):
            raise _ended(claim_id)
        return {'claim': key, 'given_back': count}

    def forget_dropped(self, drop_key: str) -> None:
        """Forget all claims of a collection that was dropped."""
        if uuid := self._bulk.uuid(drop_key):
            self._records.forget(uuid)

    def _uuid(self, collection_name: str) -> Any:
        self._mongo.require_collection(collection_name)
        if (uuid := self._bulk.uuid(collection_name)) is None:
            raise collection_not_found(collection_name)
        return uuid

    def _free(self, claiming: '_Claiming') -> list[Any]:
        """Find some of the images that match and that nobody has, in their order."""
        query = claiming.request.query
        claimed = self._records.live_ids(claiming.uuid)
        free = _both(query.filter, {'_id': {'$nin': claimed}})
        found = self._read(
            claiming.collection_name,
            replace(query, filter=free, limit=claiming.wanted + _MORE, fields=('_id',)),
        )
        claiming.has_seen_any = bool(found)
        return [each['_id'] for each in found]

    def _taken(self, claiming: '_Claiming', ids: Sequence[Any]) -> list[Document]:
        """Take images; return those that nobody took before, and that match still."""
        uuid, request = claiming.uuid, claiming.request
        self._records.take(uuid, claiming.id, ids, request.seconds)
        held, _ = self._records.held(uuid, claiming.id)
        mine = [image_id for image_id in ids if image_id in set(held)]
        if not mine:
            return []
        matching = _both(request.query.filter, {'_id': {'$in': mine}})
        images = self._read(
            claiming.collection_name, replace(request.query, filter=matching)
        )
        found = {image['_id'] for image in images}
        done = [image_id for image_id in mine if image_id not in found]
        if done:
            self._records.give_back(uuid, claiming.id, done)
        return images

    def _read(self, collection_name: str, query: Query) -> list[Document]:
        return retry_lost_cursors(
            lambda: list(self._lists.documents(collection_name, query))
        )

    def _answer(self, uuid: Any, key: Any, images: list[Document]) -> Document:
        if not images:
            return {'claim': None, 'until': None, 'images': []}
        _, until = self._records.held(uuid, key)
        return {'claim': key, 'until': until, 'images': images}


@dataclass
class _Claiming:
    """A claim that is being made."""

    collection_name: str
    uuid: Any
    request: ClaimRequest
    id: Any = field(default_factory=new_id)
    images: list[Document] = field(default_factory=list)
    has_seen_any: bool = False

    @property
    def wanted(self) -> int:
        """How many images are still wanted."""
        return self.request.query.limit - len(self.images)


def _both(filter_: Document, other: Document) -> Document:
    return {'$and': [other, filter_]} if filter_ else other


def _ended(claim_id: str) -> NotFoundError:
    return NotFoundError(
        f'The collection has no claim with the id {claim_id}; it may have ended.'
    )
