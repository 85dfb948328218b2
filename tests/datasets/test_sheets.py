"""Tables as they come: charsets, separators, workbooks, and what is refused."""

import datetime
import io
import json
import zipfile
from typing import Any

import openpyxl
import pytest

from tests.support.importing import zipped
from tests.support.relabelling import (
    done,
    dry,
    exported,
    properties_of,
    refusal,
    relabel,
    saved,
    text,
    with_shared_texts,
    workbook,
)
from tests.support.service import Service, running

COMPOUND = b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'
SHEET = 'xl/worksheets/sheet1.xml'
ENTITY = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.fixture
def image(service: Service) -> str:
    properties = {'label': 'OK', 'score': 0.5, 'work': '00123', 'n': 2, 'list': [1]}
    return str(service.client.upload(json=json.dumps(properties))['_id'])


def changed(service: Service, image: str, sheet: bytes | str, name: str) -> Any:
    assert done(service, sheet)['changed'] == 1
    return properties_of(service, image)[name]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'cp932', 'utf-16'])
@pytest.mark.parametrize('separator', [',', ';', '\t'])
def test_charsets_and_separators(
    service: Service, image: str, encoding: str, separator: str
) -> None:
    sheet = text([['_id', 'label'], [image, f'傷{separator}あり']], separator)
    found = changed(service, image, sheet.encode(encoding), 'label')
    assert found == f'傷{separator}あり'


@pytest.mark.parametrize('end', ['\n', '\r\n', '\r', '\n\n\n', '\n,\n'])
def test_ends_of_lines(service: Service, image: str, end: str) -> None:
    sheet = f'_id,label{end}{image},NG{end}'
    assert changed(service, image, sheet, 'label') == 'NG'


def test_the_line_that_says_the_separator(service: Service, image: str) -> None:
    sheet = f'sep=;\r\n_id;label\r\n{image};NG\r\n'
    assert changed(service, image, sheet, 'label') == 'NG'


def test_decimal_commas_where_semicolons_separate(service: Service, image: str) -> None:
    assert changed(service, image, f'_id;score\n{image};1,25\n', 'score') == 1.25
    assert 'Row 2' in refusal(service, f'_id\tscore\n{image}\t1,25\n')


@pytest.mark.parametrize(
    ('sheet', 'said'),
    [
        ('', 'no cell "_id"'),
        ('a,b\r\n1,2\r\n', 'no cell "_id"'),
        ('_id,a,a\r\n', "name 'a'"),
        ('_id,$a\r\n', 'Row 1'),
        ('_id,a..b\r\n', 'Row 1'),
        ('_id,a\r\nID,1\r\nID\r\n', 'Row 3: It has 1 cells'),
        ('_id,a\r\nID,1,2\r\n', 'Row 2: It has 3 cells'),
        ('_id,a\r\nID,"x\r\n', 'Row 2: A quote in it is not closed'),
        ('_id,a\r\nID,"x"y\r\n', 'Row 2: A quote'),
        ('_id,a\r\nID,x\0y\r\n', 'Row 2: There is a NUL'),
        ('_id,,a\r\nID,x,y\r\n', 'Row 2: It has a cell in a column without'),
        ('_id,a\r\n6.5E+23,x\r\n', 'a spreadsheet made a number'),
        ('_id,a\r\n,x\r\n', 'which is missing'),
        ('_id,a\r\nabc,x\r\n', '24 hexadecimal digits'),
        ('_id,a,_tag\r\nID,x,y\r\n', 'Row 2: Its _tag'),
        ('_id,label.x\r\nID,x\r\n', 'Row 2: The property'),
        ('_id,new,new.x\r\nID,x,y\r\n', 'Row 2: The property'),
        (b'_id,a\r\nID,\x81\x01\r\n', 'not in utf-8 or cp932'),
        (b'\xef\xbb\xbf_id,a\r\nID,\xff\r\n', 'not in utf-8-sig'),
        (b'\xff\xfe_\0i', 'not in utf-16'),
        (COMPOUND + b'x' * 600, 'encrypted'),
        (b'PK\3\4', 'damaged'),
        (zipped({'a.txt': b'x'}), 'damaged'),
    ],
)
def test_what_is_refused(
    service: Service, image: str, sheet: str | bytes, said: str
) -> None:
    content = sheet.encode() if isinstance(sheet, str) else sheet
    content = content.replace(b'ID', image.encode())
    answer = relabel(service, content)
    assert answer.status_code == 400, answer.text
    assert said in answer.json['description']
    assert properties_of(service, image)['label'] == 'OK'


