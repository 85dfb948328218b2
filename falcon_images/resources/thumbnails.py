"""The thumbnail as a resource."""

import falcon

from falcon_images.errors import DamagedFileError
from falcon_images.resources.conditional import is_not_modified
from falcon_images.resources.image_file import SAFE_HEADERS, lasting
from falcon_images.store.image_files import StoredFiles
from falcon_images.thumbnails.service import DAMAGED, Thumbnail, ThumbnailService


class ImageThumbnail:
    """One image's thumbnail."""

    def __init__(
        self, files: StoredFiles, thumbnails: ThumbnailService, is_private: bool
    ) -> None:
        self._files = files
        self._thumbnails = thumbnails
        self._cache_control = lasting(is_private)

    def on_get(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        collection_name: str,
        image_id: str,
    ) -> None:
        size = req.get_param('size', default='small')
        self._thumbnails.check_size(size)
        try:
            stored = self._files.find(collection_name, image_id)
        except DamagedFileError:
            _send(resp, DAMAGED)
            return
        tag = self._thumbnails.tag(stored, size)
        if is_not_modified(req, tag):
            resp.status = falcon.HTTP_304
        else:
            thumbnail = self._thumbnails.get(stored, size)
            _send(resp, thumbnail)
            if thumbnail.state != 'ok':
                return
        resp.etag = tag
        resp.set_header('Cache-Control', self._cache_control)

    on_head = on_get


def _send(resp: falcon.Response, thumbnail: Thumbnail) -> None:
    resp.content_type = 'image/webp'
    resp.data = thumbnail.content
    resp.set_headers((*SAFE_HEADERS, ('X-Thumbnail', thumbnail.state)))
    # One that is not drawn may be at another time; it is replaced when it is.
    resp.cache_control = ['no-cache']
