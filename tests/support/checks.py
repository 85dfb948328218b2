"""A check of a store: what it finds, and what it is given to find."""

import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson

from falcon_images.files.keys import image_key
from falcon_images.maintenance.check import Check
from falcon_images.maintenance.findings import Extent, Finding
from falcon_images.metadata.inventory import Inventory
from tests.support.service import Service

HOUR_SECONDS = 3600


def root(service: Service) -> Path:
    return service.settings.uploads_directory


def checker(
    service: Service, repairs: bool = False, is_deep: bool = False, grace: float = 600
) -> Check:
    client: Any = service.database.client
    inventory = Inventory(client, service.settings.mongodb_db)
    return Check(service.folder, inventory, Extent(is_deep, repairs, grace))


def check(service: Service, **extent: Any) -> list[Finding]:
    return list(checker(service, **extent).run())


def lines(findings: list[Finding]) -> list[str]:
    return sorted(f'{finding.kind} {finding.place}' for finding in findings)


def repair(service: Service) -> list[str]:
    """Repair all, and expect that it could be."""
    findings = check(service, repairs=True)
    assert all(finding.is_repaired for finding in findings), findings
    return lines(findings)


def age(path: Path) -> None:
    legacy = time.time() - HOUR_SECONDS
    # Windows cannot set the times of a link.
    follows = os.utime not in os.supports_follow_symlinks
    os.utime(path, (legacy, legacy), follow_symlinks=follows)


def file_of(service: Service, document: dict[str, Any], collection: str = 'c') -> Path:
    key = image_key(collection, document['_id'], document['_file']['type'])
    return root(service) / 'images' / key


def uploaded(service: Service, collection: str = 'c') -> tuple[dict[str, Any], Path]:
    document = service.client.upload(collection)
    path = file_of(service, document, collection)
    age(path)
    return document, path


def aside_of(service: Service, path: Path) -> Path:
    """Where a file is in quarantine, and the folder for it."""
    base = root(service)
    aside = base / 'quarantine' / path.relative_to(base / 'images')
    aside.parent.mkdir(parents=True)
    return aside


def forget(service: Service, document: dict[str, Any], collection: str = 'c') -> None:
    """Delete a document as nobody should, and its file stays."""
    service.database[collection].delete_one({'_id': bson.ObjectId(document['_id'])})


def peak_bytes(findings: Iterator[object]) -> tuple[int, int]:
    tracemalloc.start()
    count = sum(1 for _ in findings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak
