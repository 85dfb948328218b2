"""Fill a collection with documents of a factory line, a million or as many as wanted.

They are as the service stores them, and the same for the same seed. By default nothing
is written to disk, so the documents have no files; ``--uploads`` and ``--files`` write
some.

    python -m benchmarks.million --url mongodb://127.0.0.1:27017 --collection line
"""

import contextlib
import datetime
import hashlib
import io
import itertools
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import bson
import click
import pymongo
from PIL import Image, ImageDraw
from pymongo import errors as mongo_errors
from rich.progress import track

from falcon_images.errors import NotFoundError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.keys import image_key
from falcon_images.metadata.documents import Document
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.parts import ServiceParts
from falcon_images.server.budget import Budget
from falcon_images.settings import Settings

_FIRST_TIME = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
_BATCH_DOCUMENTS = 2000
_IMAGE_PIXELS = (96, 64)
_QUERY_TIMEOUT_SECONDS = 60
_SHARE_NG = 0.03
_SHARE_LABELLED = 0.3
_SHARE_TEXT_FRAMES = 0.01
_LABELS_NG = ('scratch', 'dent', 'dust')
_CAMERAS = ('top', 'side', 'bottom')
_GAINS = (1, 1.5, 2, 4)
_TAGS = ('night', 'trial', 'rework', 'audit')


def documents(count: int, seed: int = 0) -> Iterator[Document]:
    """Make documents one second apart, the oldest first; the same for the same seed."""
    chance = random.Random(seed)
    process = chance.randbytes(5)
    for number in range(count):
        moment = _FIRST_TIME + datetime.timedelta(seconds=number)
        seconds = int(moment.timestamp()).to_bytes(4, 'big')
        yield {
            '_id': bson.ObjectId(seconds + process + number.to_bytes(3, 'big')),
            'time': moment,
            'image': f'line{number % 4 + 1}_{number:07}.jpg',
            '_file': {
                'size': chance.randrange(40_000, 400_000),
                'type': 'image/jpeg',
                'sha256': chance.randbytes(32).hex(),
                'width': 1920,
                'height': 1080,
                'whole': True,
            },
            **_properties(number, chance),
        }


def _properties(number: int, chance: random.Random) -> Document:
    is_ng = chance.random() < _SHARE_NG
    score = chance.betavariate(2, 8) if is_ng else chance.betavariate(20, 2)
    is_text = chance.random() < _SHARE_TEXT_FRAMES
    properties: Document = {
        'ai_prediction': 'NG' if is_ng else 'OK',
        'score': round(score, 6),
        'frame': str(number) if is_text else number,
        'line': number % 4 + 1,
        'camera': {'name': chance.choice(_CAMERAS), 'gain': chance.choice(_GAINS)},
        'work': f'200J{number:07}',
        'operator': None if number % 4 else f'op{chance.randrange(40):02}',
        'has_defect': is_ng,
        'tags': chance.sample(_TAGS, chance.randrange(3)),
    }
    if chance.random() < _SHARE_LABELLED:
        properties['label'] = chance.choice(_LABELS_NG) if is_ng else 'good'
    return properties


def with_files(
    folder: UploadsFolder, collection_name: str, made: Iterable[Document]
) -> Iterator[Document]:
    """Write an image for each document, and put the facts about it there."""
    for document in made:
        content = _jpeg(str(document['image']))
        key = image_key(collection_name, str(document['_id']), 'image/jpeg')
        with folder.spool.new_file() as file:
            file.write(content)
            folder.images.save(file, key)
        width, height = _IMAGE_PIXELS
        document['_file'] |= {
            'size': len(content),
            'sha256': hashlib.sha256(content).hexdigest(),
            'width': width,
            'height': height,
            'whole': True,
        }
        yield document


