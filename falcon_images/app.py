"""The application put together: clients, stores, middleware, errors, routes."""

import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import falcon
import falcon.media
import pymongo
from falcon.routing import DefaultRouter

from falcon_images import errors
from falcon_images.changes.bulk import BulkChanges
from falcon_images.changes.revert import Reverts
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.mark import DamagedMarkError
from falcon_images.formats import json as json_text
from falcon_images.formats.list_spool import ListSpool
from falcon_images.maintenance.reconciler import Reconciler
from falcon_images.metadata.documents import Document
from falcon_images.metadata.mongo import MongoMetadata
from falcon_images.middleware.admission import Admission
from falcon_images.middleware.auth import AuthMiddleware
from falcon_images.middleware.bodies import BodyLimits
from falcon_images.middleware.budget import BudgetMiddleware
from falcon_images.middleware.identification import Identification
from falcon_images.middleware.request_log import RequestLog
from falcon_images.middleware.request_metrics import RequestMetrics
from falcon_images.resources.changes import Change, ChangeOfAll, Changes, Finish, Revert
from falcon_images.resources.collections import Collection, Collections
from falcon_images.resources.fields import Fields
from falcon_images.resources.health import Live, Ready
from falcon_images.resources.image import Image
from falcon_images.resources.image_file import ImageFile
from falcon_images.resources.images import Images
from falcon_images.resources.metrics import MetricsPage
from falcon_images.resources.neighbors import Neighbors
from falcon_images.resources.openapi import OpenApi
from falcon_images.resources.root import Root
from falcon_images.resources.static_files import StaticFiles
from falcon_images.resources.taken_bodies import taken_bodies
from falcon_images.resources.thumbnails import ImageThumbnail
from falcon_images.server.budget import Budget
from falcon_images.server.verdict import Admit
from falcon_images.settings import Settings, SettingsError
from falcon_images.store.additions import Additions
from falcon_images.store.drops import CollectionRemoval
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.identity import IdentityError, StoreIdentity
from falcon_images.store.image_files import StoredFiles
from falcon_images.store.images import ImageStore
from falcon_images.store.removal import FileRemoval
from falcon_images.telemetry import log_lines
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics
from falcon_images.thumbnails.service import ThumbnailService

_EXPOSED_HEADERS = (
    *('Content-Disposition', 'ETag', 'Link', 'Location'),
    *('X-Thumbnail', 'X-Total-Count'),
)
_PACKAGE = Path(__file__).parent
_RETRY_AFTER_SECONDS = '5'
_SERVER_SELECTION_MS = 3000
# Beyond the time that a query may take, so that the database can say so itself.
_SOCKET_MARGIN_MS = 1000
_MAX_POOL_SIZE = 100
_HEARTBEAT_MS = 2000

# What can go wrong, and what the client is told: status and title.
_ERRORS: dict[type[Exception], tuple[str, str]] = {
    errors.InvalidRequestError: (falcon.HTTP_400, 'Invalid request'),
    errors.NotFoundError: (falcon.HTTP_404, 'Not found'),
    errors.ConflictError: (falcon.HTTP_409, 'Conflict'),
    errors.PreconditionFailedError: (falcon.HTTP_412, 'Precondition failed'),
    errors.TooLargeError: (falcon.HTTP_413, 'Too large'),
    errors.NotAnImageError: (falcon.HTTP_415, 'Not an image'),
    errors.KeyReusedError: (falcon.HTTP_422, 'Key used before'),
    errors.TooBusyError: (falcon.HTTP_503, 'Too busy'),
    errors.TooManyUploadsError: (falcon.HTTP_503, 'Too many uploads'),
    errors.TooManyFacetsError: (falcon.HTTP_503, 'Too many questions'),
    errors.TooManyThumbnailsError: (falcon.HTTP_503, 'Too many thumbnails'),
    errors.DatabaseUnavailableError: (falcon.HTTP_503, 'Database unavailable'),
    errors.QueryTimeoutError: (falcon.HTTP_503, 'Query too slow'),
    errors.StorageUnavailableError: (falcon.HTTP_503, 'Storage unavailable'),
    errors.StorageFullError: (falcon.HTTP_507, 'Disk full'),
}
_DESCRIPTIONS = {
    404: 'Nothing is at this address; images are at /collections/NAME/images.',
    405: 'This method is not for this address; the header "Allow" has those that are.',
    500: 'The service failed; its log tells why. Send the request again, or report it.',
}
_IMAGES = ('images', 'documents', 'items')
_LIVE = '/health/live'

