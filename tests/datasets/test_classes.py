"""Classes and splits: folders that every system takes, and hashes that never move."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.datasets.classes import (
    class_folders,
    class_of_folder,
    label_of,
    split_of,
)
from falcon_images.datasets.entry_names import alike, legal_name
from falcon_images.errors import InvalidRequestError

TEXTS = st.text(st.characters(exclude_categories=['Cs']), max_size=30)


@pytest.mark.parametrize(
    ('label', 'folder'),
    [
        ('OK', 'OK'),
        ('傷あり', '傷あり'),
        ('a/b', 'a%2Fb'),
        ('a%2Fb', 'a%252Fb'),
        ('', '%'),
        ('..', '%2E%2E'),
        ('.a', '%2Ea'),
        ('a ', 'a%20'),
        ('con', '%63on'),
        ('a:b\n', 'a%3Ab%0A'),
    ],
)
def test_a_class_is_a_legal_folder(label: str, folder: str) -> None:
    assert class_folders({label}) == {label: folder}


def test_classes_that_differ_in_case_are_told_apart() -> None:
    folders = class_folders({'OK', 'ok'})
    assert folders['OK'] == 'OK'
    assert re.fullmatch('ok%~[0-9a-f]{12}', folders['ok'])


@given(st.sets(TEXTS, max_size=8))
def test_no_two_classes_share_a_folder(labels: set[str]) -> None:
    folders = class_folders(labels)
    assert set(folders) == labels
    assert len({alike(folder) for folder in folders.values()}) == len(labels)
    assert {class_of_folder(folder) for folder in folders.values()} == labels
    for label, folder in folders.items():
        assert legal_name(folder) == folder
        assert (
            '%~' in folder or unquote(folder) == label or (label, folder) == ('', '%')
        )


@pytest.mark.parametrize('folder', ['50%', 'a%20b', '%2f', '%~', 'a%~0', '%FF', 'x%~b'])
def test_a_folder_that_no_export_makes_is_its_own_class(folder: str) -> None:
    assert class_of_folder(folder) == folder


@pytest.mark.parametrize(
    ('value', 'label'),
    [('OK', 'OK'), (True, 'true'), (1, '1'), (0.5, '0.5'), (None, None), ('', '')],
)
def test_a_value_is_a_class_as_text(value: Any, label: str | None) -> None:
    assert label_of({'_id': 1, 'a': {'b': value}}, 'a.b') == label


@pytest.mark.parametrize('value', [[], ['a'], {}, {'c': 1}, [{'b': 1}]])
def test_a_list_or_an_object_is_no_class(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match='is a list or an object'):
        label_of({'_id': 1, 'a': value}, 'a')


@given(TEXTS, st.lists(st.integers(0, 99), min_size=2, max_size=3))
def test_a_split_without_a_share_gets_nothing(group: str, shares: list[int]) -> None:
    if sum(shares):
        number = ('train', 'val', 'test').index(split_of(group, tuple(shares)))
        assert shares[number] > 0


@given(TEXTS, st.integers(1, 9))
def test_shares_are_of_their_sum(group: str, factor: int) -> None:
    shares = (8 * factor, factor, factor)
    assert split_of(group, shares) == split_of(group, (80, 10, 10))


def test_shares_are_kept_on_average() -> None:
    splits = [split_of(f'{number}', (80, 10, 10)) for number in range(5000)]
    assert 3850 < splits.count('train') < 4150
    assert 400 < splits.count('val') < 600


def test_no_version_splits_otherwise() -> None:
    groups = ('"W1"', '"W2"', 'time:2980000', 'a' * 64)
    splits = [split_of(group, (1, 1, 1)) for group in groups]
    assert splits == ['test', 'test', 'val', 'test']
