"""Examples: the images of a data set, with their classes and splits."""

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from falcon_images.datasets.classes import (
    check_classes,
    group_of,
    label_of,
    split_of,
)
from falcon_images.datasets.entry_names import Hashes
from falcon_images.datasets.gathering import time_text
from falcon_images.datasets.image_bytes import ImageSource, source_of
from falcon_images.datasets.run import Run, steps
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps
from falcon_images.metadata.documents import Document

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Example(NamedTuple):
    """One image of a data set; `label` and `split` are empty where there are none."""

    source: ImageSource
    sha256: str
    label: str
    split: str
    values: Any


# Makes of a document, and of an example without values, the values: what a layout
# writes, as JSON has it; None if the image is left out, which is noted then.
Describe = Callable[[Document, Example], Any]


class Examples:
    """The images that are wanted: all are read before the first is written.

    `labels` are the classes, and `count` is how many documents were read.
    """

    def __init__(self, run: Run, describe: Describe) -> None:
        self._run = run
        self._options = run.request.options
        self._describe = describe
        self._rows = run.new_file()
        self._pictures = Hashes()
        self._repeated: set[str] = set()
        self.labels: set[str] = set()
        self.count = 0

    def read(self) -> Iterator[bytes]:
        """Read all documents."""
        for documents in steps(self._run.documents):
            for document in documents:
                self._add(document)
            check_classes(self.labels)
            yield b''

    def rows(self) -> Iterator[Example]:
        """Yield each image, but those whose picture another group has."""
        owners = self._owners()
        for source, sha256, label, group, values in self._all():
            owner, owning_group = owners.get(sha256, ('', group))
            if owning_group == group:
                split = split_of(group, self._options.shares)
                yield Example(source, sha256, label, split, values)
            else:
                self._run.leave_out(
                    source, f'another group has this picture, in {owner}'
                )

    def _add(self, document: Document) -> None:
        self.count += 1
        source = source_of(document, time_text(document.get('time')))
        found = self._class_and_group(document, source)
        sha256 = self._run.digest(source) if found else None
        if found is None or sha256 is None:
            return
        label, group = found[0], found[1] or sha256
        split = split_of(group, self._options.shares)
        values = self._describe(document, Example(source, sha256, label, split, None))
        if values is None:
            return
        if not self._pictures.add(sha256):
            self._repeated.add(sha256)
        self.labels.add(label)
        row = (list(source), sha256, label, group, values)
        self._rows.write(dumps(row) + b'\n')

    def _class_and_group(
        self, document: Document, source: ImageSource
    ) -> tuple[str, str | None] | None:
        """Return both; None if the image is left out, which is noted."""
        path = self._options.label_by
        try:
            label = label_of(document, path) if path else ''
            if label is not None:
                seconds = _seconds(document.get('time'))
                return label, group_of(document, self._options, seconds)
        except InvalidRequestError as ex:
            if not self._run.has_begun:
                raise
            self._run.leave_out(source, str(ex))
        else:
            self._run.leave_out(source, f'it has no {path}')
        return None

    def _all(self) -> Iterator[tuple[ImageSource, str, str, str, Any]]:
        self._rows.seek(0)
        for line in self._rows:
            source, *others = json.loads(line)
            yield ImageSource(*source), *others

    def _owners(self) -> dict[str, tuple[str, str]]:
        """Return, for pictures that are there more than once, the first image."""
        owners: dict[str, tuple[str, str]] = {}
        if self._options.keeps_duplicates or not self._repeated:
            return owners
        for source, sha256, _, group, _ in self._all():
            if sha256 in self._repeated:
                own = (source.image_id, group)
                owners[sha256] = min(owners.get(sha256, own), own)
        return owners


def _seconds(time: Any) -> float | None:
    if not isinstance(time, datetime.datetime):
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=datetime.UTC)
    seconds: float = (time - _EPOCH).total_seconds()
    return seconds
