"""The neighbors of an image: the one before it in a list, and the one after."""

import falcon

from falcon_images.query.lists import parse_selection
from falcon_images.settings import Limits
from falcon_images.store.lists import ImageLists


class Neighbors:
    """The previous and the next image, by the conditions and order of a list.

    The image itself need not meet the conditions; it has a place among those that do.
    """

    def __init__(self, lists: ImageLists, limits: Limits) -> None:
        self._lists = lists
        self._limits = limits

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        query = parse_selection(req.params, self._limits)
        previous, following = self._lists.neighbors(collection_name, image_id, query)
        resp.media = {'previous': previous, 'next': following}

    on_head = on_get
