"""Scenarios of routes that not every version has: left out with a word without them."""

from collections.abc import Iterator

import requests

from benchmarks.growth import sides
from benchmarks.load import Request
from benchmarks.measuring import LeftOut, Scenario, Side
from benchmarks.messages import get
from benchmarks.scenarios import FAR, LIST, Stored
from benchmarks.stock import LARGE, PICTURES, SMALL

_TIMEOUT_SECONDS = 60
_CONDITION = 'ai_prediction=NG'


def newer(url: str, stored: Stored) -> Iterator[Scenario | LeftOut]:
    """Ask the service at a URL what it can do, and tell the scenarios."""
    yield from _conditions(url)
    yield from _cursor(url, stored)
    yield from _fields(url)
    yield from _neighbors(url, stored)
    yield from _thumbnails(url, stored)


def _conditions(url: str) -> Iterator[Scenario | LeftOut]:
    path = '/collections/{}/images'
    none_such = requests.head(
        f'{url}{path.format(LARGE)}?ai_prediction=none', timeout=_TIMEOUT_SECONDS
    )
    if none_such.headers.get('X-Total-Count') != '0':
        yield LeftOut('conditions', 'this version has no conditions in lists')
        return
    path = f'{path}?{_CONDITION}&limit={LIST}'
    asked = (get(path.format(LARGE)),)
    yield Scenario('conditions-500', _with_floor(asked, asked))
    yield Scenario('growth-conditions', sides(asked, (get(path.format(SMALL)),)))


def _cursor(url: str, stored: Stored) -> Iterator[Scenario | LeftOut]:
    if stored.documents <= FAR:
        yield LeftOut('cursor', f'the large collection has not over {FAR:,} documents')
        return
    first = f'/collections/{LARGE}/images?limit={LIST}'
    far = _next(url, f'/collections/{LARGE}/images?limit={FAR}')
    if far is None:
        yield LeftOut('cursor', 'this version has no link to the next page')
        return
    page = (get(far.replace(f'limit={FAR}', f'limit={LIST}')),)
    yield Scenario(f'cursor-500-after-{FAR}', _with_floor(page, (get(first),)))
    yield Scenario('growth-cursor', _pages(page, (get(first),)))


def _pages(far: tuple[Request, ...], first: tuple[Request, ...]) -> tuple[Side, ...]:
    return Side('far page', 'service', far), Side('first page', 'service', first)


def _next(url: str, path: str) -> str | None:
    answer = requests.get(f'{url}{path}', timeout=_TIMEOUT_SECONDS)
    return answer.links.get('next', {}).get('url')


def _fields(url: str) -> Iterator[Scenario | LeftOut]:
    large, small = (f'/collections/{name}/fields' for name in (LARGE, SMALL))
    if not _exists(f'{url}{small}'):
        yield LeftOut('fields', 'this version has no such route')
        return
    yield Scenario('fields', (Side('service', 'service', (get(large),)),))
    yield Scenario('growth-fields', sides((get(large),), (get(small),)))


def _neighbors(url: str, stored: Stored) -> Iterator[Scenario | LeftOut]:
    path = '/collections/{}/images/{}/neighbors'
    large, small = (
        tuple(get(path.format(name, image_id)) for image_id in stored.ids[name])
        for name in (LARGE, SMALL)
    )
    if not _exists(url + path.format(SMALL, stored.ids[SMALL][0])):
        yield LeftOut('neighbors', 'this version has no such route')
        return
    yield Scenario('neighbors-4', (Side('service', 'service', large, 4),))
    yield Scenario('growth-neighbors', sides(large, small))


def _thumbnails(url: str, stored: Stored) -> Iterator[Scenario | LeftOut]:
    paths = [
        f'/collections/{PICTURES}/images/{image_id}/thumbnail'
        for image_id in stored.pictures[PICTURES, '200kB']
    ]
    if not _exists(url + paths[0]):
        yield LeftOut('thumbnail', 'this version has no such route')
        return
    asked = tuple(get(path) for path in paths)
    yield Scenario('thumbnail-4', (Side('service', 'service', asked, 4),))


def _exists(address: str) -> bool:
    return requests.get(address, timeout=_TIMEOUT_SECONDS).status_code != 404


def _with_floor(
    asked: tuple[Request, ...], of_floor: tuple[Request, ...]
) -> tuple[Side, ...]:
    return Side('service', 'service', asked), Side('floor', 'floor', of_floor)