logger = logging.getLogger(__name__)


class App(falcon.App[falcon.Request, falcon.Response]):
    """The application, and what it says of requests before their bodies are there."""

    admit: Admit


def create_client(settings: Settings) -> pymongo.MongoClient[Document]:
    """Make the client of the database, which connects when it is used.

    Raises:
        SettingsError: the URL is not one of a MongoDB.
    """
    try:
        return pymongo.MongoClient(
            settings.mongodb_url,
            appname='falcon_images',
            connect=False,
            serverSelectionTimeoutMS=_SERVER_SELECTION_MS,
            connectTimeoutMS=_SERVER_SELECTION_MS,
            socketTimeoutMS=settings.query_timeout_seconds * 1000 + _SOCKET_MARGIN_MS,
            waitQueueTimeoutMS=_SERVER_SELECTION_MS,
            heartbeatFrequencyMS=_HEARTBEAT_MS,
            maxPoolSize=_MAX_POOL_SIZE,
            retryWrites=True,
        )
    except (pymongo.errors.PyMongoError, ValueError) as ex:
        # The URL may hold a password, and the error the URL.
        raise SettingsError(
            'MONGODB_URL is not the URL of a MongoDB, such as '
            'mongodb://localhost:27017.'
        ) from ex


def open_folder(settings: Settings) -> UploadsFolder:
    """Open the uploads folder; raise `SettingsError` if it cannot be written."""
    folder = UploadsFolder(settings.uploads_directory)
    try:
        folder.prepare()
    except OSError as ex:
        raise SettingsError(
            f'UPLOADS_DIRECTORY {settings.uploads_directory} cannot be written '
            f'({ex.strerror}); give the service the right to, or choose another folder.'
        ) from ex
    return folder


def removals(
    folder: UploadsFolder, metadata: MongoMetadata
) -> tuple[FileRemoval, ExpiredChanges]:
    """Make what removes files of images, and of changes that have expired."""
    parts = (folder.images, folder.unresolved, folder.thumbnails)
    removal = FileRemoval(*parts, metadata)
    return removal, ExpiredChanges(removal, metadata)


def create_store(
    folder: UploadsFolder, metadata: MongoMetadata, spool: ListSpool | None = None
) -> ImageStore:
    """Put the image store together."""
    removal, expiry = removals(folder, metadata)
    return ImageStore(
        metadata=metadata,
        unresolved=folder.unresolved,
        removal=removal,
        additions=Additions(folder.images, metadata, removal),
        collections=CollectionRemoval(removal, expiry, metadata),
        spool=spool,
    )


def compare_identity(settings: Settings) -> None:
    """Raise `SettingsError` if the database answers and the folder is another's.

    If it does not answer, they are compared later.
    """
    folder = UploadsFolder(settings.uploads_directory)
    with create_client(settings) as client:
        metadata = MongoMetadata(
            client, settings.mongodb_db, settings.query_timeout_seconds
        )
        try:
            identity(folder, metadata).agree()
        except (IdentityError, DamagedMarkError) as ex:
            raise SettingsError(str(ex)) from ex
        except (errors.DatabaseUnavailableError, errors.StorageError) as ex:
            logger.debug('Uploads folder and database are compared later: %s', ex)


