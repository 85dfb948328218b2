"""Lists of images: written into a file, counted, and asked for what is around one."""

from falcon_images.formats.list_spool import ListSpool
from falcon_images.formats.lists import Listing, write_list
from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.errors import retry_lost_cursors
from falcon_images.metadata.lists.lists import Lists
from falcon_images.store.list_pages import Page


class ImageLists:
    """The images of a collection that match a query, in its order."""

    def __init__(self, lists: Lists, spool: ListSpool) -> None:
        self._lists = lists
        self._spool = spool

    def write(
        self, collection_name: str, query: Query, media_type: str
    ) -> tuple[Listing, int, str]:
        """Write the documents that match into a file.

        Returns:
            The file, how many match in all, and the cursor of those that follow on a
            page; an empty one at the end.
        """

        def write() -> tuple[Page, Listing]:
            page = Page(self._lists, collection_name, query)
            return page, write_list(page, media_type, self._spool)

        page, listing = retry_lost_cursors(write)
        # Without a cursor, a list that reached its end has the number of all.
        if not (query.after or page.cursor) and (listing.count or not query.skip):
            return listing, query.skip + listing.count, ''
        return listing, self.count(collection_name, query), page.cursor

    def count(self, collection_name: str, query: Query) -> int:
        """Count the documents that match, whatever the limit."""
        return self._lists.count(collection_name, query.filter)

    def neighbors(
        self, collection_name: str, image_id: str, query: Query
    ) -> tuple[Document | None, Document | None]:
        """Find the documents before and after an image in the order of a query.

        Raises:
            NotFoundError: the image is not there.
        """
        return self._lists.neighbors(collection_name, image_id, query)
