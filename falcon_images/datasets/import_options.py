"""How an archive is imported."""

from dataclasses import dataclass

from falcon_images.datasets.classes import class_of_folder
from falcon_images.properties import check_properties, refuse_system_fields

_SPLITS = frozenset(('train', 'val', 'valid', 'validation', 'test'))


@dataclass(frozen=True)
class ImportOptions:
    """What folders mean, and whether anything is stored.

    Args:
        label_by: the property that gets the folder of each image.
        split_by: the property that gets the folder of the split, such as ``train``.
        is_dry_run: nothing is stored, and the answer says what would be.
        by: the name of who imports it, if that is known.
    """

    label_by: str = ''
    split_by: str = ''
    is_dry_run: bool = False
    by: str = ''

    def check(self) -> None:
        """Raise `InvalidRequestError` for names that no property can have."""
        for name in filter(None, (self.label_by, self.split_by)):
            refuse_system_fields({name: ''})
            check_properties({name: ''})

    def properties_of(self, path: str) -> dict[str, str]:
        """Return the properties that an image has by its folders."""
        folders = path.split('/')[:-1]
        found = {}
        if self.split_by:
            split = next((each for each in folders if each.lower() in _SPLITS), None)
            if split is not None:
                folders = folders[folders.index(split) + 1 :]
                found[self.split_by] = split
        if self.label_by and folders:
            found[self.label_by] = class_of_folder(folders[-1])
        return found