def identity(folder: UploadsFolder, metadata: MongoMetadata) -> StoreIdentity:
    """Make what compares folder and database."""
    return StoreIdentity(folder.mark, metadata.store_ids, metadata.database_name)


def end_process(ex: IdentityError) -> None:
    """Log why this process may not go on, and have it end."""
    logger.critical('%s', ex)
    signal.raise_signal(signal.SIGTERM)


@contextlib.contextmanager
def running_app(
    settings: Settings,
    budget: Budget | None = None,
    on_foreign: Callable[[IdentityError], None] = end_process,
) -> Iterator[App]:
    """Make the application with all that it needs, and end that again afterwards.

    It belongs to this process alone: one that is forked from it has to make its own,
    and ends nothing of it.

    Args:
        on_foreign: is called, by a thread, when the database answers at last and the
            uploads folder is not of its store.
    """
    maker = os.getpid()
    with contextlib.ExitStack() as stack:
        folder = open_folder(settings)
        stack.callback(folder.close)
        metrics, background = Metrics(), Background(log_lines.flush)
        background.start()
        stack.callback(background.stop)
        client = stack.enter_context(create_client(settings))
        metadata = MongoMetadata(
            client,
            settings.mongodb_db,
            settings.query_timeout_seconds,
            metrics.count_operation,
        )
        lists = ListSpool(settings.max_spooled_bytes)
        store = create_store(folder, metadata, lists)
        _, expiry = removals(folder, metadata)
        reconciler = Reconciler(
            store,
            metadata,
            folder,
            expiry,
            identity=identity(folder, metadata),
            on_foreign=on_foreign,
        )
        reconciler.start()
        stack.callback(reconciler.stop)
        try:
            yield create_app(
                settings,
                metadata,
                folder,
                store,
                metrics=metrics,
                background=background,
                budget=budget,
            )
        finally:
            if os.getpid() != maker:
                stack.pop_all()


def create_app(  # noqa: PLR0913 - the last three are named where they are given
    settings: Settings,
    metadata: MongoMetadata,
    folder: UploadsFolder,
    store: ImageStore,
    *,
    metrics: Metrics | None = None,
    background: Background | None = None,
    budget: Budget | None = None,
) -> App:
    """Wire the application; `serve.py` and the tests give it its parts."""
    metrics, background = (
        metrics or Metrics(),
        background or Background(log_lines.flush),
    )
    budget = budget or Budget(settings.app_threads)
    router, limits = DefaultRouter(), BodyLimits(taken_bodies(settings))
    auth = _auth(settings)
    guards = [guard for guard in (auth, limits, BudgetMiddleware(budget)) if guard]
    app = App(middleware=[*_middleware(metrics, background), *guards], router=router)
    app.req_options.strip_url_path_trailing_slash = True
    # An empty parameter is as if absent.
    app.req_options.keep_blank_qs_values = False
    json_handler = falcon.media.JSONHandler(dumps=_dumps)
    app.resp_options.media_handlers[falcon.MEDIA_JSON] = json_handler
    for error, (status, title) in _ERRORS.items():
        app.add_error_handler(error, _error_handler(status, title))
    app.add_error_handler(Exception, _log_failure)
    app.set_error_serializer(_serialize_error)
    app.add_route('/metrics', MetricsPage(metrics, metadata, background))
    app.add_route('/openapi.json', OpenApi())
    docs = StaticFiles(_PACKAGE / 'api_docs')
    app.add_route('/docs', docs)
    app.add_route('/docs/{name:path}', docs)
    gallery = StaticFiles(_PACKAGE / 'ui')
    app.add_route('/ui', gallery)
    app.add_route('/ui/{name:path}', gallery)
    _add_routes(app, settings, metadata, folder, store, budget=budget)
    app.admit = Admission(router, app.req_options, limits, auth, _LIVE)
    return app


def _dumps(value: Any) -> bytes:
    return json_text.dumps(value)