def test_a_row_without_an_end_is_413(service: Service, image: str) -> None:
    line = 'x' * 1000 + '\r\n'
    sheet = f'_id,a\r\n{image},"' + line * 9000
    assert refusal(service, sheet, 413).startswith('Row 2 has more than')


def test_a_row_with_too_many_bytes_is_413(service: Service, image: str) -> None:
    with running(service.settings, max_properties_bytes=100) as limited:
        image = limited.client.upload()['_id']
        sheet = text([['_id', 'a', 'b'], [image, 'x' * 60, 'y' * 60]])
        assert 'MAX_PROPERTIES_BYTES' in refusal(limited, sheet, 413)


def test_a_workbook_of_excel(service: Service, image: str) -> None:
    moment = datetime.datetime(2026, 11, 23, 4, 5, 6)
    rows: list[list[Any]] = [
        ['_id', 'label', 'n', 'when', 'list'],
        [image, 'NG', 3, moment, '[1, 2]'],
    ]
    done(service, workbook(rows))
    found = properties_of(service, image)
    assert (found['label'], found['n'], found['list']) == ('NG', 3, [1, 2])
    assert found['when'] == '2026-11-23T04:05:06.000Z'


def test_texts_that_cells_share(service: Service, image: str) -> None:
    other = service.client.upload(label='OK')['_id']
    rows = [['_id', 'label', 'work'], [image, '傷 & <あり>', 'a'], [other, 'OK', 'a']]
    done(service, with_shared_texts(workbook(rows)))
    assert properties_of(service, image)['label'] == '傷 & <あり>'
    assert properties_of(service, other) == {'label': 'OK', 'work': 'a'}


def test_the_sheet_of_ours_is_read_wherever_it_is(service: Service, image: str) -> None:
    book = openpyxl.Workbook()
    book.active.append(['notes'])
    for row in (['_id', 'label'], [image, 'NG']):
        ours = book['images'] if 'images' in book else book.create_sheet('images')
        ours.append(row)
    assert changed(service, image, saved(book), 'label') == 'NG'


def test_how_texts_are_read_aloud_is_not_read(service: Service, image: str) -> None:
    spoken = '<si><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh></si>'
    sheet = with_shared_texts(workbook([['_id', 'label'], [image, 'SPOKEN']]))
    sheet = with_part(sheet, 'xl/sharedStrings.xml', '<si><t>SPOKEN</t></si>', spoken)
    assert changed(service, image, sheet, 'label') == '課'


