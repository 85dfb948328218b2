"""The resources of claims: images that somebody works on, and nobody else is given."""

import falcon

from falcon_images.query.as_sent import check_encoding
from falcon_images.query.claims import parse_claim, parse_seconds
from falcon_images.settings import Limits
from falcon_images.store.image_claims import ClaimStore


class Claims:
    """The claims of a collection."""

    def __init__(self, claims: ClaimStore, limits: Limits) -> None:
        self._claims = claims
        self._limits = limits

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        request = parse_claim(req.params, req.query_string, self._limits)
        resp.media = self._claims.claim(collection_name, request)


class HeldClaim:
    """One claim."""

    def __init__(self, claims: ClaimStore, limits: Limits) -> None:
        self._claims = claims
        self._limits = limits

    def on_put(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        claim_id: str,
    ) -> None:
        check_encoding(req.query_string)
        seconds = parse_seconds(req.params, self._limits)
        resp.media = self._claims.renew(collection_name, claim_id, seconds)

    def on_delete(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        claim_id: str,
    ) -> None:
        resp.media = self._claims.give_back(collection_name, claim_id)
