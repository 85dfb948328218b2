"""Relabelling: a sheet that was exported, edited and sent back."""

import json
from typing import Any

import pytest

from tests.support.bulk_changes import change_of, dump, left_of_changes, revert
from tests.support.relabelling import (
    RELABEL,
    done,
    dry,
    edited,
    exported,
    properties_of,
    refusal,
    relabel,
    resaved,
    table,
    text,
    workbook,
)
from tests.support.service import Service

PROPERTIES = {'label': 'OK', 'score': 0.5, 'n': 3, 'seen': True, 'a': {'b': [1, 2]}}


@pytest.fixture
def ids(service: Service) -> list[str]:
    """Three images, newest first, as exports have them."""
    made = [
        service.client.upload(json=json.dumps(PROPERTIES | {'work': f'00{number}'}))
        for number in range(3)
    ]
    return [each['_id'] for each in reversed(made)]


@pytest.mark.parametrize('kind', ['csv', 'xlsx'])
def test_what_was_exported_changes_nothing(
    service: Service, ids: list[str], kind: str
) -> None:
    before = dump(service)
    answer = done(service, exported(service, kind))
    assert answer == {
        'change': None,
        'changed': 0,
        'rows': 3,
        'matched': 0,
        'unchanged': 3,
        'columns': ['a.b', 'label', 'n', 'score', 'seen', 'work'],
        'conflicts': [],
        'conflict_count': 0,
        'warnings': [],
        'warning_count': 0,
    }
    assert dump(service) == before


def test_a_workbook_that_was_saved_again_changes_nothing(
    service: Service, ids: list[str]
) -> None:
    assert done(service, resaved(exported(service, 'xlsx')))['unchanged'] == 3


def test_an_edited_cell_changes_its_image_alone(
    service: Service, ids: list[str]
) -> None:
    answer = done(service, edited(exported(service), 'label', 'NG'))
    assert answer['changed'] == 1
    assert properties_of(service, ids[0]) == PROPERTIES | {'label': 'NG', 'work': '002'}
    assert properties_of(service, ids[1]) == PROPERTIES | {'work': '001'}


def test_a_dry_run_shows_the_differences(service: Service, ids: list[str]) -> None:
    before = dump(service)
    answer = dry(service, edited(exported(service), 'label', 'NG', 'OK', 'scratch'))
    assert answer['differences'] == [
        {
            'row': row,
            '_id': ids[row - 2],
            'changes': {'label': {'before': 'OK', 'after': after}},
        }
        for row, after in ((2, 'NG'), (4, 'scratch'))
    ]
    assert (answer['matched'], answer['unchanged']) == (2, 1)
    assert dump(service) == before
    assert left_of_changes(service) == 0


def test_a_change_is_reverted_byte_for_byte(service: Service, ids: list[str]) -> None:
    before = dump(service)
    answer = done(service, edited(exported(service), 'score', '1', '2', '3.5'))
    assert [properties_of(service, each)['score'] for each in ids] == [1.0, 2.0, 3.5]
    record = change_of(service, answer['change'])
    assert record['relabel']['file'] == 'a.csv'
    assert (record['kind'], record['matched'], record['state']) == ('update', 3, 'done')
    assert revert(service, answer['change']).json['reverted'] == 3
    assert dump(service) == before


def test_a_file_can_be_the_body(service: Service, ids: list[str]) -> None:
    body = edited(exported(service), 'label', 'NG')
    answer = service.client.simulate_post(RELABEL, body=body, content_type='text/csv')
    assert answer.json['changed'] == 1


def test_a_row_that_others_changed_is_a_conflict(
    service: Service, ids: list[str]
) -> None:
    sheet = edited(exported(service), 'label', 'NG', 'NG')
    path = f'/collections/c/images/{ids[0]}'
    service.client.simulate_patch(path, json={'note': 'mine'})
    answer = done(service, sheet)
    assert (answer['changed'], answer['conflict_count']) == (1, 1)
    assert answer['conflicts'] == [{'row': 2, '_id': ids[0]}]
    assert properties_of(service, ids[0])['label'] == 'OK'


def test_a_row_that_others_changed_alike_is_no_conflict(
    service: Service, ids: list[str]
) -> None:
    sheet = edited(exported(service), 'label', 'NG')
    path = f'/collections/c/images/{ids[0]}'
    service.client.simulate_patch(path, json={'label': 'NG'})
    assert done(service, sheet)['conflict_count'] == 0


def test_a_file_without_tags_guards_nothing(service: Service, ids: list[str]) -> None:
    service.client.simulate_patch(f'/collections/c/images/{ids[0]}', json={'n': 9})
    assert done(service, f'_id,label\r\n{ids[0]},NG\r\n')['changed'] == 1
    assert properties_of(service, ids[0])['label'] == 'NG'


