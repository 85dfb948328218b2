"""The import of a collection: an archive becomes images."""

from typing import BinaryIO, cast

import falcon

from falcon_images.datasets.import_options import ImportOptions
from falcon_images.datasets.imports import Imports
from falcon_images.middleware.auth import caller_name
from falcon_images.query.as_sent import check_encoding
from falcon_images.query.names import DRY_RUN, LABEL_BY, SPLIT_BY
from falcon_images.query.parameters import one_text
from falcon_images.query.selection import truth
from falcon_images.settings import Limits
from falcon_images.uploads.digests import claimed_digests

ARCHIVE_TYPES = (
    *('application/zip', 'application/x-zip-compressed', 'application/x-zip'),
    *('application/x-tar', 'application/tar', 'application/octet-stream'),
)


class Import:
    """The import of a collection."""

    def __init__(self, imports: Imports, limits: Limits) -> None:
        self._imports = imports
        self._limits = limits

    def on_post(
        self, req: falcon.Request, resp: falcon.Response, collection_name: str
    ) -> None:
        check_encoding(req.query_string)
        options = ImportOptions(
            label_by=one_text(req.params, (LABEL_BY,), self._limits),
            split_by=one_text(req.params, (SPLIT_BY,), self._limits),
            is_dry_run=truth(req.params, DRY_RUN),
            by=caller_name(req),
        )
        resp.media = self._imports.run(
            collection_name,
            cast(BinaryIO, req.bounded_stream),
            req.content_type or '',
            claimed_digests(req.get_header),
            options,
        )
