"""Snapshots: asked for as clients do, and ended without waiting."""

import datetime
from typing import Any

import falcon.testing

from tests.support.reconciling import reconcile
from tests.support.service import Service

SNAPSHOTS = '/collections/c/snapshots'
EXPORT = '/collections/c/export'


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
