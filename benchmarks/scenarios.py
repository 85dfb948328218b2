"""The scenarios: what is asked of the service, and of which baseline the same."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.fixtures import LARGE, PICTURES, UPLOADS, Fixtures, picture
from benchmarks.load import Request
from benchmarks.measuring import Scenario, Side
from benchmarks.messages import delete, get, head, patch, upload

SIZES = {
    '10kB': 10_000,
    '200kB': 200_000,
    '2MB': 2_000_000,
    '20MB': 20_000_000,
}
_GIGABYTE = 1_000_000_000
_CONNECTIONS = (1, 4, 16)
_RANGE = (1_000, 66_535)
_DROPPED = 5_000
FAR = 50_000
LIST = 500
_PATCHED = 199
# The program that is the service with one process, whatever is asked for.
ONE_WORKER = 'one'
_SLOW_ROUNDS = 3


@dataclass(frozen=True)
class Stored:
    """What was stored beforehand.

    Args:
        ids: ids of some documents, by collection.
        pictures: ids of pictures that have files, by collection and size.
        sha256: the digest of a picture's file, by its id.
        documents: how many are in the large collection.
    """

    ids: dict[str, list[str]]
    pictures: dict[tuple[str, str], list[str]]
    sha256: dict[str, str]
    documents: int


def scenarios(fixtures: Fixtures, stored: Stored) -> Iterator[Scenario]:
    """Return all scenarios of the table of service and baselines."""
    yield from _small_answers(stored)
    yield from _image_files(stored)
    yield from _uploads(fixtures)
    yield from _lists(stored)
    yield _drop(fixtures)


def _both(requests: tuple[Request, ...], connections: int) -> tuple[Side, ...]:
    return (
        Side('service', 'service', requests, connections),
        Side('baseline', 'baseline', requests, connections),
    )


def _small_answers(stored: Stored) -> Iterator[Scenario]:
    kinds = {
        'root': (get('/'),),
        'document-get': documents(stored, LARGE),
        'document-patch': patches(stored, LARGE),
    }
    for name, requests in kinds.items():
        for connections in _CONNECTIONS:
            yield Scenario(f'{name}-{connections}', _both(requests, connections))
        # More connections must not make it slower; the baseline tells what more clients
        # take of the machine.
        sides = [Side(str(count), 'service', requests, count) for count in (16, 4)]
        sides += [
            Side(f'baseline {count}', 'baseline', requests, count) for count in (16, 4)
        ]
        yield Scenario(f'{name}-16-beside-4', tuple(sides))


def documents(stored: Stored, collection_name: str) -> tuple[Request, ...]:
    """Ask for documents, one after the other."""
    path = f'/collections/{collection_name}/images'
    return tuple(get(f'{path}/{image_id}') for image_id in stored.ids[collection_name])


def patches(stored: Stored, collection_name: str) -> tuple[Request, ...]:
    """Change documents, each time to another value, or it would be no change."""
    # An odd number of them: clients that begin elsewhere do not meet at one document.
    ids = stored.ids[collection_name][:_PATCHED]
    path = f'/collections/{collection_name}/images'
    return tuple(
        patch(f'{path}/{ids[number % len(ids)]}', {'score': number / 1000})
        for number in range(4 * len(ids))
    )


def image_files(stored: Stored, collection_name: str, size: str) -> tuple[Request, ...]:
    """Ask for the files of pictures of one size."""
    return tuple(
        get(path, length=SIZES[size])
        for path in picture_paths(stored, collection_name, size)
    )


def picture_paths(stored: Stored, collection_name: str, size: str) -> list[str]:
    """Return where the files of pictures of one size are."""
    ids = stored.pictures[collection_name, size]
    path = f'/collections/{collection_name}/images'
    return [f'{path}/{image_id}/image' for image_id in ids]


def _image_files(stored: Stored) -> Iterator[Scenario]:
    for size in SIZES:
        for connections in _CONNECTIONS:
            requests = image_files(stored, PICTURES, size)
            yield Scenario(f'image-{size}-{connections}', _both(requests, connections))
    paths = picture_paths(stored, PICTURES, '200kB')
    first, last = _RANGE
    asked = tuple(
        get(path, last - first + 1, 206, Range=f'bytes={first}-{last}')
        for path in paths
    )
    yield Scenario('image-range-4', _both(asked, 4))
    # Both must be quicker than the document.
    document = Side('document', 'service', documents(stored, LARGE), 4)
    heads = tuple(head(path, SIZES['200kB']) for path in paths)
    yield Scenario('image-head-4', (*_both(heads, 4), document))
    unchanged = tuple(
        get(path, None, 304, If_None_Match=f'"{stored.sha256[path.split("/")[4]]}"')
        for path in paths
    )
    yield Scenario('image-304-4', (*_both(unchanged, 4), document))


def _uploads(fixtures: Fixtures) -> Iterator[Scenario]:
    path = f'/collections/{UPLOADS}/images'
    after = functools.partial(fixtures.remove_uploaded, UPLOADS)
    for name, size in SIZES.items():
        requests = (upload(path, picture(size)),)
        for connections in _CONNECTIONS:
            sides = _with_lazy(requests, connections)
            yield Scenario(f'upload-{name}-{connections}', sides, after=after)
        yield Scenario(f'upload-{name}-new', _with_lazy(requests, 4), True, after=after)
    yield Scenario(
        'upload-1GB',
        _both((upload(path, picture(_GIGABYTE)),), 1),
        after=after,
        once=True,
        max_rounds=_SLOW_ROUNDS,
    )


def _with_lazy(requests: tuple[Request, ...], connections: int) -> tuple[Side, ...]:
    lazy = Side('not durable', 'lazy', requests, connections)
    return (*_both(requests, connections), lazy)


def _lists(stored: Stored) -> Iterator[Scenario]:
    path = f'/collections/{LARGE}/images'
    yield Scenario('list-500', _listed(f'{path}?limit={LIST}'))
    if stored.documents > FAR:
        far = f'{path}?limit={LIST}&skip={FAR}'
        yield Scenario(f'list-500-after-{FAR}', _listed(far))
    yield Scenario('list-all', _listed(path), max_rounds=_SLOW_ROUNDS)


def _listed(path: str) -> tuple[Side, ...]:
    unsent = f'{path}{"&" if "?" in path else "?"}unsent=1'
    return (*_both((get(path),), 1), Side('in process', 'baseline', (get(unsent),)))


def workers(stored: Stored) -> Iterator[Scenario]:
    """Return the scenarios that compare several processes with one."""
    kinds = {
        'document-get': documents(stored, LARGE),
        'document-patch': patches(stored, LARGE),
    }
    for name, requests in kinds.items():
        sides = (
            Side('workers', 'service', requests, 16),
            Side('one worker', ONE_WORKER, requests, 16),
        )
        yield Scenario(f'workers-{name}-16', sides)


def _drop(fixtures: Fixtures) -> Scenario:
    def fill(side: Side) -> None:
        fixtures.fill_for_drop(side.label, _DROPPED, side.program)

    sides = (
        Side('service', 'service', (delete('/collections/service'),)),
        Side('baseline', 'baseline', (delete('/collections/baseline'),)),
    )
    return Scenario(
        f'drop-{_DROPPED}', sides, before=fill, once=True, max_rounds=_SLOW_ROUNDS
    )
