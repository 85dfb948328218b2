"""What tests share: a real MongoDB for the session, a service of its own for each."""

import contextlib
import os
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import falcon.testing
import pymongo
import pytest

from falcon_images.app import App, create_app, create_client, create_store, removals
from falcon_images.embedded.mongod import EmbeddedMongo
from falcon_images.files.folder import UploadsFolder
from falcon_images.formats.list_spool import ListSpool
from falcon_images.metadata.mongo import MongoMetadata
from falcon_images.server.budget import Budget
from falcon_images.settings import Settings
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.images import ImageStore
from falcon_images.telemetry.metrics import Metrics
from tests.support.pictures import jpeg
from tests.support.served import Nursery, Passage

_IN_PROCESS = frozenset(('monkeypatch', 'caplog', 'capsys'))
_NURSERY = pytest.StashKey[Nursery]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        '--workers',
        type=int,
        help='ask a real service with so many workers, where tests allow that',
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption('workers'):
        os.environ['APP_WORKERS'] = str(config.getoption('workers'))
        config.stash[_NURSERY] = running.nursery = Nursery()


def pytest_unconfigure(config: pytest.Config) -> None:
    if nursery := config.stash.get(_NURSERY, None):
        nursery.close()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """With ``--workers``, leave out what reaches no other process."""
    if config.getoption('workers'):
        left = [item for item in items if not _IN_PROCESS.isdisjoint(_fixtures(item))]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write what was captured so that it can go from one process to another."""
    report = yield
    report.sections = [
        (name, text.encode(errors='backslashreplace').decode())
        for name, text in report.sections
    ]
    return report


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, 'fixturenames', ()))


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
    folder: UploadsFolder
    metadata: MongoMetadata
    store: ImageStore
    expiry: ExpiredChanges
    app: App

    def stored_files(self) -> list[Path]:
        """All files of images, and those that are not whole yet."""
        root = self.settings.uploads_directory
        found = [*(root / 'images').rglob('*'), *(root / 'incoming').rglob('*.part')]
        return sorted(path for path in found if path.is_file())


@pytest.fixture(scope='session')
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    mongo = EmbeddedMongo(tmp_path_factory.mktemp('mongo') / 'mongodb')
    mongo.wait_until_ready()
    yield mongo.url
    mongo.stop()


@pytest.fixture
def settings(mongodb_url: str, tmp_path: Path) -> Settings:
    return Settings(
        mongodb_url=mongodb_url,
        mongodb_db=f'test_{uuid.uuid4().hex}',
        uploads_directory=tmp_path / 'uploads',
    )


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    with running(settings) as made:
        yield made


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
        metrics = Metrics()
        self._mongo = create_client(settings)
        metadata = MongoMetadata(
            self._mongo,
            settings.mongodb_db,
            settings.query_timeout_seconds,
            metrics.count_operation,
        )
        self._folder = UploadsFolder(settings.uploads_directory)
        self._folder.prepare()
        spool = ListSpool(settings.max_spooled_bytes)
        store = create_store(self._folder, metadata, spool)
        _, expiry = removals(self._folder, metadata)
        app = create_app(
            settings,
            metadata,
            self._folder,
            store,
            metrics=metrics,
            budget=self._budget,
        )
        database = self._mongo[settings.mongodb_db]
        client = Client(self._started(settings) or app)
        return Service(
            settings, client, database, self._folder, metadata, store, expiry, app
        )

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
        self._folder.close()
        with contextlib.suppress(pymongo.errors.AutoReconnect):
            self._mongo.drop_database(self._settings.mongodb_db)
        self._mongo.close()
