"""The import of images of which COCO's files say what is in them."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, BinaryIO

from falcon_images.datasets.documents_import import DocumentsImport, check_size
from falcon_images.datasets.entries import Entries
from falcon_images.datasets.import_options import ImportOptions
from falcon_images.datasets.instances.instance_files import InstanceFiles
from falcon_images.datasets.instances.instance_list import InstanceList, ListedImage
from falcon_images.datasets.instances.instance_shapes import without_known
from falcon_images.datasets.manifest import checked_document
from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.formats.json import loads_object
from falcon_images.image_types.identify import is_image
from falcon_images.metadata.documents import Document

_FOLDER, _START, _END = 'annotations', 'instances_', '.json'

Unpack = Callable[[Entries, str], AbstractContextManager[BinaryIO]]
NewFile = Callable[[], AbstractContextManager[BinaryIO]]


class InstancesImport:
    """Imports the images that files of annotations name.

    Args:
        unpack: unpacks an entry into a file that is gone afterwards.
        new_file: makes a file with a name that is gone afterwards.
    """

    def __init__(
        self, documents: DocumentsImport, unpack: Unpack, new_file: NewFile
    ) -> None:
        self._documents = documents
        self._unpack = unpack
        self._new_file = new_file

    def run(self, entries: Entries, options: ImportOptions, common: Document) -> bool:
        """Import all images that are named; return whether there are such files.

        All files are read before an image is stored.
        """
        paths = entries.reader.listing.in_folder(_FOLDER, _START, _END)
        if not paths:
            return False
        with self._listing() as listing:
            files = InstanceFiles(entries, listing)
            read = [path for path in paths if self._read(entries, files, path)]
            for image in listing.images():
                with entries.skipping(f'{image.path}, image {image.id}'):
                    self._import(entries, listing, image, options, common)
            for path, image_id in listing.strays():
                reason = 'It has annotations, and is not among the "images".'
                entries.report.skip(f'{path}, image {image_id}', reason)
        return bool(read)

    @contextlib.contextmanager
    def _listing(self) -> Iterator[InstanceList]:
        with (
            self._new_file() as file,
            contextlib.closing(InstanceList(str(file.name))) as listing,
        ):
            yield listing

    def _read(self, entries: Entries, files: InstanceFiles, path: str) -> bool:
        with self._unpack(entries, path) as file:
            if is_image(file):
                return False
            entries.reader.listing.use(path)
            files.read(file, path)
        return True

    def _import(
        self,
        entries: Entries,
        listing: InstanceList,
        image: ListedImage,
        options: ImportOptions,
        common: Document,
    ) -> None:
        row = loads_object(image.row, 'The row', entries.limits)
        path = _path_of(entries, image.path, row.get('file_name'))
        label = _label(row)
        shapes = _shapes(listing, image, entries.limits.max_properties_bytes)
        said = {options.label_by: label} if options.label_by and label else {}
        of_image = {'_id': row.get('_id'), 'image': path.rpartition('/')[2]}
        document = checked_document(
            of_image | said | shapes, entries.limits, is_whole=False
        )
        found = self._documents.stored(entries.collection_name, document.image_id)
        known = document.properties
        if found is not None:
            known = without_known(known, found, label)
        properties = common | _split(options, path) | known
        with entries.skipping(path, document.image_id):
            check_size(properties, entries.limits.max_properties_bytes)
            self._documents.store(entries, document, properties, path)


def _path_of(entries: Entries, instances: str, name: Any) -> str:
    """Return the path of an image, which is in one of several folders."""
    if not isinstance(name, str) or not name:
        raise InvalidRequestError('It has no "file_name".')
    folder, _, file_name = instances.rpartition('/')
    around = folder.removesuffix(_FOLDER)
    split = file_name.removeprefix(_START).removesuffix(_END)
    for place in (f'images/{split}/', 'images/', f'{split}/', ''):
        path = entries.reader.name_of(f'{around}{place}{name}')
        if path is not None:
            return path
    raise InvalidRequestError(f'The archive has no file {name[:80]!r}.')


def _shapes(
    listing: InstanceList, image: ListedImage, max_bytes: int
) -> dict[str, list[Any]]:
    shapes: dict[str, list[Any]] = {}
    for kind, member, size in listing.shapes(image):
        max_bytes -= size
        if max_bytes < 0:
            raise TooLargeError(
                'Its annotations have more bytes than MAX_PROPERTIES_BYTES allows.'
            )
        shapes.setdefault(kind, []).append(member)
    return shapes


def _label(row: dict[str, Any]) -> str:
    """Return the class that exports write beside an image; empty if there is none."""
    label = row.get('label')
    return label if isinstance(label, str) else ''


def _split(options: ImportOptions, path: str) -> dict[str, str]:
    """Return the split of an image; its other folders are no classes."""
    found = options.properties_of(path)
    return {n: value for n, value in found.items() if n == options.split_by}
