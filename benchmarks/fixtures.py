"""Fixtures: what is in the database and on disk before anything is measured."""

import contextlib
import datetime
import functools
import io
import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import requests
from bson import ObjectId
from PIL import Image
from pymongo.database import Database

from falcon_images.files.keys import image_key
from falcon_images.metadata.indexes import INDEXES

Document = dict[str, Any]

SMALL, LARGE, PICTURES, UPLOADS = 'small', 'large', 'pictures', 'uploads'
SMALL_DOCUMENTS = 1000
# The property that marks what is removed again, and the value that it has.
LABEL = 'label'
UPLOADED = 'uploaded'
_BATCH_DOCUMENTS = 10_000
_BLOCK_BYTES = 1024**2
_TIMEOUT_SECONDS = 60
_START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

Parts = tuple[tuple[bytes, int], ...]


@functools.cache
def picture(size: int) -> Parts:
    """Make a JPEG of so many bytes: a small picture, then noise, as parts to repeat."""
    file = io.BytesIO()
    Image.effect_noise((64, 48), 64).save(file, 'JPEG')
    begin, noise = file.getvalue(), random.Random(size).randbytes(_BLOCK_BYTES)
    times, rest = divmod(size - len(begin), _BLOCK_BYTES)
    beginning = (begin + noise[:rest], 1)
    return (beginning, (noise, times)) if times else (beginning,)


class Fixtures:
    """A database and the folders of the service and of the baseline, filled."""

    def __init__(self, url: str, database_name: str, folder: Path) -> None:
        self._client = pymongo.MongoClient[Document](url)
        self.database: Database[Document] = self._client[database_name]
        self._service_images = folder / 'service' / 'images'
        self._baseline_files = folder / 'baseline'
        self._baseline_files.mkdir()

    def close(self) -> None:
        """Close the connection to the database."""
        self._client.close()

    def fill(self, collection_name: str, count: int) -> list[str]:
        """Insert documents as the service stores them; return the ids of some."""
        collection = self.database[collection_name]
        documents = _documents(count)
        while batch := list(itertools.islice(documents, _BATCH_DOCUMENTS)):
            collection.insert_many(batch, ordered=False)
        collection.create_indexes(list(INDEXES))
        some = collection.aggregate([{'$sample': {'size': 200}}])
        return [str(document['_id']) for document in some]

    def upload(self, url: str, collection_name: str, size: int) -> str:
        """Upload a picture, and link it for the baseline; return its id."""
        content = b''.join(part * times for part, times in picture(size))
        answer = requests.post(
            f'{url}/collections/{collection_name}/images',
            files={'image': ('picture.jpg', content)},
            timeout=_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        image_id = str(answer.json()['_id'])
        path = self._service_images / image_key(collection_name, image_id, 'image/jpeg')
        os.link(path, self._baseline_files / image_id)
        return image_id

    def sha256(self, collection_name: str, image_id: str) -> str:
        """Return the digest of a file."""
        found = self.database[collection_name].find_one({'_id': ObjectId(image_id)})
        return str((found or {})['_file']['sha256'])

    def fill_for_drop(self, collection_name: str, count: int, program: str) -> None:
        """Make a collection whose images have small files, for one of the programs."""
        self.fill(collection_name, count)
        for document in self.database[collection_name].find({}, ['_id']):
            path = self._path(program, collection_name, str(document['_id']))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b'a picture')

    def remove_uploaded(self, collection_name: str) -> None:
        """Remove what was uploaded to be measured, files and documents."""
        collection = self.database[collection_name]
        for document in collection.find({LABEL: UPLOADED}, ['_id']):
            for program in ('service', 'baseline'):
                path = self._path(program, collection_name, str(document['_id']))
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
        collection.delete_many({LABEL: UPLOADED})

    def _path(self, program: str, collection_name: str, image_id: str) -> Path:
        if program == 'service':
            key = image_key(collection_name, image_id, 'image/jpeg')
            return self._service_images / key
        return self._baseline_files / image_id


def _documents(count: int) -> Iterator[Document]:
    chance = random.Random(count)
    for number in range(count):
        yield {
            '_id': ObjectId(),
            'time': _START + datetime.timedelta(seconds=number),
            'image': f'line_3_{number:07}.jpg',
            '_file': {
                'size': 48_213,
                'type': 'image/jpeg',
                'sha256': chance.randbytes(32).hex(),
                'width': 640,
                'height': 480,
            },
            'ai_prediction': chance.choice(('OK', 'OK', 'OK', 'NG')),
            'score': round(chance.random(), 4),
            'camera': {'name': f'camera {number % 4}', 'gain': number % 8},
        }
