"""What a reconciler finds: calls that fail, times that are over; and its run."""

import datetime
from typing import Any

from falcon_images.maintenance.capacity import PrivateCapacity
from falcon_images.maintenance.collection_sizes import CollectionSizes
from falcon_images.maintenance.reconciler import Reconciler
from tests.support.service import Service


def failing(error: Exception) -> Any:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


def run_out_drops(service: Service) -> None:
    """Let the time be over in which a process works on a drop."""
    over = {'$set': {'until': datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)}}
    service.database['_service.drops'].update_many({}, over)


def reconciler_of(service: Service, **changes: Any) -> Reconciler:
    """Make another reconciler, of which something differs from the application's."""
    parts = service.parts
    given: dict[str, Any] = {
        'folder': parts.folder,
        'identity': parts.identity,
        'collections': parts.collections,
        'expiry': parts.expiry,
        'held_files': parts.held_files,
        'resolver': parts.resolver,
        'indexes': parts.indexes,
        'capacity': PrivateCapacity(parts.mongo, 0),
        'sizes': CollectionSizes(parts.descriptions),
    }
    return Reconciler(**given | changes)


def reconcile(service: Service, grace_seconds: float = 0) -> None:
    reconciler = reconciler_of(service, grace_seconds=grace_seconds)
    reconciler.run_once()
    reconciler.run_once()
