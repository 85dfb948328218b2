"""The application put together: all its objects are made here, and its routes."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import falcon
import falcon.media
from falcon.routing import DefaultRouter

from falcon_images.formats import json as json_text
from falcon_images.image_types.internals import set_limits
from falcon_images.middleware.admission import Admission
from falcon_images.middleware.auth import AuthMiddleware
from falcon_images.middleware.bodies import BodyLimits
from falcon_images.middleware.budget import BudgetMiddleware
from falcon_images.middleware.cors import OpenAnswers
from falcon_images.middleware.identification import Identification
from falcon_images.middleware.request_log import RequestLog
from falcon_images.middleware.request_metrics import RequestMetrics
from falcon_images.parts import ServiceParts
from falcon_images.resources.changes import Change, ChangeOfAll, Changes, Finish, Revert
from falcon_images.resources.claims import Claims, HeldClaim
from falcon_images.resources.collections import Collection, Collections
from falcon_images.resources.errors import add_error_handlers
from falcon_images.resources.export import Export
from falcon_images.resources.fields import Fields
from falcon_images.resources.health import Live, Ready
from falcon_images.resources.histogram import Histogram
from falcon_images.resources.image import Image
from falcon_images.resources.image_file import ImageFile
from falcon_images.resources.image_query import ImageQuery
from falcon_images.resources.images import Images
from falcon_images.resources.import_ import Import
from falcon_images.resources.joined_page import joined_page
from falcon_images.resources.many_uploads import ManyUploads
from falcon_images.resources.metrics import MetricsPage
from falcon_images.resources.neighbors import Neighbors
from falcon_images.resources.openapi import OpenApi
from falcon_images.resources.relabel import Relabel
from falcon_images.resources.root import Root, public_url
from falcon_images.resources.snapshots import Snapshot, Snapshots
from falcon_images.resources.static_files import StaticFiles
from falcon_images.resources.taken_bodies import taken_bodies
from falcon_images.resources.thumbnails import ImageThumbnail
from falcon_images.server.budget import Budget
from falcon_images.server.verdict import Admit
from falcon_images.settings import Settings
from falcon_images.store.identity import IdentityError
from falcon_images.store.opening import end_process
from falcon_images.telemetry.metrics import count_without_times
from falcon_images.telemetry.processes import share_as_told
from falcon_images.uploads.internals import remember_headers

_EXPOSED_HEADERS = (
    *('Content-Disposition', 'ETag', 'Link', 'Location'),
    *('X-Change', 'X-Ignored-Parameters', 'X-Next-Cursor', 'X-Thumbnail'),
    *('X-Total-Count', 'X-Total-Count-At-Least'),
)
_PACKAGE = Path(__file__).parent
_IMAGES = ('images', 'documents', 'items')
_LIVE = '/health/live'


class App(falcon.App[falcon.Request, falcon.Response]):
    """The application, and what a server asks of it before a request is whole.

    `admit` says what becomes of a request, `open_file` where a large body waits.
    """

    admit: Admit
    open_file: Callable[[], BinaryIO]


def create_app(settings: Settings, parts: ServiceParts) -> App:
    """Make middleware, resources and routes on top of the parts."""
    router = DefaultRouter()
    body_limits = BodyLimits(taken_bodies(settings.limits))
    auth = None
    if settings.use_authentication:
        identification = Identification(
            settings.identification_url, settings.identification_name
        )
        auth = AuthMiddleware(identification)
    middleware: tuple[Any, ...] = (
        RequestMetrics(parts.metrics, parts.background),
        RequestLog(parts.background),
        OpenAnswers(_EXPOSED_HEADERS),
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
    app.open_file = parts.folder.spool.open_unnamed
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
        budget = budget or Budget(settings.app_threads, settings.max_exports)
        parts = ServiceParts(settings, budget, stack, on_foreign)
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
    ui = _PACKAGE / 'ui'
    joined = joined_page(ui)
    docs = StaticFiles(_PACKAGE / 'api_docs')
    gallery = StaticFiles(ui, joined.files, joined.version)
    for path, files in (('/docs', docs), ('/ui', gallery)):
        app.add_route(path, files)
        app.add_route(f'{path}/{{name:path}}', files)


def _add_routes(app: App, settings: Settings, parts: ServiceParts) -> None:
    limits = settings.limits
    is_private = settings.use_authentication
    url = public_url(settings.mongodb_url)
    root = Root(parts.health, url, settings.mongodb_db, is_private, settings.login_url)
    app.add_route('/', root)
    app.add_route(_LIVE, Live())
    app.add_route('/health/ready', Ready(parts.health))
    app.add_route(
        '/metrics', MetricsPage(parts.metrics, parts.health, parts.background)
    )
    app.add_route(
        '/collections', Collections(parts.collections, parts.cards, parts.budget)
    )
    collection = '/collections/{collection_name}'
    app.add_route(collection, Collection(parts.collections, parts.cards, limits))
    app.add_route(f'{collection}/fields', Fields(parts.image_fields, limits))
    histogram = Histogram(parts.image_fields, limits)
    app.add_route(f'{collection}/histogram', histogram)
    export = Export(parts.exports, parts.snapshot_exports, limits)
    app.add_route(f'{collection}/export', export)
    snapshots = f'{collection}/snapshots'
    app.add_route(snapshots, Snapshots(parts.snapshots, limits))
    app.add_route(f'{snapshots}/{{snapshot_name}}', Snapshot(parts.snapshots))
    app.add_route(f'{collection}/changes', Changes(parts.history, limits))
    change = f'{collection}/changes/{{change_id}}'
    app.add_route(change, Change(parts.history))
    app.add_route(f'{change}/revert', Revert(parts.reverts))
    app.add_route(f'{change}/finish', Finish(parts.reverts))
    claims = f'{collection}/claims'
    app.add_route(claims, Claims(parts.claims, limits))
    app.add_route(f'{claims}/{{claim_id}}', HeldClaim(parts.claims, limits))
    app.add_route(f'{collection}/import', Import(parts.imports, limits))
    app.add_route(f'{collection}/relabel', Relabel(parts.relabels, limits))
    images = Images(
        parts.store,
        parts.image_lists,
        parts.receiver,
        ManyUploads(parts.store, parts.receiver),
        ChangeOfAll(parts.bulk_changes, limits),
        limits,
    )
    image = Image(parts.store, parts.edits, limits)
    image_file = ImageFile(parts.stored_files, is_private)
    thumbnail = ImageThumbnail(parts.stored_files, parts.thumbnails, is_private)
    neighbors = Neighbors(parts.image_lists, limits)
    image_query = ImageQuery(parts.image_lists, limits)
    for word in _IMAGES:
        app.add_route(f'{collection}/{word}', images)
        app.add_route(f'{collection}/{word}/query', image_query)
        path = f'{collection}/{word}/{{image_id}}'
        app.add_route(path, image)
        app.add_route(f'{path}/info', image)
        app.add_route(f'{path}/neighbors', neighbors)
        app.add_route(f'{path}/image', image_file)
        app.add_route(f'{path}/file', image_file)
        app.add_route(f'{path}/thumbnail', thumbnail)


def set_up_libraries() -> None:
    """Make libraries work as this service needs them.

    Each program calls it once, at its start: so that whoever only imports a module of
    this package finds its libraries unchanged. The process that draws thumbnails has
    Pillow alone, and so calls `set_limits` alone: it must start fast.
    """
    set_limits()
    count_without_times()
    share_as_told()
    remember_headers()
