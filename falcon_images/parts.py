"""What is below the routes: every object is made here, in one list."""

import contextlib
from collections.abc import Callable

from falcon_images.changes.bulk import BulkChanges
from falcon_images.changes.edits import Edits
from falcon_images.changes.history import ChangeHistory
from falcon_images.changes.relabel import Relabels
from falcon_images.changes.revert import Reverts
from falcon_images.datasets.export import Exports
from falcon_images.datasets.imports import Imports
from falcon_images.datasets.snapshots.making import SnapshotMaker
from falcon_images.datasets.snapshots.snapshot_exports import SnapshotExports
from falcon_images.files.opening import open_folder
from falcon_images.formats.list_spool import ListSpool
from falcon_images.maintenance.capacity import PrivateCapacity
from falcon_images.maintenance.collection_sizes import CollectionSizes
from falcon_images.maintenance.reconciler import Reconciler
from falcon_images.metadata.changes.before_images import BeforeImages
from falcon_images.metadata.changes.bulk import BulkDocuments
from falcon_images.metadata.changes.deletions import Deletions
from falcon_images.metadata.changes.edit_records import EditRecords
from falcon_images.metadata.changes.pending_ids import PendingIds
from falcon_images.metadata.changes.records import ChangeRecords
from falcon_images.metadata.claims import ClaimRecords
from falcon_images.metadata.client import create_client
from falcon_images.metadata.collections.descriptions import Descriptions
from falcon_images.metadata.collections.hidden_collections import HiddenCollections
from falcon_images.metadata.collections.tombstones import Tombstones
from falcon_images.metadata.drops import Drops
from falcon_images.metadata.images import ImageDocuments
from falcon_images.metadata.indexes import Indexes
from falcon_images.metadata.lists.lists import Lists
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.snapshots.snapshot_images import SnapshotImages
from falcon_images.metadata.snapshots.snapshot_records import SnapshotRecords
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.metadata.turns import Turns
from falcon_images.server.budget import Budget
from falcon_images.settings import Settings
from falcon_images.store.additions import Additions
from falcon_images.store.collection_cards import CollectionCards
from falcon_images.store.collections import CollectionStore
from falcon_images.store.deleted_collections import DeletedCollections
from falcon_images.store.expiry import ExpiredChanges
from falcon_images.store.fields import ImageFields
from falcon_images.store.file_removal import FileRemoval
from falcon_images.store.health import StoreHealth
from falcon_images.store.held_files import HeldFiles
from falcon_images.store.identity import IdentityError, StoreIdentity
from falcon_images.store.image_claims import ClaimStore
from falcon_images.store.image_files import StoredFiles
from falcon_images.store.images import ImageStore
from falcon_images.store.import_changes import ImportChanges
from falcon_images.store.lists import ImageLists
from falcon_images.store.opening import end_process
from falcon_images.store.restorations import Restorations
from falcon_images.store.unresolved import WriteResolver
from falcon_images.telemetry import log_lines
from falcon_images.telemetry.background import Background
from falcon_images.telemetry.metrics import Metrics
from falcon_images.thumbnails.service import DrawingLimits, ThumbnailService
from falcon_images.uploads.receiver import UploadReceiver