def _middleware(metrics: Metrics, background: Background) -> list[Any]:
    return [
        RequestMetrics(metrics, background),
        RequestLog(background),
        falcon.CORSMiddleware(expose_headers=_EXPOSED_HEADERS),
    ]


def _auth(settings: Settings) -> AuthMiddleware | None:
    if not settings.use_authentication:
        return None
    return AuthMiddleware(Identification(settings.identification_url))


def _add_routes(  # noqa: PLR0913 - each is a part of the application
    app: App,
    settings: Settings,
    metadata: MongoMetadata,
    folder: UploadsFolder,
    store: ImageStore,
    *,
    budget: Budget,
) -> None:
    app.add_route('/', Root(metadata, settings))
    app.add_route(_LIVE, Live())
    app.add_route('/health/ready', Ready(metadata, folder.images))
    app.add_route('/collections', Collections(store))
    app.add_route('/collections/{collection_name}', Collection(store))
    app.add_route('/collections/{collection_name}/fields', Fields(metadata, settings))
    bulk_changes = BulkChanges(metadata, settings.changes_kept_seconds)
    changes = Changes(metadata, settings, store.spool)
    _add_change_routes(
        app, changes, Reverts(folder.images, metadata, bulk_changes), metadata
    )
    change_of_all = ChangeOfAll(bulk_changes, settings)
    images = Images(store, folder.spool, change_of_all, settings)
    image = Image(store, settings)
    stored_files = StoredFiles(folder.images, metadata)
    image_file = ImageFile(stored_files, settings)
    thumbnails = ThumbnailService(
        stored_files,
        files=folder.images,
        spool=folder.spool,
        cache=folder.thumbnails,
        settings=settings,
        budget=budget,
    )
    thumbnail = ImageThumbnail(stored_files, thumbnails, settings)
    neighbors = Neighbors(metadata, settings)
    for word in _IMAGES:
        path = f'/collections/{{collection_name}}/{word}'
        app.add_route(path, images)
        app.add_route(f'{path}/{{image_id}}', image)
        app.add_route(f'{path}/{{image_id}}/info', image)
        app.add_route(f'{path}/{{image_id}}/neighbors', neighbors)
        app.add_route(f'{path}/{{image_id}}/image', image_file)
        app.add_route(f'{path}/{{image_id}}/file', image_file)
        app.add_route(f'{path}/{{image_id}}/thumbnail', thumbnail)


def _add_change_routes(
    app: App, changes: Changes, reverts: Reverts, metadata: MongoMetadata
) -> None:
    path = '/collections/{collection_name}/changes'
    app.add_route(path, changes)
    app.add_route(f'{path}/{{change_id}}', Change(metadata))
    app.add_route(f'{path}/{{change_id}}/revert', Revert(reverts))
    app.add_route(f'{path}/{{change_id}}/finish', Finish(reverts))


def _error_handler(status: str, title: str) -> Any:
    headers = (
        {'Retry-After': _RETRY_AFTER_SECONDS} if status == falcon.HTTP_503 else None
    )

    def handle(
        req: falcon.Request,
        resp: falcon.Response,
        ex: Exception,
        params: dict[str, Any],
    ) -> None:
        raise falcon.HTTPError(
            status, title=title, description=str(ex), headers=headers
        ) from ex

    return handle


def _log_failure(
    req: falcon.Request,
    resp: falcon.Response,
    ex: Exception,
    params: dict[str, Any],
) -> None:
    # Falcon's own handler would log the query, and a token with it.
    logger.error('%s %s failed', req.method, req.context.id, exc_info=ex)
    raise falcon.HTTPInternalServerError(title='Internal server error') from ex


def _serialize_error(
    req: falcon.Request, resp: falcon.Response, ex: falcon.HTTPError
) -> None:
    resp.content_type = falcon.MEDIA_JSON
    resp.data = json_text.dumps(
        {
            'title': ex.title,
            'description': ex.description or _DESCRIPTIONS.get(ex.status_code, ''),
        }
    )
