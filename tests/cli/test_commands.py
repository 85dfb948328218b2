"""The commands that show, change, take out and bring in, with a real service."""

import json
import zipfile

import click
import pytest

from falcon_images.cli.commands import commands
from falcon_images.client import Client
from tests.support.commands import Place, distinct_jpeg
from tests.support.cutting_proxy import Cuts, cutting_proxy
from tests.support.documentation import table
from tests.support.pictures import jpeg
from tests.support.serving import Serving

NAMES = commands.list_commands(click.Context(commands))


@pytest.fixture
def images(client: Client, collection: str) -> list[str]:
    """Five images; the ids of them."""
    return [
        client.upload(
            collection,
            distinct_jpeg(number),
            {'n': number, 'label': 'OK' if number % 2 else 'NG'},
            name=f'{number}.jpg',
        ).document['_id']
        for number in range(5)
    ]


def test_a_list_is_a_table(place: Place, images: list[str]) -> None:
    ran = place.run('list', 'label=NG', '--sort', 'n')
    header, *rows, total = ran.stdout.splitlines()
    assert header.split() == ['_id', 'time', 'image', 'n', 'label']
    assert [row.split()[0] for row in rows] == images[::2]
    assert total == '3 of 3 images.'


def test_a_list_shows_the_fields_that_are_asked_for(
    place: Place, images: list[str]
) -> None:
    ran = place.run('list', '--fields', 'n,_file.size', '--limit', '2')
    header, *rows, total = ran.stdout.splitlines()
    assert (header.split(), len(rows)) == (['n', '_file.size'], 2)
    assert total == '2 of 5 images.'


def test_a_list_is_json_for_programs(place: Place, images: list[str]) -> None:
    ran = place.run('list', 'min_n=1', 'max_n=3', '--json')
    found = [json.loads(line)['_id'] for line in ran.stdout.splitlines()]
    assert sorted(found) == sorted(images[1:4])


def test_conditions_of_one_name_are_several_values(
    place: Place, images: list[str]
) -> None:
    ran = place.run('list', 'n=1', 'n=2', '--json')
    assert len(ran.stdout.splitlines()) == 2


def test_a_filter_is_a_condition(place: Place, images: list[str]) -> None:
    ran = place.run('list', '--filter', '{"$or": [{"n": 0}, {"n": 4}]}', '--json')
    assert len(ran.stdout.splitlines()) == 2


@pytest.mark.parametrize('condition', ['label', 'label=', '=x'])
def test_what_is_no_condition_is_refused(place: Place, condition: str) -> None:
    assert place.run('list', condition).returncode == 2


def test_text_cannot_steer_a_terminal(
    client: Client, place: Place, collection: str
) -> None:
    client.upload(collection, jpeg(), {'a': '\x1b[2J[bold]'})
    assert '\\x1b[2J[bold]' in place.run('list').stdout


def test_a_document_is_shown(place: Place, images: list[str]) -> None:
    assert json.loads(place.run('show', images[3]).stdout)['n'] == 3


def test_collections_are_shown(place: Place, images: list[str]) -> None:
    (row,) = (
        line
        for line in place.run('collections').stdout.splitlines()
        if line.startswith(place.collection)
    )
    assert row.split()[1] == '5'


def test_fields_are_shown(place: Place, images: list[str]) -> None:
    lines = place.run('fields').stdout.splitlines()
    assert any('label' in line and 'NG (3), OK (2)' in line for line in lines)


def test_properties_are_set_removed_and_restored(
    client: Client, place: Place, images: list[str]
) -> None:
    assert place.run('set', 'label=NG', '-p', 'seen:=true', '-y').returncode == 0
    assert client.count(place.collection, {'seen': True}) == 3
    ran = place.run('unset', '--all', '-n', 'seen', '-y')
    assert client.count(place.collection, {'has_seen': True}) == 0
    ran = place.run('revert', ran.stdout.split()[-1])
    assert ran.stdout == 'Reverted: 3 images.\n'
    assert client.count(place.collection, {'seen': True}) == 3
    rows = place.run('changes').stdout.splitlines()
    assert len(rows) == 3


def test_images_are_deleted_and_brought_back(
    client: Client, place: Place, images: list[str]
) -> None:
    ran = place.run('delete', 'min_n=3', '-y')
    assert client.count(place.collection) == 3
    place.run('revert', ran.stdout.split()[-1])
    assert client.count(place.collection) == 5


@pytest.mark.parametrize(
    'arguments', [('delete',), ('set', '-p', 'a=1'), ('unset', '-n', 'label')]
)
def test_no_conditions_do_not_mean_all(
    client: Client, place: Place, images: list[str], arguments: tuple[str, ...]
) -> None:
    ran = place.run(*arguments, '-y')
    assert (ran.returncode, 'or --all' in ran.stderr) == (2, True)
    assert client.count(place.collection, {'has_label': True}) == 5


def test_without_an_answer_nothing_is_done(
    client: Client, place: Place, images: list[str]
) -> None:
    ran = place.run('delete', '--all')
    assert (ran.returncode, client.count(place.collection)) == (1, 5)