def with_part(content: bytes, name: str, old: str, new: str) -> bytes:
    """A workbook with another text in one of its parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        files = {each: parts.read(each) for each in parts.namelist()}
    assert old.encode() in files[name]
    files[name] = files[name].replace(old.encode(), new.encode())
    return zipped(files)


@pytest.mark.parametrize('name', [SHEET, 'xl/sharedStrings.xml', 'xl/workbook.xml'])
def test_entities_are_refused(service: Service, image: str, name: str) -> None:
    sheet = with_shared_texts(workbook([['_id', 'label'], [image, 'NG']]))
    with zipfile.ZipFile(io.BytesIO(sheet)) as parts:
        root = parts.read(name)[:20].decode()
    sheet = with_part(sheet, name, root, f'{ENTITY.decode()}{root}')
    assert 'damaged' in refusal(service, sheet)


@pytest.mark.parametrize('old', ['</row>', '<sheetData>', 'r="A2"'])
def test_a_damaged_sheet_is_refused(service: Service, image: str, old: str) -> None:
    sheet = workbook([['_id', 'label'], [image, 'NG']])
    assert relabel(service, with_part(sheet, SHEET, old, '<')).status_code == 400
    assert properties_of(service, image)['label'] == 'OK'


def test_a_row_of_a_workbook_without_an_end_is_413(
    service: Service, image: str
) -> None:
    sheet = workbook([['_id', 'label'], [image, 'NG']])
    nested = '<a>' * 1_000_000
    sheet = with_part(sheet, SHEET, '</row>', f'{nested}</row>')
    assert 'Row 1 has more than' in refusal(service, sheet, 413)


def test_styles_without_end_are_413(service: Service, image: str) -> None:
    sheet = workbook([['_id', 'label'], [image, 'NG']])
    end = '</styleSheet>'
    many = '<!-- ' + 'x' * 3_000_000 + ' -->'
    sheet = with_part(sheet, 'xl/styles.xml', end, f'{many}{end}')
    assert 'styles' in refusal(service, sheet, 413)


def test_a_cell_with_an_error_is_refused(service: Service, image: str) -> None:
    rows = [['_id', 'label'], [image, '#N/A']]
    assert 'Row 2: A cell has the error' in refusal(service, workbook(rows))


@pytest.mark.parametrize(
    ('column', 'before', 'cell'),
    [
        ('work', '00123', '123'),
        ('work', '1.50', '1.5'),
        ('work', '12345678901234567890', '1.23457E+19'),
        ('work', '2026-11-23', '2026/11/23'),
        ('work', '2026-11-23', '11/23/2026'),
        ('work', '1-2', '2-Jan'),
        ('work', '1-2', '1月2日'),
        ('work', 'true', 'TRUE'),
        ('work', 'a\r\nb', 'a\nb'),
        ('work', 'x' * 40_000, 'x' * 32_767),
        ('score', 0.12345678901234, '0.123456789'),
        ('score', 123456789012, '1.23457E+11'),
    ],
)
def test_what_spreadsheets_make_of_values_is_left(
    service: Service, image: str, column: str, before: Any, cell: str
) -> None:
    path = f'/collections/c/images/{image}'
    service.client.simulate_patch(path, json={column: before})
    sheet = text([['_id', column], [image, cell]])
    answer = dry(service, sheet)
    assert (answer['matched'], answer['warning_count']) == (0, 1), answer
    assert dry(service, sheet, exact='true')['matched'] == 1


@pytest.mark.parametrize(
    ('before', 'cell'),
    [
        ('00123', '124'),
        ('2026-11-23', '2026/11/24'),
        ('1-2', '1-3'),
        ('true', 'false'),
        ('OK', 'NG'),
        ('a\nb', 'a b'),
        ('1-2', '1-2-3'),
    ],
)
def test_what_somebody_edited_is_set(
    service: Service, image: str, before: str, cell: str
) -> None:
    path = f'/collections/c/images/{image}'
    service.client.simulate_patch(path, json={'label': before})
    sheet = text([['_id', 'label'], [image, cell]])
    assert changed(service, image, sheet, 'label') == cell


def test_a_time_is_set_and_its_lost_seconds_are_told(
    service: Service, image: str
) -> None:
    moment = datetime.datetime(2026, 11, 23, 4, 5, 6, 789000)
    service.database['c'].update_one({}, {'$set': {'when': moment}})
    for cell in ('2026/11/23 4:05', '05:06.8', '2026-11-23 04:05:06'):
        assert dry(service, text([['_id', 'when'], [image, cell]]))['warning_count']
    sheet = text([['_id', 'when'], [image, '2026-11-24 04:05:06.5']])
    assert changed(service, image, sheet, 'when') == '2026-11-24T04:05:06.500Z'
    assert 'time' in refusal(service, text([['_id', 'when'], [image, 'soon']]))


def test_characters_that_cp932_lacks_are_told(service: Service, image: str) -> None:
    path = f'/collections/c/images/{image}'
    service.client.simulate_patch(path, json={'label': 'café 傷'})
    sheet = text([['_id', 'label'], [image, 'caf? 傷']]).encode('cp932')
    assert dry(service, sheet)['warning_count'] == 1


def test_the_apostrophe_of_exports_is_taken_off(service: Service, image: str) -> None:
    sheet = text([['_id', 'label'], [image, "'=1+1"]])
    assert changed(service, image, sheet, 'label') == '=1+1'


def test_null_is_set_where_it_is_no_text(service: Service, image: str) -> None:
    sheet = text([['_id', 'label', 'n'], [image, 'null', 'null']])
    done(service, sheet)
    found = properties_of(service, image)
    assert (found['label'], found['n']) == ('null', None)


def test_a_new_property_of_csv_is_text(service: Service, image: str) -> None:
    sheet = text([['_id', 'new', 'a.b'], [image, '5', 'x']])
    done(service, sheet)
    found = properties_of(service, image)
    assert (found['new'], found['a']) == ('5', {'b': 'x'})


def test_a_list_keeps_csv_for_programs_as_it_was(service: Service, image: str) -> None:
    path = '/collections/c/images'
    listed = service.client.simulate_get(path, headers={'Accept': 'text/csv'}).content
    assert b'_tag' not in listed
    assert b'_tag' not in service.client.simulate_get(f'{path}?format=csv').content
    assert b'_tag' in exported(service)
