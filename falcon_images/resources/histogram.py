"""The histogram of a property of a collection's images."""

import falcon

from falcon_images.query.histogram import parse_histogram
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import HISTOGRAM
from falcon_images.settings import Limits
from falcon_images.store.fields import ImageFields


class Histogram:
    """How many images have which values of a property."""

    def __init__(self, fields: ImageFields, limits: Limits) -> None:
        self._fields = fields
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        filter_ = parse_filter(req.params, self._limits, HISTOGRAM)
        request = parse_histogram(req.params, self._limits)
        resp.media = self._fields.histogram(collection_name, filter_, request)

    on_head = on_get