def test_a_dry_run_changes_nothing(
    client: Client, place: Place, images: list[str]
) -> None:
    ran = place.run('delete', 'label=OK', '--dry-run')
    assert (ran.returncode, ran.stdout) == (0, 'Matching: 2 images.\n')
    assert client.count(place.collection) == 5


def test_files_are_downloaded_once(place: Place, images: list[str]) -> None:
    assert place.run('download', 'label=NG', '--to', 'got').returncode == 0
    got = sorted((place.folder / 'got').iterdir())
    assert [path.name for path in got] == [f'{n}_{images[n]}.jpg' for n in (0, 2, 4)]
    assert [path.read_bytes() for path in got] == [*map(distinct_jpeg, (0, 2, 4))]
    times = [path.stat().st_mtime_ns for path in got]
    assert place.run('download', '--to', 'got').returncode == 0
    assert [path.stat().st_mtime_ns for path in got] == times
    assert len([*(place.folder / 'got').iterdir()]) == 5


def test_a_name_that_no_system_takes_is_changed(
    client: Client, place: Place, collection: str
) -> None:
    client.upload(collection, jpeg(), name='../a:b?.jpg')
    place.run('download', '--to', 'got')
    (path,) = (place.folder / 'got').iterdir()
    assert path.name.startswith('.._a_b__')


def test_an_export_is_imported(client: Client, place: Place, images: list[str]) -> None:
    ran = place.run('export', 'label=OK', '-o', 'ok.zip')
    assert ran.returncode == 0
    assert '1.jpg' in zipfile.ZipFile(place.folder / 'ok.zip').namelist()
    other = f'{place.collection}x'
    ran = place.run('import', 'ok.zip', '-c', other)
    assert ran.stdout == '2 imported, 0 updated, 0 unchanged, 0 skipped.\n'
    assert client.count(other) == 2
    assert place.run('import', 'ok.zip', '-c', other).returncode == 0
    assert client.count(other) == 2


def test_an_export_that_is_cut_is_made_again(
    serving: Serving, place: Place, images: list[str]
) -> None:
    cuts = Cuts(answered=[2000, 3000])
    with cutting_proxy(serving.port, cuts) as place.url:
        assert place.run('export', '-o', 'all.zip').returncode == 0
    assert cuts.made == 2
    assert zipfile.ZipFile(place.folder / 'all.zip').testzip() is None


def test_images_are_changed_by_a_table(
    client: Client, place: Place, images: list[str]
) -> None:
    place.run('export', 'format=csv', 'fields=label', '-o', 'labels.csv')
    path = place.folder / 'labels.csv'
    path.write_text(path.read_text('utf-8-sig').replace('NG', 'bad'), 'utf-8-sig')
    ran = place.run('relabel', 'labels.csv', '--dry-run')
    assert ran.stdout == 'Matching: 3 images.\n'
    assert client.count(place.collection, {'label': 'bad'}) == 0
    ran = place.run('relabel', 'labels.csv', '-y')
    assert (ran.returncode, client.count(place.collection, {'label': 'bad'})) == (0, 3)
    place.run('revert', ran.stdout.split()[-1])
    assert client.count(place.collection, {'label': 'NG'}) == 3


def test_a_snapshot_is_made_exported_and_deleted(
    client: Client, place: Place, images: list[str]
) -> None:
    ran = place.run('snapshots', '--make', 'week', 'label=NG')
    assert ran.stdout == 'week has 3 images.\n'
    client.delete_many(place.collection, {'all': True})
    _, row = place.run('snapshots').stdout.splitlines()
    assert row.split()[0] == 'week'
    assert place.run('export', 'snapshot=week', '-o', 'week.zip').returncode == 0
    assert '4.jpg' in zipfile.ZipFile(place.folder / 'week.zip').namelist()
    assert place.run('snapshots', '--delete', 'week').stdout == 'week had 3 images.\n'
    assert 'week' not in place.run('snapshots', '--json').stdout


def test_what_is_no_archive_is_one_sentence(place: Place) -> None:
    (place.folder / 'a.zip').write_bytes(b'no archive')
    ran = place.run('import', 'a.zip')
    assert (ran.returncode, ran.stderr.count('\n')) == (1, 1)
    assert ran.stderr.startswith('Error: ')


@pytest.mark.parametrize(
    'arguments',
    [
        ('show', '0' * 24),
        ('show', 'x'),
        ('export', '-o', 'x.zip'),
        ('revert', '0' * 24),
        ('list', 'limit=x'),
        ('download', '--to', 'file'),
    ],
)
def test_an_error_is_one_sentence(place: Place, arguments: tuple[str, ...]) -> None:
    (place.folder / 'file').touch()
    ran = place.run(*arguments)
    assert ran.returncode != 0
    assert ran.stderr.splitlines()[-1].startswith('Error: ')


@pytest.mark.parametrize('name', NAMES)
def test_every_command_has_help(place: Place, name: str) -> None:
    ran = place.run(name, '--help')
    assert (ran.returncode, ran.stdout.lower().startswith('usage: ')) == (0, True)


def test_the_help_has_every_command(place: Place) -> None:
    shown = place.run('--help').stdout
    assert [name for name in NAMES if f'\n  {name} ' not in shown] == []


def test_the_documentation_has_every_command() -> None:
    assert sorted(row[0] for row in table('Command')) == sorted(NAMES)
