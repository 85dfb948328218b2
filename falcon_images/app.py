"""The application put together: all its objects are made here, and its routes."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import falcon
import falcon.media
from falcon.routing import DefaultRouter

from falcon_images.changes.bulk import BulkChanges
from falcon_images.changes.history import ChangeHistory
from falcon_images.changes.revert import Reverts
from falcon_images.files.opening import open_folder
from falcon_images.formats import json as json_text
from falcon_images.formats.list_spool import ListSpool
from falcon_images.maintenance.reconciler import Reconciler
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.client import create_client
from falcon_images.metadata.drops import Drops
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.metadata.turns import Turns
from falcon_images.middleware.admission import Admission
from falcon_images.middleware.auth import AuthMiddleware
from falcon_images.middleware.bodies import BodyLimits
from falcon_images.middleware.budget import BudgetMiddleware
from falcon_images.middleware.identification import Identification
from falcon_images.middleware.request_log import RequestLog
from falcon_images.middleware.request_metrics import RequestMetrics
from falcon_images.resources.changes import Change, ChangeOfAll, Changes, Finish, Revert
from falcon_images.resources.collections import Collection, Collections
from falcon_images.resources.errors import add_error_handlers
from falcon_images.resources.fields import Fields
from falcon_images.resources.health import Live, Ready
from falcon_images.resources.image import Image
from falcon_images.resources.image_file import ImageFile
from falcon_images.resources.images import Images
from falcon_images.resources.metrics import MetricsPage
from falcon_images.resources.neighbors import Neighbors
from falcon_images.resources.openapi import OpenApi
from falcon_images.resources.root import Root, public_url
from falcon_images.resources.static_files import StaticFiles
from falcon_images.resources.taken_bodies import taken_bodies
from falcon_images.resources.thumbnails import ImageThumbnail
from falcon_images.server.budget import Budget
from falcon_images.server.verdict import Admit
from falcon_images.settings import Settings
from falcon_images.store.additions import Additions
from falcon_images.store.collections import CollectionStore
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.fields import ImageFields
from falcon_images.store.health import StoreHealth
from falcon_images.store.identity import IdentityError, StoreIdentity
from falcon_images.store.image_files import StoredFiles
from falcon_images.store.images import ImageStore
from falcon_images.store.lists import ImageLists
from falcon_images.store.opening import end_process
from falcon_images.store.removal import FileRemoval
from falcon_images.store.unresolved import WriteResolver
from falcon_images.telemetry import log_lines
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics
from falcon_images.thumbnails.service import DrawingLimits, ThumbnailService
from falcon_images.uploads.receiver import UploadReceiver

_EXPOSED_HEADERS = (
    *('Content-Disposition', 'ETag', 'Link', 'Location'),
    *('X-Thumbnail', 'X-Total-Count'),
)
_PACKAGE = Path(__file__).parent
_IMAGES = ('images', 'documents', 'items')
_LIVE = '/health/live'


class App(falcon.App[falcon.Request, falcon.Response]):
    """The application, and what it says of requests before their bodies are there."""

    admit: Admit


class Parts:
    """What is below the routes: each object once, after those that it needs.

    Args:
        stack: ends them again; they belong to the process that makes them.
        on_foreign: is called, by a thread, when the database answers and the uploads
            folder is not of its store.
    """

    def __init__(
        self,
        settings: Settings,
        budget: Budget,
        stack: contextlib.ExitStack,
        on_foreign: Callable[[IdentityError], None] = end_process,
    ) -> None:
        self.budget = budget
        self.folder = open_folder(settings.uploads_directory)
        self.files = self.folder.images
        stack.callback(self.folder.close)
        self.metrics = Metrics()
        self.background = Background(log_lines.flush)
        stack.callback(self.background.stop)
        self.client = stack.enter_context(
            create_client(settings.mongodb_url, settings.query_timeout_seconds)
        )
        self.mongo = MongoDatabase(
            self.client,
            settings.mongodb_db,
            settings.query_timeout_seconds,
            self.metrics.count_operation,
        )
        self.identity = StoreIdentity(
            self.folder.mark, StoreIds(self.mongo), self.mongo.name
        )
        self.indexes = Indexes(self.mongo)
        self.documents = ImageDocuments(self.mongo, self.indexes)
        self.lists = Lists(self.mongo)
        self.turns = Turns(self.mongo)
        self.drops = Drops(self.mongo, self.indexes)
        self.bulk = BulkDocuments(self.mongo)
        self.changes = ChangeRecords(self.mongo)
        self.pending_ids = PendingIds(self.mongo)
        self.before_images = BeforeImages(self.mongo)
        self.deletions = Deletions(self.mongo, self.changes, self.before_images)
        self.removal = FileRemoval(
            files=self.files,
            unresolved=self.folder.unresolved,
            thumbnails=self.folder.thumbnails,
            database_name=self.mongo.name,
            documents=self.documents,
            before_images=self.before_images,
        )
        self.resolver = WriteResolver(
            self.folder.unresolved,
            self.removal,
            self.mongo.name,
            self.documents,
            self.before_images,
        )
        self.expiry = ExpiredChanges(
            changes=self.changes,
            pending_ids=self.pending_ids,
            before_images=self.before_images,
            deletions=self.deletions,
            bulk=self.bulk,
            removal=self.removal,
        )
        self.additions = Additions(
            self.files, self.documents, self.indexes, self.turns, self.removal
        )
        self.store = ImageStore(
            self.documents, self.deletions, self.removal, self.additions
        )
        self.collections = CollectionStore(
            self.mongo, self.lists, self.drops, self.removal, self.expiry
        )
        self.spool = ListSpool(settings.max_spooled_bytes)
        self.image_lists = ImageLists(self.lists, self.spool)
        self.image_fields = ImageFields(
            self.lists, settings.max_facets, settings.facets_timeout_seconds
        )
        self.health = StoreHealth(self.mongo, self.files)
        self.stored_files = StoredFiles(self.files, self.documents)
        drawing = DrawingLimits(
            threads=settings.app_threads,
            processes=settings.workers,
            max_pixels=settings.max_thumbnail_pixels,
        )
        self.thumbnails = ThumbnailService(
            self.stored_files,
            files=self.files,
            spool=self.folder.spool,
            cache=self.folder.thumbnails,
            limits=drawing,
            budget=budget,
        )
        self.receiver = UploadReceiver(
            self.folder.spool, settings.max_uploads, settings.limits
        )
        self.history = ChangeHistory(self.changes, self.spool)
        self.bulk_changes = BulkChanges(
            documents=self.documents,
            lists=self.lists,
            changes=self.changes,
            pending_ids=self.pending_ids,
            before_images=self.before_images,
            deletions=self.deletions,
            bulk=self.bulk,
            kept_seconds=settings.changes_kept_seconds,
        )
        self.reverts = Reverts(
            files=self.files,
            changes=self.changes,
            pending_ids=self.pending_ids,
            before_images=self.before_images,
            bulk=self.bulk,
            bulk_changes=self.bulk_changes,
        )
        self.reconciler = Reconciler(
            folder=self.folder,
            identity=self.identity,
            on_foreign=on_foreign,
            collections=self.collections,
            expiry=self.expiry,
            resolver=self.resolver,
            indexes=self.indexes,
        )


def create_app(settings: Settings, parts: Parts) -> App:
    """Make middleware, resources and routes on top of the parts."""
    router = DefaultRouter()
    body_limits = BodyLimits(taken_bodies(settings.limits))
    auth = None
    if settings.use_authentication:
        auth = AuthMiddleware(Identification(settings.identification_url))
    middleware: tuple[Any, ...] = (
        RequestMetrics(parts.metrics, parts.background),
        RequestLog(parts.background),
        falcon.CORSMiddleware(expose_headers=_EXPOSED_HEADERS),
        auth,
        body_limits,
        BudgetMiddleware(parts.budget),
    )
    app = App(middleware=[each for each in middleware if each], router=router)
    app.req_options.strip_url_path_trailing_slash = True
    # An empty parameter is as if absent.
    app.req_options.keep_blank_qs_values = False
    json_handler = falcon.media.JSONHandler(dumps=_dumps)
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler
    add_error_handlers(app)
    _add_pages(app)
    _add_routes(app, settings, parts)
    app.admit = Admission(router, app.req_options, body_limits, auth, _LIVE)
    return app


@contextlib.contextmanager
def running_app(
    settings: Settings,
    budget: Budget | None = None,
    on_foreign: Callable[[IdentityError], None] = end_process,
) -> Iterator[App]:
    """Make the application with all that it needs, and end that again afterwards.

    It belongs to this process alone: one that is forked from it has to make its own,
    and ends nothing of it.
    """
    maker = os.getpid()
    with contextlib.ExitStack() as stack:
        budget = budget or Budget(settings.app_threads)
        parts = Parts(settings, budget, stack, on_foreign)
        parts.background.start()
        parts.reconciler.start()
        stack.callback(parts.reconciler.stop)
        try:
            yield create_app(settings, parts)
        finally:
            if os.getpid() != maker:
                stack.pop_all()


def _dumps(value: Any) -> bytes:
    return json_text.dumps(value)


def _add_pages(app: App) -> None:
    app.add_route('/openapi.json', OpenApi())
    for path, folder in (('/docs', 'api_docs'), ('/ui', 'ui')):
        files = StaticFiles(_PACKAGE / folder)
        app.add_route(path, files)
        app.add_route(f'{path}/{{name:path}}', files)


def _add_routes(app: App, settings: Settings, parts: Parts) -> None:
    limits = settings.limits
    is_private = settings.use_authentication
    url = public_url(settings.mongodb_url)
    app.add_route('/', Root(parts.health, url, settings.mongodb_db, is_private))
    app.add_route(_LIVE, Live())
    app.add_route('/health/ready', Ready(parts.health))
    app.add_route(
        '/metrics', MetricsPage(parts.metrics, parts.health, parts.background)
    )
    app.add_route('/collections', Collections(parts.collections))
    collection = '/collections/{collection_name}'
    app.add_route(collection, Collection(parts.collections))
    app.add_route(f'{collection}/fields', Fields(parts.image_fields, limits))
    app.add_route(f'{collection}/changes', Changes(parts.history, limits))
    change = f'{collection}/changes/{{change_id}}'
    app.add_route(change, Change(parts.history))
    app.add_route(f'{change}/revert', Revert(parts.reverts))
    app.add_route(f'{change}/finish', Finish(parts.reverts))
    images = Images(
        parts.store,
        parts.image_lists,
        parts.receiver,
        ChangeOfAll(parts.bulk_changes, limits),
        limits,
    )
    image = Image(parts.store, limits)
    image_file = ImageFile(parts.stored_files, is_private)
    thumbnail = ImageThumbnail(parts.stored_files, parts.thumbnails, is_private)
    neighbors = Neighbors(parts.image_lists, limits)
    for word in _IMAGES:
        app.add_route(f'{collection}/{word}', images)
        path = f'{collection}/{word}/{{image_id}}'
        app.add_route(path, image)
        app.add_route(f'{path}/info', image)
        app.add_route(f'{path}/neighbors', neighbors)
        app.add_route(f'{path}/image', image_file)
        app.add_route(f'{path}/file', image_file)
        app.add_route(f'{path}/thumbnail', thumbnail)
