"""The relabelling of a collection: a sheet changes the images of its rows."""

from typing import BinaryIO, cast

import falcon

from falcon_images.changes.relabel import RelabelOptions, Relabels
from falcon_images.formats.xlsx import MEDIA_TYPE
from falcon_images.middleware.auth import caller_name
from falcon_images.query.as_sent import check_encoding, refuse_blank_parameters
from falcon_images.query.names import DRY_RUN, EXACT, RELABEL
from falcon_images.query.selection import expected, truth
from falcon_images.settings import Limits
from falcon_images.uploads.digests import claimed_digests

SHEET_TYPES = (
    *('text/csv', MEDIA_TYPE, 'text/tab-separated-values'),
    *('application/vnd.ms-excel', 'text/plain', 'application/octet-stream'),
)


class Relabel:
    """The relabelling of a collection."""

    def __init__(self, relabels: Relabels, limits: Limits) -> None:
        self._relabels = relabels
        self._limits = limits

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        resp.media = self._relabels.run(
            collection_name,
            cast(BinaryIO, req.bounded_stream),
            req.content_type or '',
            claimed_digests(req.get_header),
            self._options(req),
        )

    def _options(self, req: falcon.Request) -> RelabelOptions:
        check_encoding(req.query_string)
        refuse_blank_parameters(req.query_string)
        for name in req.params:
            if name not in RELABEL:
                raise falcon.HTTPBadRequest(
                    title='Invalid request',
                    description=f'{name[:40]!r} is not known here; the rows of the '
                    f'file say which images are meant. Known are '
                    f'{", ".join(sorted(RELABEL))}.',
                )
        return RelabelOptions(
            is_dry_run=truth(req.params, DRY_RUN),
            is_exact=truth(req.params, EXACT),
            expect=expected(req.params, self._limits),
            by=caller_name(req),
        )
