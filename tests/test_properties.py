from typing import Any

import pytest

from falcon_images.errors import InvalidRequestError
from falcon_images.properties import (
    check_properties,
    check_update,
    merge_patch,
    refuse_system_fields,
    without_system_fields,
)


@pytest.mark.parametrize(
    'properties',
    [
        {'': 1},
        {'$set': 1},
        {'a\0b': 1},
        {'a.b': 1},
        {'a': {'$b': 1}},
        {'a': [{'': 1}]},
        {'a': [[{'b.c': 1}]]},
    ],
)
def test_names_that_cannot_be_stored_are_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match='property'):
        check_properties(properties)


@pytest.mark.parametrize('path', ['', 'a.', '.a', 'a..b', '$a', 'a.$b', 'a.\0'])
def test_paths_that_lead_nowhere_are_refused(path: str) -> None:
    with pytest.raises(InvalidRequestError, match='property'):
        check_update({path: 1})


def test_other_names_are_fine() -> None:
    check_properties({'a b': 1, '日本': {'ü$': [None]}, 'a$': 2})
    check_update({'a.b.0': 1})


@pytest.mark.parametrize('name', ['_id', 'time', 'image', '_file'])
def test_a_system_field_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidRequestError, match=repr(name)):
        refuse_system_fields({'a': 1, name: 2})


def test_system_fields_are_left_out() -> None:
    given = {'_id': 1, 'time': 2, 'image': 3, '_file': 4, '_file.size': 5, 'images': 6}
    assert without_system_fields(given) == {'images': 6}


# RFC 7396, appendix A, as far as a document is an object.
@pytest.mark.parametrize(
    ('target', 'patch', 'result'),
    [
        ({'a': 'b'}, {'a': 'c'}, {'a': 'c'}),
        ({'a': 'b'}, {'b': 'c'}, {'a': 'b', 'b': 'c'}),
        ({'a': 'b'}, {'a': None}, {}),
        ({'a': 'b', 'b': 'c'}, {'a': None}, {'b': 'c'}),
        ({'a': ['b']}, {'a': 'c'}, {'a': 'c'}),
        ({'a': 'c'}, {'a': ['b']}, {'a': ['b']}),
        (
            {'a': {'b': 'c'}},
            {'a': {'b': 'd', 'c': None}},
            {'a': {'b': 'd'}},
        ),
        ({'a': [{'b': 'c'}]}, {'a': [1]}, {'a': [1]}),
        (['a', 'b'], ['c', 'd'], ['c', 'd']),
        ({'a': 'b'}, ['c'], ['c']),
        ({'a': 'foo'}, None, None),
        ({'e': None}, {'a': 1}, {'e': None, 'a': 1}),
        ([1, 2], {'a': 'b', 'c': None}, {'a': 'b'}),
        ({}, {'a': {'bb': {'ccc': None}}}, {'a': {'bb': {}}}),
    ],
)
def test_merge_patch_does_as_the_rfc_says(
    target: object, patch: object, result: object
) -> None:
    assert merge_patch(target, patch) == result
