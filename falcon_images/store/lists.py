"""Lists of images: written into a file, counted, and asked for what is around one."""

import contextlib
from dataclasses import dataclass

from falcon_images.errors import QueryTimeoutError
from falcon_images.formats.list_spool import ListSpool
from falcon_images.formats.lists import Listing, write_list
from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.errors import retry_lost_cursors
from falcon_images.metadata.lists.lists import Lists
from falcon_images.store.list_pages import Page

# How long a list waits for the number of all that match; then some are counted.
_TOTAL_SECONDS = 0.8
_SOME_SECONDS = 0.2
_SOME = 100_000


@dataclass(frozen=True)
class Total:
    """How many images match; at least so many where `is_exact` is false."""

    number: int
    is_exact: bool = True


@dataclass(frozen=True)
class WrittenList:
    """A list in a file.

    `cursor` is that of the images that follow on a page, empty at the end; `total` is
    how many match in all, None if nobody asked.
    """

    listing: Listing
    total: Total | None
    cursor: str


class ImageLists:
    """The images of a collection that match a query, in its order."""

    def __init__(self, lists: Lists, spool: ListSpool) -> None:
        self._lists = lists
        self._spool = spool

    def write(
        self, collection_name: str, query: Query, media_type: str, total: str = ''
    ) -> WrittenList:
        """Write the documents that match into a file.

        Args:
            total: ``exact`` waits for the number of all that match for as long as a
                query may take, ``none`` does not ask for it, and an empty one waits for
                a second.
        """

        def write() -> tuple[Page, Listing]:
            page = Page(self._lists, collection_name, query)
            return page, write_list(page, media_type, self._spool)

        page, listing = retry_lost_cursors(write)
        found: Total | None = None
        # Without a cursor, a list that reached its end has the number of all.
        if not (query.after or page.cursor) and (listing.count or not query.skip):
            found = Total(query.skip + listing.count)
        elif total != 'none':
            known = query.skip * bool(listing.count) + listing.count
            known += bool(page.cursor)
            seconds = None if total == 'exact' else _TOTAL_SECONDS
            found = self._total(collection_name, query, known, seconds)
        return WrittenList(listing, found, page.cursor)

    def _total(
        self, collection_name: str, query: Query, known: int, seconds: float | None
    ) -> Total:
        """Count all that match as far as there is time, so that no list fails by it."""
        try:
            number = self._lists.count(collection_name, query.filter, seconds)
            return Total(number)
        except QueryTimeoutError:
            pass
        with contextlib.suppress(QueryTimeoutError):
            counted = self._lists.count_up_to(
                _SOME, collection_name, query.filter, _SOME_SECONDS
            )
            known = max(known, counted)
        return Total(known, is_exact=False)

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
