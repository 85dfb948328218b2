"""What a file is found to be, without where it ends."""

from dataclasses import replace
from typing import BinaryIO

from falcon_images.image_types.identify import ImageFacts, identify


def type_and_size(file: BinaryIO) -> ImageFacts:
    return replace(identify(file), whole=None)