class ServiceParts:
    """What is below the routes: each object once, after those that it needs.

    Args:
        stack: ends them again; they belong to the process that makes them.
        on_foreign: is called, by a thread, when the database answers and the uploads
            folder is not of its store.
    """

    def __init__(  # noqa: PLR0915 - one list of all that there is
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
        self.hidden = HiddenCollections(self.mongo)
        self.tombstones = Tombstones(self.mongo)
        self.descriptions = Descriptions(self.mongo)
        self.bulk = BulkDocuments(self.mongo)
        self.changes = ChangeRecords(self.mongo)
        self.pending_ids = PendingIds(self.mongo)
        self.before_images = BeforeImages(self.mongo)
        self.deletions = Deletions(self.mongo, self.changes, self.before_images)
        self.snapshot_records = SnapshotRecords(self.mongo)
        self.snapshot_images = SnapshotImages(self.mongo)
        self.removal = FileRemoval(
            files=self.files,
            unresolved=self.folder.unresolved,
            thumbnails=self.folder.thumbnails,
            database_name=self.mongo.name,
            documents=self.documents,
            before_images=self.before_images,
            snapshot_images=self.snapshot_images,
            hidden=self.hidden,
        )
        self.held_files = HeldFiles(
            records=self.snapshot_records,
            images=self.snapshot_images,
            before_images=self.before_images,
            bulk=self.bulk,
            removal=self.removal,
            recorded_exports=self.folder.recorded_exports,
        )
        self.resolver = WriteResolver(
            unresolved=self.folder.unresolved,
            removal=self.removal,
            database_name=self.mongo.name,
            documents=self.documents,
            before_images=self.before_images,
            hidden=self.hidden,
        )
        self.import_changes = ImportChanges(
            self.changes, self.before_images, self.bulk, settings.changes_kept_seconds
        )
        self.expiry = ExpiredChanges(
            changes=self.changes,
            pending_ids=self.pending_ids,
            before_images=self.before_images,
            deletions=self.deletions,
            bulk=self.bulk,
            removal=self.removal,
            import_changes=self.import_changes,
        )
        self.additions = Additions(
            self.files, self.documents, self.indexes, self.turns, self.removal
        )
        self.store = ImageStore(
            self.documents, self.deletions, self.removal, self.additions
        )
        self.claims = ClaimStore(
            self.mongo, self.lists, self.bulk, ClaimRecords(self.mongo)
        )
        self.deleted_collections = DeletedCollections(
            self.tombstones,
            self.drops,
            self.indexes,
            settings.changes_kept_seconds,
        )
        self.cards = CollectionCards(self.descriptions, self.folder)
        self.collections = CollectionStore(
            mongo=self.mongo,
            lists=self.lists,
            drops=self.drops,
            removal=self.removal,
            expiry=self.expiry,
            held_files=self.held_files,
            claims=self.claims,
            deleted=self.deleted_collections,
        )
        self.spool = ListSpool(settings.max_spooled_bytes)
        self.image_lists = ImageLists(self.lists, self.spool)
        self.exports = Exports(
            self.mongo,
            self.lists,
            self.files,
            self.folder.spool.open_unnamed,
            settings.max_exports,
        )
        self.snapshots = SnapshotMaker(
            mongo=self.mongo,
            records=self.snapshot_records,
            images=self.snapshot_images,
            bulk=self.bulk,
            held_files=self.held_files,
        )
        self.snapshot_exports = SnapshotExports(
            exports=self.exports,
            records=self.snapshot_records,
            images=self.snapshot_images,
            bulk=self.bulk,
            files=self.files,
            spool=self.folder.spool,
            recorded_exports=self.folder.recorded_exports,
        )
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
        self.restorations = Restorations(
            documents=self.documents,
            drops=self.drops,
            turns=self.turns,
            removal=self.removal,
            additions=self.additions,
            held_files=self.held_files,
        )
        self.imports = Imports(
            store=self.store,
            restorations=self.restorations,
            stored_files=self.stored_files,
            changes=self.import_changes,
            spool=self.folder.spool,
            limits=settings.limits,
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
        self.edits = Edits(
            store=self.store,
            documents=self.documents,
            records=EditRecords(self.mongo, self.changes),
            before_images=self.before_images,
            bulk=self.bulk,
            bulk_changes=self.bulk_changes,
            kept_seconds=settings.changes_kept_seconds,
        )
        self.relabels = Relabels(
            mongo=self.mongo,
            bulk=self.bulk,
            bulk_changes=self.bulk_changes,
            open_file=self.folder.spool.open_unnamed,
            limits=settings.limits,
        )
        self.reverts = Reverts(
            files=self.files,
            changes=self.changes,
            pending_ids=self.pending_ids,
            before_images=self.before_images,
            bulk=self.bulk,
            bulk_changes=self.bulk_changes,
            import_changes=self.import_changes,
            store=self.store,
            deleted_collections=self.deleted_collections,
        )
        self.reconciler = Reconciler(
            folder=self.folder,
            identity=self.identity,
            on_foreign=on_foreign,
            collections=self.collections,
            expiry=self.expiry,
            held_files=self.held_files,
            resolver=self.resolver,
            indexes=self.indexes,
            capacity=PrivateCapacity(self.mongo, settings.private_mongodb_cache_bytes),
            sizes=CollectionSizes(self.descriptions),
        )
