"""Files as ``instances_train.json``, read member by member into a list."""

from typing import Any, BinaryIO

from falcon_images.datasets.entries import Entries
from falcon_images.datasets.instances.instance_list import InstanceList, ListedImage
from falcon_images.datasets.instances.instance_shapes import annotation_members
from falcon_images.datasets.json_window import JsonWindow
from falcon_images.errors import InvalidRequestError
from falcon_images.formats.json import dumps, loads_object

_SYSTEM_BYTES = 16 * 1024


class InstanceFiles:
    """Reads files of annotations; what is wrong with one member is reported."""

    def __init__(self, entries: Entries, listing: InstanceList) -> None:
        self._entries = entries
        self._listing = listing

    def read(self, file: BinaryIO, path: str) -> None:
        """Read a file whole.

        Raises:
            InvalidRequestError: it is not what COCO's tools read.
            TooLargeError: a member is longer than properties may be.
        """
        file.seek(0)
        window = JsonWindow(
            file,
            self._entries.limits.max_properties_bytes + _SYSTEM_BYTES,
            f'A member of {path[:80]}',
            f'{path[:80]} is not an object of arrays in JSON, as COCO has it; nothing '
            'was imported.',
        )
        adders = {
            'images': self._add_image,
            'annotations': self._add_annotation,
            'categories': self._add_category,
        }
        for key in window.keys():  # noqa: SIM118 - it is no dict
            add = adders.get(key)
            for number, text in enumerate(_texts(window), 1):
                if add:
                    with self._entries.skipping(f'{path}, {key} {number}'):
                        add(path, text)

    def _add_image(self, path: str, text: str) -> None:
        image = self._object(text)
        self._listing.add_image(ListedImage(path, _id(image, 'id'), text))

    def _add_category(self, path: str, text: str) -> None:
        category = self._object(text)
        name = category.get('name')
        if not isinstance(name, str):
            raise InvalidRequestError('It has no "name".')
        self._listing.add_category(path, _id(category, 'id'), name)

    def _add_annotation(self, path: str, text: str) -> None:
        annotation = self._object(text)
        image = _id(annotation, 'image_id')
        category = _id(annotation, 'category_id')
        for kind, member in annotation_members(annotation):
            self._listing.add_shape(path, image, category, kind, member)

    def _object(self, text: str) -> dict[str, Any]:
        return loads_object(text, 'It', self._entries.limits)


def _texts(window: JsonWindow) -> Any:
    """Return the members of an array, or read what is none, and return nothing."""
    if window.is_array():
        return window.members()
    window.value()
    return ()


def _id(row: dict[str, Any], name: str) -> str:
    """Return an id as text, by which a number and a text are not the same."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InvalidRequestError(f'It has no "{name}" that is a number or a text.')
    return dumps(value).decode()
