"""The bodies that are taken."""

from falcon_images.middleware.bodies import (
    FORM,
    JSON,
    MERGE_PATCH,
    URLENCODED,
    Bodies,
    Body,
)
from falcon_images.resources.collections import Collection
from falcon_images.resources.image import Image
from falcon_images.resources.image_query import ImageQuery
from falcon_images.resources.images import Images
from falcon_images.resources.import_ import ARCHIVE_TYPES, Import
from falcon_images.resources.relabel import SHEET_TYPES, Relabel
from falcon_images.resources.snapshots import Snapshots
from falcon_images.settings import Limits


def taken_bodies(limits: Limits) -> Bodies:
    """List the bodies that are taken; other resources and methods need none."""
    form = Body(
        limits.max_body_bytes,
        'The body has more bytes than MAX_BODY_BYTES allows.',
        (FORM,),
    )
    archive = Body(
        limits.max_archive_bytes,
        'The body has more bytes than MAX_ARCHIVE_BYTES allows.',
        (FORM, *ARCHIVE_TYPES),
    )
    sheet = Body(form.max_bytes, form.too_large, (FORM, *SHEET_TYPES))
    limit = limits.max_properties_bytes
    too_large = f'The body has more than {limit} bytes (MAX_PROPERTIES_BYTES).'
    properties = Body(limit, too_large, (JSON,))
    patch = Body(limit, too_large, (JSON, MERGE_PATCH))
    most = limits.max_query_body_bytes
    query = Body(
        most,
        f'The body has more than {most} bytes (MAX_QUERY_BODY_BYTES).',
        (URLENCODED, JSON),
    )
    return {
        (Images, 'POST'): form,
        (Images, 'PATCH'): patch,
        (Import, 'POST'): archive,
        (Relabel, 'POST'): sheet,
        (ImageQuery, 'POST'): query,
        (Snapshots, 'POST'): properties,
        (Image, 'PUT'): properties,
        (Collection, 'PATCH'): properties,
        (Image, 'PATCH'): patch,
    }
