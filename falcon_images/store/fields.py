"""Fields: the properties of a collection's images, their types and values, counted."""

from falcon_images.errors import TooManyFieldCountsError
from falcon_images.metadata.documents import Document
from falcon_images.metadata.fields.counting import CountedFields
from falcon_images.metadata.fields.field_counts import FieldCounts
from falcon_images.metadata.fields.histogram import HistogramRequest
from falcon_images.metadata.lists.lists import Lists
from falcon_images.server.places import Places


class ImageFields:
    """Counts the properties of images, for a few who ask at the same time.

    Attributes:
        histogram_places: where those wait who ask for histograms.
    """

    def __init__(self, lists: Lists, max_waiting: int, timeout_seconds: float) -> None:
        self._lists = lists
        self._places = Places(max_waiting, _too_many)
        # Of their own: a page asks for several beside the fields.
        self.histogram_places = Places(max_waiting, _too_many_histograms)
        self._timeout_seconds = timeout_seconds

    def count(
        self, collection_name: str, filter_: Document, most_listed: int
    ) -> Document:
        """Count the properties of the documents that match, and their values.

        Args:
            most_listed: how many of a property's commonest values are listed.

        Raises:
            QueryTimeoutError: it takes longer than it may.
            TooManyFieldCountsError: as many are waited for as may.
        """
        with self._places.taken():
            counted = self._lists.count_fields(
                collection_name, filter_, most_listed, self._timeout_seconds
            )
        return _public_view(counted)

    def histogram(
        self, collection_name: str, filter_: Document, request: HistogramRequest
    ) -> Document:
        """Count how many documents that match have which values of a property.

        What is raised is what `count` raises.
        """
        with self.histogram_places.taken():
            return self._lists.histogram(
                collection_name, filter_, request, self._timeout_seconds
            )


def _too_many() -> TooManyFieldCountsError:
    return TooManyFieldCountsError(
        'Too many ask for fields at once (MAX_FACETS); ask again in a moment.'
    )


def _too_many_histograms() -> TooManyFieldCountsError:
    return TooManyFieldCountsError(
        'Too many ask for histograms at once (MAX_FACETS); ask again in a moment.'
    )


def _public_view(counted: CountedFields) -> Document:
    fields = sorted(counted.fields, key=lambda field: field.name)
    view: Document = {
        'documents': counted.documents,
        'fields': [_public_field(field) for field in fields],
    }
    return {**view, 'truncated': True} if counted.is_truncated else view


def _public_field(field: FieldCounts) -> Document:
    return {
        'name': field.name,
        'count': field.count,
        'types': field.types,
        'distinct': field.distinct,
        'values': [{'value': value, 'count': n} for value, n in field.values],
    }
