"""What splits promise, whatever images there are and come."""

import hashlib
import io
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.datasets.run import Request, Run
from falcon_images.datasets.training.examples import Example, Examples
from falcon_images.metadata.documents import Document
from falcon_images.query.export import SPLITS, Options
from tests.support.memory_files import MemoryFiles


class Photo(NamedTuple):
    """An image: which picture it shows, and what it belongs to (None: to nothing)."""

    picture: int
    work: int | None


FEW = st.integers(min_value=0, max_value=5)
PHOTOS = st.lists(st.builds(Photo, FEW, FEW | st.none()), max_size=20)
SHARES = st.lists(
    st.integers(min_value=0, max_value=100), min_size=2, max_size=3
).filter(any)
OPTIONS = st.builds(
    Options,
    shares=SHARES.map(tuple),
    group_by=st.sampled_from(('', 'work')),
)


def sha256(picture: int) -> str:
    return hashlib.sha256(str(picture).encode()).hexdigest()


def document(number: int, photo: Photo) -> Document:
    facts = {'size': 1, 'type': 'image/jpeg', 'sha256': sha256(photo.picture)}
    work = {} if photo.work is None else {'work': photo.work}
    # Ids grow with time, as those of MongoDB do.
    return {
        '_id': ObjectId(f'{number:024x}'),
        'image': f'{number}.jpg',
        '_file': facts,
        **work,
    }


def examples(photos: Sequence[Photo], options: Options) -> Iterator[Example]:
    documents = itertools.starmap(document, enumerate(photos))
    request = Request('c', '', options=options)
    run = Run(request, iter(documents), MemoryFiles(), io.BytesIO)
    found = Examples(run, lambda *_: ())
    for _ in found.read():
        pass
    return found.rows()


def splits(photos: Sequence[Photo], options: Options) -> dict[str, str]:
    """The split of each image that is not left out, by its id."""
    found = examples(photos, options)
    return {each.source.image_id: each.split for each in found}


@given(photos=PHOTOS, others=PHOTOS, options=OPTIONS)
def test_no_image_moves_when_others_come(
    photos: list[Photo], others: list[Photo], options: Options
) -> None:
    before = splits(photos, options)
    after = splits([*photos, *others], options)
    assert {image_id: after.get(image_id) for image_id in before} == before


@given(photos=PHOTOS, options=OPTIONS)
def test_no_group_is_in_two_splits(photos: list[Photo], options: Options) -> None:
    found = splits(photos, options)
    of_group = defaultdict(set)
    for image_id, split in found.items():
        photo = photos[int(image_id, 16)]
        is_alone = photo.work is None or not options.group_by
        group = sha256(photo.picture) if is_alone else str(photo.work)
        of_group[group].add(split)
    assert all(len(each) == 1 for each in of_group.values())


@given(photos=PHOTOS, options=OPTIONS)
def test_equal_bytes_are_never_in_two_splits(
    photos: list[Photo], options: Options
) -> None:
    of_picture = defaultdict(set)
    for each in examples(photos, options):
        of_picture[each.sha256].add(each.split)
    assert all(len(each) == 1 for each in of_picture.values())


@given(photos=PHOTOS, options=OPTIONS)
def test_of_each_picture_the_first_image_stays(
    photos: list[Photo], options: Options
) -> None:
    first: dict[int, int] = {}
    for number, photo in enumerate(photos):
        first.setdefault(photo.picture, number)
    found = splits(photos, options)
    assert {f'{number:024x}' for number in first.values()} <= set(found)


@given(photos=PHOTOS, shares=SHARES)
def test_without_groups_no_image_is_left_out(
    photos: list[Photo], shares: list[int]
) -> None:
    assert len(splits(photos, Options(shares=tuple(shares)))) == len(photos)


@given(photos=PHOTOS, shares=SHARES)
def test_a_split_without_a_share_gets_nothing(
    photos: list[Photo], shares: list[int]
) -> None:
    given_some = {name for name, share in zip(SPLITS, shares, strict=False) if share}
    assert set(splits(photos, Options(shares=tuple(shares))).values()) <= given_some


@given(photos=PHOTOS, options=OPTIONS)
def test_duplicates_are_kept_where_that_is_asked_for(
    photos: list[Photo], options: Options
) -> None:
    keeping = Options(**{**vars(options), 'keeps_duplicates': True})
    assert len(splits(photos, keeping)) == len(photos)
