"""Snapshots: asked for as clients do, and ended without waiting."""

import datetime
from typing import Any

import bson
import falcon.testing

from falcon_images.maintenance.findings import Finding
from tests.support.checks import age, check
from tests.support.reconciling import reconcile
from tests.support.service import Service

SNAPSHOTS = '/collections/c/snapshots'
EXPORT = '/collections/c/export'
IMAGES = '/collections/c/images'


def make(service: Service, name: str = 's', **conditions: Any) -> falcon.testing.Result:
    """Ask for a snapshot, and return the answer."""
    body = {'name': name, 'conditions': conditions}
    return service.client.simulate_post(SNAPSHOTS, json=body)


def made(service: Service, name: str = 's', **conditions: Any) -> Any:
    """Make a snapshot, and return what is known of it."""
    answer = make(service, name, **conditions)
    assert answer.status_code == 200, answer.text
    return answer.json


def listed(service: Service) -> Any:
    return service.client.simulate_get(SNAPSHOTS).json


def end(service: Service, name: str = 's') -> falcon.testing.Result:
    return service.client.simulate_delete(f'{SNAPSHOTS}/{name}')


def ended(service: Service, name: str = 's') -> None:
    """End a snapshot, and let all go that goes with it."""
    assert end(service, name).status_code == 200
    sweep(service)


def sweep(service: Service) -> None:
    """Let the time be over that the ends of snapshots wait, and end them."""
    run_out(service)
    reconcile(service)


def run_out(service: Service) -> None:
    over = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    records = service.database['_service.snapshots']
    records.update_many({'state': 'ending'}, {'$set': {'until': over}})
    records.update_many({'lease': {'$exists': True}}, {'$set': {'lease.until': over}})


def exported(
    service: Service, query: str = '', name: str = 's', **headers: str
) -> falcon.testing.Result:
    """Export a snapshot."""
    return service.client.simulate_get(
        EXPORT, query_string=f'snapshot={name}{query}', headers=headers
    )


def delete(service: Service, *queries: str) -> None:
    """Delete images one by one: those that a list has."""
    for query in queries or ('',):
        for document in service.client.simulate_get(IMAGES, query_string=query).json:
            answer = service.client.simulate_delete(f'{IMAGES}/{document["_id"]}')
            assert answer.status_code == 200


def delete_in_bulk(service: Service) -> str:
    answer = service.client.simulate_delete(IMAGES, params={'all': 'true'})
    assert answer.status_code == 200
    return str(answer.json['change'])


def expire_changes(service: Service) -> None:
    over = {'$set': {'until': bson.ObjectId('0' * 24).generation_time}}
    service.database['_service.changes'].update_many({}, over)
    reconcile(service)


def findings(service: Service) -> list[Finding]:
    """Look at all files and every byte, however new they are."""
    for path in service.stored_files():
        age(path)
    return check(service, is_deep=True)
