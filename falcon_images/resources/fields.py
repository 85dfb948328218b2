"""Facets of a collection: its properties, their types and values, all counted."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import falcon

from falcon_images.errors import TooManyFacetsError
from falcon_images.metadata.fields.counting import Facets
from falcon_images.metadata.fields.counts import Tally
from falcon_images.metadata.mongo import MongoMetadata
from falcon_images.query.lists import parse_filter
from falcon_images.query.words import FIELDS
from falcon_images.settings import Settings

_VALUES = 20
_MAX_VALUES = 1000


class Fields:
    """The properties of a collection's images."""

    def __init__(self, metadata: MongoMetadata, settings: Settings) -> None:
        self._metadata = metadata
        self._settings = settings
        self._places = FacetPlaces(settings.max_facets)

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        filter_ = parse_filter(req.params, self._settings, FIELDS)
        values = req.get_param_as_int(
            'values', min_value=1, max_value=_MAX_VALUES, default=_VALUES
        )
        timeout_seconds = self._settings.facets_timeout_seconds
        with self._places.taken():
            facets = self._metadata.lists.facets(
                collection_name, filter_, values, timeout_seconds
            )
        resp.media = _answer(facets)

    on_head = on_get


class FacetPlaces:
    """Places for countings that this process waits for at the same time."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Take a place; raise `TooManyFacetsError` if there is none."""
        if not self._free.acquire(blocking=False):
            raise TooManyFacetsError(
                'Too many ask for fields at once (MAX_FACETS); ask again in a moment.'
            )
        try:
            yield
        finally:
            self._free.release()


def _answer(facets: Facets) -> dict[str, Any]:
    tallies = sorted(facets.tallies, key=lambda tally: tally.name)
    answer = {
        'documents': facets.documents,
        'fields': [_field(tally) for tally in tallies],
    }
    return {**answer, 'truncated': True} if facets.is_truncated else answer


def _field(tally: Tally) -> dict[str, Any]:
    return {
        'name': tally.name,
        'count': tally.count,
        'types': tally.types,
        'distinct': tally.distinct,
        'values': [{'value': value, 'count': n} for value, n in tally.values],
    }
