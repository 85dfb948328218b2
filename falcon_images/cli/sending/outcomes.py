"""What became of a file."""

import enum
from dataclasses import dataclass

from falcon_images.cli.sending.files import Found


class FileOutcome(enum.StrEnum):
    """What became of a file, as it is told."""

    STORED = 'stored'
    THERE = 'there already'
    DELETED = 'deleted since'
    CONFLICT = 'stored with other properties'
    REFUSED = 'refused'
    FAILED = 'failed'


# Those of images that are where they should be.
ARRIVED = frozenset((FileOutcome.STORED, FileOutcome.THERE, FileOutcome.DELETED))


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file.

    Args:
        found: the file.
        outcome: what became of it.
        note: why, if it did not arrive.
        image_id: of the image that it is now.
        properties: the digest of the properties that it was sent with.
    """

    found: Found
    outcome: FileOutcome
    note: str = ''
    image_id: str = ''
    properties: str = ''
