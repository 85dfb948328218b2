"""Fields of a collection: its properties, their types and values, all counted."""

import falcon

from falcon_images.query.lists import parse_filter
from falcon_images.query.names import FIELDS
from falcon_images.settings import Limits
from falcon_images.store.fields import ImageFields

_VALUES = 20
_MAX_VALUES = 1000


class Fields:
    """The properties of a collection's images."""

    def __init__(self, fields: ImageFields, limits: Limits) -> None:
        self._fields = fields
        self._limits = limits

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        filter_ = parse_filter(req.params, self._limits, FIELDS)
        values = req.get_param_as_int(
            'values', min_value=1, max_value=_MAX_VALUES, default=_VALUES
        )
        resp.media = self._fields.count(collection_name, filter_, values)

    on_head = on_get
