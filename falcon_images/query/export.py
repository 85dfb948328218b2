"""Queries of exports: those of a list, without its pages."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.documents import Query
from falcon_images.query.lists import parse_filter
from falcon_images.query.names import EXPORT, LIMIT, OF_DATASETS, SKIP, instead
from falcon_images.query.order import parse_order
from falcon_images.query.pages import parse_fields
from falcon_images.query.parameters import (
    Params,
    check_path,
    one_text,
    whole_number,
)
from falcon_images.settings import Limits

SPLITS = ('train', 'val', 'test')
# The formats that sort images by class and split.
DATASETS = ('imagefolder', 'webdataset', 'coco', 'yolo-cls', 'ultralytics')
# Those of them that are nothing without classes.
_OF_CLASSES = ('yolo-cls',)
_SPLIT = re.compile('[0-9]{1,6}(/[0-9]{1,6}){1,2}')
_PERIOD = re.compile('time:([1-9][0-9]{0,5})([smhd])')
_SECONDS = {'s': 1, 'm': 60, 'h': 3600, 'd': 24 * 3600}


@dataclass(frozen=True)
class Options:
    """How images are sorted into folders.

    Attributes:
        label_by: the property that is the class of an image; empty for no classes.
        shares: what `train`, `val` and `test` get of all; none for no splits.
        group_by: the property whose images stay together; empty for none.
        group_seconds: images of so many seconds stay together; 0 for none.
        keeps_duplicates: pictures that several groups have are left in all of them.
    """

    label_by: str = ''
    shares: tuple[int, ...] = ()
    group_by: str = ''
    group_seconds: int = 0
    keeps_duplicates: bool = False


def parse_options(params: Params, limits: Limits, layout: str) -> Options:
    """Read how images are sorted into folders, as a layout has them."""
    texts = {name: one_text(params, (name,), limits) for name in OF_DATASETS}
    for name, text in texts.items():
        if text and layout not in DATASETS:
            raise InvalidRequestError(
                f'{name} is for format={" or ".join(DATASETS)}; {instead(name)}.'
            )
    if layout in _OF_CLASSES and not texts['label_by']:
        raise InvalidRequestError(
            f'format={layout} needs label_by, the property that is the class.'
        )
    if (texts['group_by'] or texts['duplicates']) and not texts['split']:
        raise InvalidRequestError(
            'group_by and duplicates are of use with split alone.'
        )
    if texts['label_by']:
        check_path(texts['label_by'])
    group_by, seconds = _group(texts['group_by'])
    return Options(
        label_by=texts['label_by'],
        shares=_shares(texts['split']),
        group_by=group_by,
        group_seconds=seconds,
        keeps_duplicates=_keeps(texts['duplicates']),
    )


def _shares(text: str) -> tuple[int, ...]:
    shares = tuple(map(int, text.split('/'))) if _SPLIT.fullmatch(text) else ()
    if text and not sum(shares):
        raise InvalidRequestError(
            'split must be the shares of train, val and test, such as 80/10/10 or '
            f'80/20, not {text[:40]!r}; {instead("split")}.'
        )
    return shares


def _group(text: str) -> tuple[str, int]:
    if period := _PERIOD.fullmatch(text):
        return '', int(period[1]) * _SECONDS[period[2]]
    if text.startswith('time:'):
        raise InvalidRequestError(
            f'group_by=time:10m is ten minutes; s, h and d are others: {text[:40]!r}.'
        )
    if text:
        check_path(text)
    return text, 0


def _keeps(text: str) -> bool:
    if text not in ('', 'keep'):
        raise InvalidRequestError(
            f'duplicates can be keep, not {text[:40]!r}; {instead("duplicates")}.'
        )
    return text == 'keep'


def parse_export(params: Params, limits: Limits) -> Query:
    """Read which images are exported, in what order, and what of their documents.

    Raises:
        InvalidRequestError: one of the parameters cannot be used.
    """
    if params.get('cursor'):
        raise InvalidRequestError(
            'cursor cannot be used here: an export has no pages; choose with '
            f'conditions, limit and skip. {instead("cursor").capitalize()}.'
        )
    return Query(
        filter=parse_filter(params, limits, EXPORT),
        sort=parse_order(params, limits),
        skip=whole_number(params, SKIP, limits),
        limit=whole_number(params, LIMIT, limits),
        fields=parse_fields(params, limits),
    )


def parse_layout(params: Params, limits: Limits, known: Collection[str]) -> str:
    """Read ``format``, one of those that are known; empty if it is absent."""
    text = one_text(params, ('format',), limits)
    if text not in known:
        names = ', '.join(name for name in known if name)
        raise InvalidRequestError(
            f'format must be {names}, not {text[:40]!r}; without it, the export is '
            f'an archive with everything. {instead("format").capitalize()}.'
        )
    return text
