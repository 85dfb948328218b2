"""The archive of the earlier version: images, documents as JSON and as a sheet."""

import json
from collections.abc import Iterator
from typing import BinaryIO

from falcon_images.datasets.archive import ZIP_BEGINNING, ZipArchive
from falcon_images.datasets.entry_names import EntryNames
from falcon_images.datasets.gathering import Gathering
from falcon_images.datasets.image_bytes import ImageSource
from falcon_images.datasets.layouts.zipped import entry_of_file, moment_of, now
from falcon_images.datasets.report import report
from falcon_images.datasets.run import Run, chunks_of
from falcon_images.formats.xlsx import MAX_ROWS, Sheet, flat

# All that is no image begins so.
_PREFIX = 'mongodb_data'


class FlatZip:
    """Every image flat under the name it was sent with.

    Args:
        has_documents: beside them are their documents, as the earlier version had.
    """

    media_type = 'application/zip'
    extension = '.zip'
    beginning = ZIP_BEGINNING
    max_documents = 0

    def __init__(self, *, has_documents: bool = True) -> None:
        self._has_documents = has_documents

    def pieces(self, run: Run) -> Iterator[bytes]:
        """Yield the archive."""
        writing = _Writing(run, _PREFIX if self._has_documents else 'README')
        yield from writing.gather()
        if self._has_documents:
            yield from writing.all_with_documents()
        else:
            yield from writing.images()
        yield from writing.end('README.txt')


class _Writing:
    """One archive that is being written."""

    def __init__(self, run: Run, reserved: str) -> None:
        self._run = run
        self._archive = ZipArchive(run.new_file())
        self._names = EntryNames(reserved.casefold())
        self._gathering = Gathering(run)
        self._now = now(run.began_at)
        self._lines: list[str] = []
        self._report_name = ''

    def gather(self) -> Iterator[bytes]:
        """Read all documents."""
        yield from self._gathering.read(self._image)

    def images(self) -> Iterator[bytes]:
        """Yield the images that were not sent meanwhile."""
        for _, source in self._gathering.rows():
            if source:
                yield from self._image(source)

    def all_with_documents(self) -> Iterator[bytes]:
        """Yield the documents, the images and the sheet."""
        gathering = self._gathering
        size, crc = gathering.size, gathering.crc
        name = f'{_PREFIX}.json'
        yield self._archive.begin_entry(name, self._now, size, crc)
        yield from chunks_of(gathering.array())
        file = self._run.new_file()
        sheet = Sheet(file, gathering.columns)
        try:
            yield from self._images_and_rows(sheet)
            sheet.finish()
        except BaseException:
            sheet.abandon()
            raise
        yield from self._file(f'{_PREFIX}.xlsx', file)
        self._report_name = f'{_PREFIX}_report.txt'

    def end(self, readme: str) -> Iterator[bytes]:
        """Yield the report and the end."""
        file = self._run.new_file()
        report(file, self._run, self._gathering.count, self._lines)
        yield from self._file(self._report_name or readme, file)
        yield from self._archive.end()

    def _images_and_rows(self, sheet: Sheet) -> Iterator[bytes]:
        rows_left_out = 0
        for text, source in self._gathering.rows():
            if sheet.is_full:
                rows_left_out += 1
            else:
                self._add_row(sheet, text)
            if source:
                yield from self._image(source)
        if rows_left_out:
            self._lines.append(
                f'Rows that the sheet has no space for (it has {MAX_ROWS}): '
                f'{rows_left_out}'
            )
        if columns := self._gathering.columns_left_out:
            self._lines.append(f'Values in columns that the sheet lacks: {columns}')

    def _add_row(self, sheet: Sheet, text: bytes) -> None:
        document = json.loads(text)
        for column in sheet.add(dict(flat(document))):
            self._run.note(
                'cell too long for the sheet', str(document.get('_id')), column
            )

    def _image(self, source: ImageSource) -> Iterator[bytes]:
        image = self._run.image(source)
        if image is None:
            return
        name = self._names.take(source.name, source.image_id)
        if name != source.name:
            self._run.rename(source, name)
        time = moment_of(source.time)
        yield self._archive.begin_entry(name, time, image.size, image.crc)
        yield from image.chunks

    def _file(self, name: str, file: BinaryIO) -> Iterator[bytes]:
        return entry_of_file(self._archive, name, self._now, file)
