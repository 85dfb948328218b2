"""The properties that images get, and where from."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from falcon_images.cli.sending.files import Walk
from falcon_images.cli.sending.properties import (
    BadSourceError,
    ExifTime,
    Expression,
    Folders,
    MissingPropertiesError,
    PropertySource,
    Sidecar,
    Sources,
    given_property,
)
from falcon_images.cli.sending.tables import Table
from falcon_images.client import Client
from falcon_images.formats.xlsx import Sheet
from tests.support.commands import Place, fill
from tests.support.pictures import jpeg

NO_TEXTS: frozenset[str] = frozenset()


def of(source: PropertySource, path: Path, root: Path | None = None) -> dict[str, Any]:
    """What a source says of a file, as it is found below a folder."""

    def refuse(where: str, why: str) -> None:
        raise AssertionError((where, why))

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg())
    files = {found.path: found for found in Walk([str(root or path.parent)], refuse)}
    return source.of(files[path])


@pytest.mark.parametrize(
    ('text', 'name', 'value'),
    [
        ('a=1', 'a', '1'),
        ('a:=1', 'a', 1),
        ('a:=1.5', 'a', 1.5),
        ('a:="1"', 'a', '1'),
        ('a:=[1, {"b": null}]', 'a', [1, {'b': None}]),
        ('a=b=c', 'a', 'b=c'),
        ('a=', 'a', ''),
        ('日本=語', '日本', '語'),
    ],
)
def test_a_given_property_is_typed_as_written(
    text: str, name: str, value: object
) -> None:
    assert given_property(text) == (name, value)


@pytest.mark.parametrize('text', ['', 'a', '=a', ':=1', 'a:=', 'a:=x'])
def test_what_is_no_property_is_refused(text: str) -> None:
    with pytest.raises(BadSourceError):
        given_property(text)


@pytest.mark.parametrize('name', ['a.jpg.json', 'a.json'])
def test_a_sidecar_is_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"score": 0.5}', encoding='utf-8-sig')
    assert of(Sidecar(), tmp_path / 'a.jpg') == {'score': 0.5}


@pytest.mark.parametrize('text', ['', '{', '[]', '1'])
def test_a_sidecar_that_is_no_object_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(MissingPropertiesError, match=r'a\.json is no JSON'):
        of(Sidecar(), tmp_path / 'a.jpg')


def test_folders_are_named_from_the_outermost(tmp_path: Path) -> None:
    source = Folders(['line', 'day'], frozenset(['line']))
    path = tmp_path / '07' / '2026-11-26' / 'x' / 'a.jpg'
    assert of(source, path, tmp_path) == {'line': 7, 'day': '2026-11-26'}


def test_too_few_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingPropertiesError, match='in 1 folders, not 2'):
        of(Folders(['a', 'b'], NO_TEXTS), tmp_path / 'x/a.jpg', tmp_path)


def test_groups_of_an_expression_are_properties(tmp_path: Path) -> None:
    source = Expression(
        r'(?P<work>\w+)_(?P<frame>\d+)(?P<side>L)?', frozenset(['frame'])
    )
    assert of(source, tmp_path / '200J_0042.jpg') == {'work': '200J', 'frame': 42}


def test_a_group_that_should_be_a_number_is_told(tmp_path: Path) -> None:
    source = Expression(r'(?P<frame>.+)\.jpg', frozenset(['frame']))
    with pytest.raises(MissingPropertiesError, match='Its frame, x, is no number'):
        of(source, tmp_path / 'x.jpg')


@pytest.mark.parametrize(('offset', 'expected'), [('', ''), ('+09:00', '+09:00')])
def test_the_time_of_a_picture_is_read(
    tmp_path: Path, offset: str, expected: str
) -> None:
    exif = Image.Exif()
    tags = exif.get_ifd(ExifTags.IFD.Exif)
    tags[int(ExifTags.Base.DateTimeOriginal)] = '2026:11:26 10:20:30'
    if offset:
        tags[int(ExifTags.Base.OffsetTimeOriginal)] = offset
    Image.new('RGB', (8, 8)).save(tmp_path / 'a.jpg', exif=exif)
    taken = of(ExifTime('taken'), tmp_path / 'a.jpg')['taken']
    assert taken == f'2026-11-26T10:20:30{expected}'


@pytest.mark.parametrize('content', [jpeg(), b'no image', b''])
def test_a_picture_without_a_time_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(MissingPropertiesError, match='no time'):
        of(ExifTime('taken'), tmp_path / 'a.jpg')


def table(path: Path, text: str, texts: frozenset[str] = NO_TEXTS) -> Table:
    path.write_text(text, encoding='utf-8-sig')
    return Table(path, texts)


def test_a_row_of_a_table_is_found_by_the_name(tmp_path: Path) -> None:
    made = table(
        tmp_path / 't.csv', 'file,work,score,ok\na.jpg,w1,0.5,true\nb.jpg,w2,1,false\n'
    )
    assert of(made, tmp_path / 'a.jpg') == {'work': 'w1', 'score': 0.5, 'ok': True}
    assert of(made, tmp_path / 'x/b.jpg') == {'work': 'w2', 'score': 1, 'ok': False}
    made.close()


@pytest.mark.parametrize('name', ['x/a.jpg', 'x\\a.jpg', './x/a.jpg'])
def test_a_path_in_a_table_goes_before_a_name(tmp_path: Path, name: str) -> None:
    made = table(tmp_path / 't.csv', f'n,file\n1,a.jpg\n2,{name}\n')
    assert of(made, tmp_path / 'x/a.jpg', tmp_path) == {'n': 2}
    made.close()


@pytest.mark.parametrize('values', ['1,x', '007,8', '1,true', '1e999,1'])
def test_a_column_has_one_type(tmp_path: Path, values: str) -> None:
    one, two = values.split(',')
    made = table(tmp_path / 't.csv', f'file,n\na.jpg,{one}\nb.jpg,{two}\n')
    assert of(made, tmp_path / 'a.jpg') == {'n': one}
    assert of(made, tmp_path / 'b.jpg') == {'n': two}
    made.close()


def test_a_column_stays_text_when_told(tmp_path: Path) -> None:
    made = table(tmp_path / 't.csv', 'file,n\na.jpg,1\n', frozenset(['n']))
    assert of(made, tmp_path / 'a.jpg') == {'n': '1'}
    made.close()


def test_empty_cells_are_left_out(tmp_path: Path) -> None:
    made = table(tmp_path / 't.csv', 'file,n,m\na.jpg,,2\n,1,1\n')
    assert of(made, tmp_path / 'a.jpg') == {'m': 2}
    made.close()


def test_a_file_without_a_row_is_told(tmp_path: Path) -> None:
    made = table(tmp_path / 't.csv', 'file,n\na.jpg,1\n')
    with pytest.raises(MissingPropertiesError, match=r't\.csv has no row for it'):
        of(made, tmp_path / 'b.jpg')
    made.close()


@pytest.mark.parametrize(
    ('text', 'why'),
    [('', 'it is empty'), ('file,n\na.jpg,1\na.jpg,2\n', 'two rows for a.jpg')],
)
def test_a_table_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(BadSourceError, match=why):
        table(tmp_path / 't.csv', text)


def test_a_sheet_has_the_types_of_its_cells(tmp_path: Path) -> None:
    row = {'file': 'a.jpg', 'n': 3, 'text': '007', 'half': 0.5, 'ok': True}
    with (tmp_path / 't.xlsx').open('wb') as file:
        sheet = Sheet(file, row)
        sheet.add(row)
        sheet.finish()
    made = Table(tmp_path / 't.xlsx', NO_TEXTS)
    del row['file']
    assert of(made, tmp_path / 'a.jpg') == row
    made.close()


def test_what_is_no_sheet_is_refused(tmp_path: Path) -> None:
    (tmp_path / 't.xlsx').write_bytes(b'no sheet')
    with pytest.raises(BadSourceError, match='cannot be read'):
        Table(tmp_path / 't.xlsx', NO_TEXTS)


def test_the_last_source_wins_and_what_is_given_wins_over_all(tmp_path: Path) -> None:
    (tmp_path / 'a.json').write_text('{"n": 1, "m": 1, "k": 1}')
    made = table(tmp_path / 't.csv', 'file,n,m\na.jpg,2,2\n')
    all_ = Sources([Sidecar(), made], {'n': 3}, allow_missing=False)
    assert of(all_, tmp_path / 'a.jpg') == {'n': 3, 'm': 2, 'k': 1}
    made.close()


def test_what_lacks_properties_is_not_sent(client: Client, place: Place) -> None:
    fill(place.folder, 1)
    ran = place.run('upload', '.', '--properties-from', 'sidecar')
    assert ran.returncode == 1
    assert 'There is no p_00000.jpg.json beside it.' in ran.stderr
    assert client.count(place.collection) == 0


def test_what_lacks_properties_is_sent_when_told(client: Client, place: Place) -> None:
    fill(place.folder, 2)
    (place.folder / 'p_00000.json').write_text(json.dumps({'n': 1}))
    ran = place.run('upload', '.', '--properties-from', 'sidecar', '--allow-missing')
    assert ran.returncode == 0
    assert client.count(place.collection, {'has_n': False}) == 1


def test_properties_arrive_with_their_types(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 3)
    table = 'file,score\np_00000.jpg,0.5\np_00001.jpg,1\np_00002.jpg,2\n'
    (place.folder / 'results.csv').write_text(table)
    sources = ('results.csv', 'regex:p_(?P<frame>[0-9]+)')
    options = [each for source in sources for each in ('--properties-from', source)]
    ran = place.run(
        'upload', 'shots', *options, '--number', 'frame', '-p', 'line:=3', '-p', 'x=3'
    )
    assert ran.returncode == 0, ran.stderr
    (document,) = client.images(place.collection, {'frame': 0})
    assert {'score': 0.5, 'line': 3, 'x': '3'}.items() <= document.items()
