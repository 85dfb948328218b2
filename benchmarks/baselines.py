"""Baselines: the barest programs that do the unavoidable part of the service's work.

One Falcon application with the paths of the service, on the same server settings, the
same database and the same disk. It checks nothing, logs nothing, and knows no errors.
Run as a program, it takes its settings from the environment as `serve.py` does.
"""

import argparse
import datetime
import functools
import hashlib
import os
import signal
import socket
from pathlib import Path
from typing import Any, BinaryIO, cast

import falcon
import orjson
import pymongo
from bson import ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo.collection import ReturnDocument
from pymongo.database import Database
from pymongo.write_concern import WriteConcern
from streaming_form_data import StreamingFormDataParser
from streaming_form_data.targets import BaseTarget, ValueTarget

from falcon_images.metadata.client import create_client
from falcon_images.server.http_server import Server, listen
from falcon_images.server.timeouts import Timeouts
from falcon_images.server.workers import Workers
from falcon_images.settings import Settings

Document = dict[str, Any]

_CHUNK_BYTES = 65536
_BATCH_DOCUMENTS = 1000
_NEWEST_FIRST = [('time', -1), ('_id', -1)]
_CODEC_OPTIONS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=datetime.UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler='replace',
)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=str)


class Root:
    """One ping, and an object of the service's size."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._database.client.admin.command('ping')
        resp.data = _dumps(
            {
                'application_name': 'Image storage microservice',
                'version': '0',
                'mongodb': {
                    'url': 'mongodb://localhost',
                    'db': self._database.name,
                    'connected': True,
                },
                'auth': {'enabled': False},
            }
        )


class Image:
    """A document: one find, or one find-and-modify."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, name: str, key: str
    ) -> None:
        resp.data = _dumps(self._database[name].find_one({'_id': ObjectId(key)}))

    def on_patch(
        self, req: falcon.Request, resp: falcon.Response, name: str, key: str
    ) -> None:
        changed = self._database[name].find_one_and_update(
            {'_id': ObjectId(key)},
            {'$set': orjson.loads(req.bounded_stream.read())},
            return_document=ReturnDocument.AFTER,
        )
        resp.data = _dumps(changed)


class ImageFile:
    """A file: one find, and the open file is handed over to the server."""

    def __init__(self, database: Database[Document], folder: Path) -> None:
        self._database = database
        self._folder = folder

    def on_get(
        self, req: falcon.Request, resp: falcon.Response, name: str, key: str
    ) -> None:
        document = self._find(name, key)
        if req.get_header('If-None-Match'):
            resp.status = falcon.HTTP_304
            return
        file = (self._folder / key).open('rb')
        resp.content_type = document['_file']['type']
        if wanted := req.range:
            file.seek(wanted[0])
            resp.data = file.read(wanted[1] - wanted[0] + 1)
            resp.status = falcon.HTTP_206
            file.close()
            return
        resp.set_stream(cast(Any, file), document['_file']['size'])

    def on_head(
        self, req: falcon.Request, resp: falcon.Response, name: str, key: str
    ) -> None:
        document = self._find(name, key)
        resp.content_type = document['_file']['type']
        resp.content_length = document['_file']['size']

    def _find(self, name: str, key: str) -> Document:
        return self._database[name].find_one({'_id': ObjectId(key)}) or {}


