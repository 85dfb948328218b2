"""Growth: the same asked of a large collection and of a small one, of one service."""

import functools
from collections.abc import Callable, Iterator

from benchmarks.fixtures import LARGE, SMALL, Fixtures, picture
from benchmarks.load import Request
from benchmarks.measuring import Scenario, Side
from benchmarks.messages import get, head, upload
from benchmarks.scenarios import (
    LIST,
    SIZES,
    Stored,
    documents,
    image_files,
    patches,
    picture_paths,
)

_CONNECTIONS = 4


def growth(fixtures: Fixtures, stored: Stored) -> Iterator[Scenario]:
    """Return all scenarios of the table of large and small."""
    kinds: dict[str, Callable[[str], tuple[Request, ...]]] = {
        'document-get': lambda name: documents(stored, name),
        'document-patch': lambda name: patches(stored, name),
        'image-10kB': lambda name: image_files(stored, name, '10kB'),
        'image-2MB': lambda name: image_files(stored, name, '2MB'),
        'image-head': lambda name: _heads(stored, name),
        'collection': lambda name: (get(f'/collections/{name}'),),
        'list-500': lambda name: (get(f'/collections/{name}/images?limit={LIST}'),),
        'list-10': lambda name: (get(f'/collections/{name}/images?limit=10'),),
    }
    for kind, requests in kinds.items():
        yield Scenario(f'growth-{kind}', sides(requests(LARGE), requests(SMALL)))
    yield Scenario(
        'growth-upload-10kB',
        sides(_upload(LARGE), _upload(SMALL)),
        after=functools.partial(_remove_uploaded, fixtures),
    )


def sides(
    large: tuple[Request, ...],
    small: tuple[Request, ...],
    connections: int = _CONNECTIONS,
) -> tuple[Side, ...]:
    """Measure the large collection beside the small one."""
    return (
        Side(LARGE, 'service', large, connections),
        Side(SMALL, 'service', small, connections),
    )


def _heads(stored: Stored, collection_name: str) -> tuple[Request, ...]:
    paths = picture_paths(stored, collection_name, '200kB')
    return tuple(head(path, SIZES['200kB']) for path in paths)


def _upload(collection_name: str) -> tuple[Request, ...]:
    path = f'/collections/{collection_name}/images'
    return (upload(path, picture(SIZES['10kB'])),)


def _remove_uploaded(fixtures: Fixtures) -> None:
    for collection_name in (LARGE, SMALL):
        fixtures.remove_uploaded(collection_name)
