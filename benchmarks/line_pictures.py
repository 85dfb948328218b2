"""A collection of a factory line with pictures, as if each had been uploaded."""

import hashlib
import io
import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from benchmarks.million import documents
from falcon_images.files.keys import image_key
from falcon_images.metadata.documents import Document

_TYPE = 'image/jpeg'
_PICTURES = 64
_QUALITY = 85
_SIZES = ((96, 64), (480, 320))
_JPEG_START, _JPEG_COMMENT = b'\xff\xd8', b'\xff\xfe'


def line_documents(
    images_folder: Path, collection_name: str, count: int, files: int
) -> Iterator[Document]:
    """Yield documents, of which so many, evenly spread, have a file of their own.

    The others say that they have one, but it is missing.
    """
    chance = random.Random(count)
    pictures = [*_pictures(chance)]
    for number, document in enumerate(documents(count)):
        if document['has_defect']:
            document['boxes'] = [_box(chance)]
        if (number + 1) * files // count > number * files // count:
            picture, width, height = pictures[number % _PICTURES]
            content = _with_comment(picture, str(document['image']))
            key = image_key(collection_name, str(document['_id']), _TYPE)
            _write(images_folder / key, content)
            document['_file'] |= {
                'size': len(content),
                'sha256': hashlib.sha256(content).hexdigest(),
                'width': width,
                'height': height,
            }
        yield document


def _pictures(chance: random.Random) -> Iterator[tuple[bytes, int, int]]:
    """Yield pictures of noise, of 5 to 60 kB, with their width and height."""
    (least_width, least_height), (most_width, most_height) = _SIZES
    for number in range(_PICTURES):
        share = number / (_PICTURES - 1)
        width = round(least_width + share * (most_width - least_width))
        height = round(least_height + share * (most_height - least_height))
        file = io.BytesIO()
        noise = Image.effect_noise((width, height), 20 + chance.random())
        noise.convert('RGB').save(file, 'JPEG', quality=_QUALITY)
        yield file.getvalue(), width, height


def _with_comment(picture: bytes, text: str) -> bytes:
    """Return the picture as bytes that no other text has."""
    comment = text.encode()
    length = (len(comment) + 2).to_bytes(2, 'big')
    return _JPEG_START + _JPEG_COMMENT + length + comment + picture[2:]


def _box(chance: random.Random) -> Document:
    return {
        'x': chance.randrange(40),
        'y': chance.randrange(30),
        'w': chance.randrange(5, 40),
        'h': chance.randrange(5, 30),
        'label': chance.choice(('scratch', 'dent')),
        'score': round(chance.random(), 3),
    }


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