class Images:
    """A list: all decoded, all encoded at once. An upload: parsed, hashed, synced."""

    def __init__(
        self, database: Database[Document], folder: Path, *, durable: bool
    ) -> None:
        self._database = database
        self._folder = folder
        self._durable = durable

    def on_get(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        listed = _dumps(list(self._cursor(req, name)))
        # What the list costs without sending it: its length alone is the answer.
        resp.data = _dumps(len(listed)) if req.get_param('unsent') else listed

    def on_post(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        key = ObjectId()
        path = self._folder / f'{key}.part'
        with path.open('xb') as file:
            target = _FileTarget(file)
            properties = _parse(req, target)
            if self._durable:
                file.flush()
                os.fsync(file.fileno())
        path.replace(self._folder / str(key))
        if self._durable:
            _sync(self._folder)
        document = self._document(key, target, properties)
        self._database[name].insert_one(document)
        resp.data = _dumps(document)

    def on_delete(self, req: falcon.Request, resp: falcon.Response, name: str) -> None:
        collection = self._database[name]
        for document in collection.find({}, ['_id'], batch_size=_BATCH_DOCUMENTS):
            (self._folder / str(document['_id'])).unlink()
        collection.drop()

    def _cursor(self, req: falcon.Request, name: str) -> Any:
        verdict = req.get_param('ai_prediction')
        return self._database[name].find(
            {'ai_prediction': verdict} if verdict else {},
            sort=_NEWEST_FIRST,
            skip=req.get_param_as_int('skip', default=0),
            limit=req.get_param_as_int('limit', default=0),
            batch_size=_BATCH_DOCUMENTS,
        )

    def _document(
        self, key: ObjectId, target: '_FileTarget', properties: Document
    ) -> Document:
        return {
            '_id': key,
            'time': datetime.datetime.now(datetime.UTC),
            'image': target.multipart_filename,
            '_file': {
                'size': target.size,
                'type': 'image/jpeg',
                'sha256': target.sha256.hexdigest(),
                'width': 64,
                'height': 48,
            },
            **properties,
        }


class _FileTarget(BaseTarget):  # type: ignore[misc]
    """Writes and hashes."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.sha256 = hashlib.sha256()
        self.size = 0

    def on_data_received(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.sha256.update(chunk)
        self.size += len(chunk)


def _parse(req: falcon.Request, target: _FileTarget) -> Document:
    parser = StreamingFormDataParser({'Content-Type': req.content_type or ''})
    label = ValueTarget()
    parser.register('image', target)
    parser.register('label', label)
    while chunk := req.bounded_stream.read(_CHUNK_BYTES):
        parser.data_received(chunk)
    return {'label': label.value.decode()}


def _sync(folder: Path) -> None:
    if os.name == 'nt':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def create_baseline(
    client: pymongo.MongoClient[Document],
    database_name: str,
    folder: Path,
    *,
    durable: bool,
) -> falcon.App[falcon.Request, falcon.Response]:
    """Make the application; one that is not durable waits for no disk."""
    database = client.get_database(
        database_name,
        codec_options=_CODEC_OPTIONS,
        write_concern=WriteConcern('majority', j=True) if durable else WriteConcern(1),
    )
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    images = Images(database, folder, durable=durable)
    app.add_route('/', Root(database))
    app.add_route('/collections/{name}', images)
    app.add_route('/collections/{name}/images', images)
    app.add_route('/collections/{name}/images/{key}', Image(database))
    app.add_route('/collections/{name}/images/{key}/image', ImageFile(database, folder))
    return app


def main() -> None:
    """Serve until killed, with as many processes as the service."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--lazy', action='store_true', help='wait for no disk')
    durable = not parser.parse_args().lazy
    settings = Settings.from_env(os.environ)
    settings.uploads_directory.mkdir(parents=True, exist_ok=True)
    listener = listen(settings.app_host, 0)
    print(f'The baseline listens on port {listener.getsockname()[1]}', flush=True)
    work = functools.partial(_serve, settings, listener, durable=durable)
    if settings.workers == 1:
        work()
    else:
        Workers(settings.workers, listener, work).run()


def _serve(settings: Settings, listener: socket.socket, *, durable: bool) -> None:
    client = create_client(settings.mongodb_url, settings.query_timeout_seconds)
    folder = settings.uploads_directory
    server = Server(
        create_baseline(client, settings.mongodb_db, folder, durable=durable),
        listener,
        threads=settings.app_threads,
        max_body_bytes=settings.max_body_bytes,
        timeouts=Timeouts(
            header_seconds=settings.header_timeout_seconds,
            request_seconds=settings.request_timeout_seconds,
        ),
        is_shared=settings.workers > 1,
    )
    signal.signal(signal.SIGTERM, lambda number, frame: server.stop())
    server.run()


if __name__ == '__main__':
    main()