def test_the_same_file_sent_again_changes_nothing(
    service: Service, ids: list[str]
) -> None:
    sheet = edited(exported(service), 'label', 'NG')
    done(service, sheet)
    again = done(service, sheet)
    assert (again['change'], again['unchanged'], again['conflicts']) == (None, 3, [])


def test_columns_of_fields_alone_carry_the_tag_of_all(
    service: Service, ids: list[str]
) -> None:
    sheet = exported(service, 'csv', 'fields=label')
    assert table(sheet)[0] == ['_id', 'label', '_tag']
    service.client.simulate_patch(f'/collections/c/images/{ids[0]}', json={'n': 9})
    assert dry(service, edited(sheet, 'label', 'NG'))['conflict_count'] == 1


def test_a_number_of_images_that_was_not_expected_is_412(
    service: Service, ids: list[str]
) -> None:
    before = dump(service)
    sheet = edited(exported(service), 'label', 'NG')
    for dry_run in ('true', 'false'):
        answer = relabel(service, sheet, expect='2', dry_run=dry_run)
        assert answer.status_code == 412
    assert dump(service) == before
    assert relabel(service, sheet, expect='1').json['changed'] == 1


def test_text_that_a_spreadsheet_made_a_number_is_told_and_left(
    service: Service, ids: list[str]
) -> None:
    sheet = edited(exported(service), 'work', '2')
    (warning,) = dry(service, sheet)['warnings']
    reason = warning.pop('reason')
    assert warning == {
        'row': 2,
        '_id': ids[0],
        'column': 'work',
        'before': '002',
        'cell': '2',
    }
    assert 'number' in reason
    assert done(service, sheet)['changed'] == 0
    assert done(service, sheet, exact='true')['changed'] == 1
    assert properties_of(service, ids[0])['work'] == '2'


def test_a_cell_left_empty_changes_nothing(service: Service, ids: list[str]) -> None:
    assert done(service, edited(exported(service), 'label', '', '', ''))['matched'] == 0


def test_system_fields_stay(service: Service, ids: list[str]) -> None:
    before = dump(service)
    for column in ('image', 'time', '_file.size', '_file.sha256'):
        answer = done(service, edited(exported(service), column, '2020-01-01'))
        assert answer['matched'] == 0
    assert dump(service) == before


def test_unknown_ids_refuse_the_whole_file(service: Service, ids: list[str]) -> None:
    before = dump(service)
    sheet = text([['_id', 'label'], [ids[0], 'NG'], ['0' * 24, 'NG']])
    assert f'row 3 ({"0" * 24})' in refusal(service, sheet)
    assert dump(service) == before
    answer = dry(service, sheet)
    assert answer['unknown'] == [{'row': 3, '_id': '0' * 24}]


def test_an_unknown_collection_is_404(service: Service) -> None:
    assert relabel(service, '_id,a\r\n').status_code == 404


def test_the_same_image_twice_is_refused(service: Service, ids: list[str]) -> None:
    sheet = text([['_id', 'label'], [ids[0], 'NG'], [ids[1], 'NG'], [ids[0], 'OK']])
    assert 'Row 4' in refusal(service, sheet)
    assert properties_of(service, ids[1])['label'] == 'OK'


@pytest.mark.parametrize(
    ('column', 'cell'),
    [('score', 'high'), ('n', '1e999'), ('seen', 'maybe'), ('a.b', '[1'), ('a.b', '1')],
)
def test_a_cell_of_another_type_refuses_the_whole_file(
    service: Service, ids: list[str], column: str, cell: str
) -> None:
    sheet = text([['_id', 'label', column], [ids[0], 'NG', ''], [ids[1], 'NG', cell]])
    said = refusal(service, sheet)
    assert said.startswith('Row 3: ')
    assert column in said
    assert properties_of(service, ids[0])['label'] == 'OK'
    assert change_count(service) == 0


def change_count(service: Service) -> int:
    return len(service.client.simulate_get('/collections/c/changes').json)


@pytest.mark.parametrize('params', [{'label': 'OK'}, {'expct': '3'}, {'exact': 'x'}])
def test_what_is_not_known_in_a_query_is_refused(
    service: Service, ids: list[str], params: dict[str, Any]
) -> None:
    assert relabel(service, exported(service), **params).status_code == 400


def test_a_workbook_sets_numbers_and_truths(service: Service, ids: list[str]) -> None:
    rows: list[list[Any]] = [
        ['_id', 'score', 'n', 'seen', 'new'],
        [ids[0], 2, 4.0, False, 7],
    ]
    assert done(service, workbook(rows))['changed'] == 1
    found = properties_of(service, ids[0])
    assert [found[name] for name in ('score', 'n', 'seen', 'new')] == [2.0, 4, False, 7]


def test_no_more_than_two_are_worked_on(service: Service, ids: list[str]) -> None:
    places = service.parts.relabels.places
    with places.taken(), places.taken():
        assert relabel(service, exported(service)).status_code == 503
