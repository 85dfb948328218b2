"""Scenarios of routes that not every version has: left out with a word without them."""

from collections.abc import Callable, Iterator

import requests

from benchmarks.fixtures import LARGE, PICTURES, SMALL
from benchmarks.growth import sides
from benchmarks.load import Request
from benchmarks.measuring import LeftOut, Scenario, Side
from benchmarks.messages import get
from benchmarks.scenarios import FAR, LIST, Stored

_TIMEOUT_SECONDS = 60
_NO_ROUTE = 'this version has no such route'

# The sides of one scenario after the other, or why there are none.
Found = list[tuple[Side, ...]] | str


def newer(
    url: str, stored: Stored, is_wanted: Callable[[str], bool]
) -> Iterator[Scenario | LeftOut]:
    """Ask the service at a URL what it can do of what is wanted, and tell that."""
    for names, find in _KINDS:
        if any(is_wanted(name) for name in names):
            found = find(url, stored)
            if isinstance(found, str):
                yield from (LeftOut(name, found) for name in names)
            else:
                yield from map(Scenario, names, found)


def _conditions(url: str, stored: Stored) -> Found:
    path = '/collections/{}/images?ai_prediction={}&limit={}'
    none_such = requests.head(
        url + path.format(LARGE, 'none', LIST), timeout=_TIMEOUT_SECONDS
    )
    if none_such.headers.get('X-Total-Count') != '0':
        return 'this version has no conditions'
    large, small = ((get(path.format(name, 'NG', LIST)),) for name in (LARGE, SMALL))
    return [_with_baseline(large, large), sides(large, small)]


def _cursor(url: str, stored: Stored) -> Found:
    if stored.documents <= FAR:
        return f'the large collection has no more than {FAR:,} documents'
    path = f'/collections/{LARGE}/images?limit='
    answer = requests.get(f'{url}{path}{FAR}', timeout=_TIMEOUT_SECONDS)
    if 'next' not in answer.links:
        return 'this version has no link to the next page'
    link = answer.links['next']['url'].replace(f'limit={FAR}', f'limit={LIST}')
    far, first = (get(link),), (get(f'{path}{LIST}'),)
    pages = (
        Side('far page', 'service', far),
        Side('first page', 'service', first),
    )
    return [_with_baseline(far, first), pages]


def _fields(url: str, stored: Stored) -> Found:
    large, small = (f'/collections/{name}/fields' for name in (LARGE, SMALL))
    if not _exists(f'{url}{small}'):
        return _NO_ROUTE
    # More at once than `MAX_FACETS` would be refused.
    return [_alone((get(large),), 1), sides((get(large),), (get(small),), 1)]


def _neighbors(url: str, stored: Stored) -> Found:
    path = '/collections/{}/images/{}/neighbors'
    large, small = (
        tuple(get(path.format(name, image_id)) for image_id in stored.ids[name])
        for name in (LARGE, SMALL)
    )
    if not _exists(url + path.format(SMALL, stored.ids[SMALL][0])):
        return _NO_ROUTE
    return [_alone(large, 4), sides(large, small)]


def _thumbnails(url: str, stored: Stored) -> Found:
    path = f'/collections/{PICTURES}/images/{{}}/thumbnail'
    paths = [path.format(image_id) for image_id in stored.pictures[PICTURES, '200kB']]
    if not _exists(url + paths[0]):
        return _NO_ROUTE
    return [_alone(tuple(get(path) for path in paths), 4)]


def _exists(address: str) -> bool:
    return requests.get(address, timeout=_TIMEOUT_SECONDS).status_code != 404


def _alone(asked: tuple[Request, ...], connections: int) -> tuple[Side, ...]:
    return (Side('service', 'service', asked, connections),)


def _with_baseline(
    asked: tuple[Request, ...], of_baseline: tuple[Request, ...]
) -> tuple[Side, ...]:
    return Side('service', 'service', asked), Side('baseline', 'baseline', of_baseline)


_KINDS: tuple[tuple[tuple[str, ...], Callable[[str, Stored], Found]], ...] = (
    ((f'conditions-{LIST}', 'growth-conditions'), _conditions),
    ((f'cursor-{LIST}-after-{FAR}', 'growth-cursor'), _cursor),
    (('fields', 'growth-fields'), _fields),
    (('neighbors-4', 'growth-neighbors'), _neighbors),
    (('thumbnail-4',), _thumbnails),
)