def fill(mongo: MongoDatabase, collection_name: str, made: Iterable[Document]) -> int:
    """Insert documents, and make the indexes of the service; return how many.

    The indexes come last: to build them at once takes a fraction of the time.

    Raises:
        click.ClickException: the collection has such documents already.
    """
    count = 0
    documents_left = iter(made)
    while batch := list(itertools.islice(documents_left, _BATCH_DOCUMENTS)):
        try:
            mongo.database[collection_name].insert_many(batch, ordered=False)
        except mongo_errors.BulkWriteError as ex:
            raise click.ClickException(
                'The collection has these documents already; use --clear, or --seed.'
            ) from ex
        count += len(batch)
    Indexes(mongo).make(collection_name)
    return count


def _jpeg(text: str) -> bytes:
    """Draw a part with a mark that is another for each text."""
    digest = hashlib.sha256(text.encode()).digest()
    width, height = _IMAGE_PIXELS
    image = Image.new('RGB', _IMAGE_PIXELS, (90, 90, 90 + digest[0] // 4))
    x, y, radius = digest[1] % width, digest[2] % height, 4 + digest[3] % 12
    color = (digest[4], digest[5], digest[6])
    ImageDraw.Draw(image).ellipse(
        (x - radius, y - radius, x + radius, y + radius), color
    )
    saved = io.BytesIO()
    # What the text is must be in the bytes, or two parts might look the same.
    image.save(saved, 'JPEG', quality=85, comment=text)
    return saved.getvalue()


@contextlib.contextmanager
def _open_folder(root: Path) -> Iterator[UploadsFolder]:
    folder = UploadsFolder(root)
    folder.prepare()
    try:
        yield folder
    finally:
        folder.close()


@click.command()
@click.option('--url', required=True, help='The URL of the MongoDB.')
@click.option('--db', 'database_name', default='image_storage', show_default=True)
@click.option('--collection', 'collection_name', default='line', show_default=True)
@click.option(
    '--documents',
    'count',
    default=1_000_000,
    type=click.IntRange(1, 2**24 - 1),
    show_default=True,
)
@click.option('--seed', default=0, show_default=True)
@click.option(
    '--uploads', type=click.Path(path_type=Path), help='The folder for image files.'
)
@click.option(
    '--files',
    'file_count',
    default=1000,
    show_default=True,
    help='How many documents get files, with --uploads.',
)
@click.option('--clear', is_flag=True, help='Delete the collection first.')
def main(
    url: str,
    database_name: str,
    collection_name: str,
    count: int,
    seed: int,
    uploads: Path | None,
    file_count: int,
    clear: bool,
) -> None:
    """Fill a collection with documents of a factory line."""
    with contextlib.ExitStack() as stack:
        client: pymongo.MongoClient[Document] = pymongo.MongoClient(url)
        stack.enter_context(client)
        mongo = MongoDatabase(client, database_name, _QUERY_TIMEOUT_SECONDS)
        if clear and uploads:
            _clear(url, database_name, collection_name, uploads)
        elif clear:
            mongo.database.drop_collection(collection_name)
        files = stack.enter_context(_open_folder(uploads)) if uploads else None
        made = documents(count, seed)
        if files:
            first = itertools.islice(made, file_count)
            made = itertools.chain(with_files(files, collection_name, first), made)
        public_view = track(made, collection_name, count)
        started = time.monotonic()
        fill(mongo, collection_name, public_view)
    seconds = time.monotonic() - started
    click.echo(f'{count:,} documents and their indexes in {seconds:.1f} s')


def _clear(url: str, database_name: str, collection_name: str, uploads: Path) -> None:
    """Drop a collection with its files, as the service does."""
    settings = Settings(
        mongodb_url=url,
        mongodb_db=database_name,
        uploads_directory=uploads,
        query_timeout_seconds=_QUERY_TIMEOUT_SECONDS,
    )
    with contextlib.ExitStack() as stack, contextlib.suppress(NotFoundError):
        parts = ServiceParts(settings, Budget(settings.app_threads), stack)
        parts.collections.drop(collection_name)


if __name__ == '__main__':
    main()
