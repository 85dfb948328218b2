"""Numbers of images: the same in every export, for formats whose ids are numbers."""

import hashlib

from falcon_images.datasets.entry_names import Hashes

# What JSON can hold as a number in every language has 53 bits.
_DIGITS = 13


def image_number(image_id: str, taken: Hashes) -> int:
    """Return a number that is made of an image's id, and add it to those taken."""
    digest = hashlib.sha256(image_id.encode()).hexdigest()
    number = int(digest[:_DIGITS], 16) or 1
    while not taken.add(str(number)):
        number += 1
    return number
