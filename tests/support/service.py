"""An application on a real database for tests, and a client that asks it."""

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import falcon.testing
import pymongo

from falcon_images.app import App, create_app
from falcon_images.files.folder import UploadsFolder
from falcon_images.parts import ServiceParts
from falcon_images.server.budget import Budget
from falcon_images.settings import Settings
from falcon_images.store.images import ImageStore
from tests.support.pictures import jpeg
from tests.support.served import Nursery, Passage


@dataclass
class Form:
    """A multipart form: its body and its content type."""

    body: bytes
    content_type: str


def form(
    *parts: tuple[str, str | bytes] | tuple[str, str | bytes, str], end: bytes = b'--'
) -> Form:
    """Write a form of parts (name, value) or (name, value, file name)."""
    body = b''
    for name, value, *file_name in parts:
        given = f'; filename="{file_name[0]}"' if file_name else ''
        header = f'Content-Disposition: form-data; name="{name}"{given}'
        content = value.encode() if isinstance(value, str) else value
        body += b'--limit\r\n' + header.encode() + b'\r\n\r\n' + content + b'\r\n'
    return Form(
        body + b'--limit' + end + b'\r\n', 'multipart/form-data; boundary=limit'
    )


class Client(falcon.testing.TestClient):
    """A client that knows how to upload."""

    def post_form(
        self, collection_name: str, sent: Form, **kwargs: Any
    ) -> falcon.testing.Result:
        return self.simulate_post(
            f'/collections/{collection_name}/images',
            body=sent.body,
            content_type=sent.content_type,
            **kwargs,
        )

    def upload(
        self, collection_name: str = 'c', image: bytes | None = None, **fields: str
    ) -> dict[str, Any]:
        """Upload an image and return its document."""
        image_part = ('image', jpeg() if image is None else image, 'a.jpg')
        response = self.post_form(collection_name, form(*fields.items(), image_part))
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json
        return document


@dataclass
class Service:
    """An application on a real database, with its parts at hand."""

    settings: Settings
    client: Client
    database: pymongo.database.Database[dict[str, Any]]
    parts: ServiceParts
    app: App

    @property
    def folder(self) -> UploadsFolder:
        return self.parts.folder

    @property
    def store(self) -> ImageStore:
        return self.parts.store

    def stored_files(self) -> list[Path]:
        """All files of images, and those that are not whole yet."""
        root = self.settings.uploads_directory
        found = [*(root / 'images').rglob('*'), *(root / 'incoming').rglob('*.part')]
        return sorted(path for path in found if path.is_file())


class running:  # noqa: N801 - used as a function
    """A service for settings, and the end of it.

    With ``--workers``, requests go to processes of its own, on the same data.
    """

    nursery: ClassVar[Nursery | None] = None

    def __init__(
        self, settings: Settings, budget: Budget | None = None, **changes: Any
    ) -> None:
        self._settings = replace(settings, **changes)
        self._budget = budget

    def __enter__(self) -> Service:
        settings = self._settings
        budget = self._budget or Budget(settings.app_threads)
        self._stack = contextlib.ExitStack()
        parts = ServiceParts(settings, budget, self._stack)
        self._mongo = parts.client
        app = create_app(settings, parts)
        database = self._mongo[settings.mongodb_db]
        client = Client(self._started(settings) or app)
        return Service(settings, client, database, parts, app)

    def _started(self, settings: Settings) -> Any:
        self._pid = None
        if self.nursery is None:
            return None
        workers = int(os.environ['APP_WORKERS'])
        self._pid, port = self.nursery.start(replace(settings, app_workers=workers))
        return Passage(port)

    def __exit__(self, *_: object) -> None:
        if self.nursery and self._pid:
            self.nursery.stop(self._pid)
        with contextlib.suppress(pymongo.errors.AutoReconnect):
            self._mongo.drop_database(self._settings.mongodb_db)
        self._stack.close()
