"""A run: many files sent side by side, in memory that does not grow with them."""

import contextlib
import itertools
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from falcon_images.cli.sending.files import Found
from falcon_images.cli.sending.journal import Entry, Journal
from falcon_images.cli.sending.outcomes import Result
from falcon_images.cli.sending.sender import Sender
from falcon_images.client import Client

# How many files are looked up in the journal at once, and asked for with one request.
_BATCH = 100
# How many wait for each that is being sent.
_WAITING = 4


class UploadRun:
    """Sends files, and says what became of each as soon as it is known.

    Args:
        sender: sends one.
        journal: knows what was sent before.
        client: is asked whether that is still there.
        collection: where it should be.
        parallel: how many are sent at once.
        stop: is set when no more are to be sent.
    """

    def __init__(  # noqa: PLR0913 - each is named where it is given
        self,
        sender: Sender,
        journal: Journal,
        *,
        client: Client,
        collection: str,
        parallel: int,
        stop: threading.Event,
    ) -> None:
        self._sender = sender
        self._journal = journal
        self._client = client
        self._collection = collection
        self._parallel = parallel
        self._stop = stop

    def results(self, files: Iterable[Found]) -> Iterator[Result]:
        """Yield what became of each file, in the order in which that is known.

        Raises:
            StoppedError: no more can be sent; what was not told of is sent by another
                run.
        """
        pool = ThreadPoolExecutor(self._parallel, 'sender')
        under_way: set[Future[Result]] = set()
        try:
            for found, known in self._with_entries(files):
                under_way.add(pool.submit(self._sender.send, found, known))
                if len(under_way) >= _WAITING * self._parallel:
                    done, under_way = wait(under_way, None, FIRST_COMPLETED)
                    yield from self._noted(done)
            while under_way:
                done, under_way = wait(under_way, None, FIRST_COMPLETED)
                yield from self._noted(done)
        except BaseException:
            self._stop.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _noted(self, done: Iterable[Future[Result]]) -> Iterator[Result]:
        for future in done:
            result = future.result()
            # It saves time alone: without it all would be sent once more, and be there.
            with contextlib.suppress(sqlite3.Error):
                self._journal.add(result)
            yield result

    def _with_entries(
        self, files: Iterable[Found]
    ) -> Iterator[tuple[Found, Entry | None]]:
        iterator = iter(files)
        while batch := list(itertools.islice(iterator, _BATCH)):
            known = self._still_there(self._journal.known(batch))
            for found in batch:
                yield found, known.get(found.path)

    def _still_there(self, known: dict[Path, Entry]) -> dict[Path, Entry]:
        if not known:
            return {}
        ids = [entry.image_id for entry in known.values()]
        documents = self._client.images(
            self._collection, filter={'_id': {'$in': ids}}, fields='_id'
        )
        there = {str(document['_id']) for document in documents}
        return {path: e for path, e in known.items() if e.image_id in there}
