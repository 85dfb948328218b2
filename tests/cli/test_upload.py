"""What `upload` does with files, folders and patterns."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from falcon_images.client import Client
from tests.support.commands import Place, distinct_jpeg, fill
from tests.support.pictures import jpeg
from tests.support.scripted_server import Answer, Script, scripted_server

posix = pytest.mark.skipif(os.name == 'nt', reason='of POSIX')


def names(client: Client, place: Place) -> list[str]:
    return sorted(each['image'] for each in client.images(place.collection))


def test_a_folder_arrives_whole(client: Client, place: Place) -> None:
    paths = fill(place.folder / 'shots', 30)
    ran = place.run('upload', 'shots')
    assert (ran.returncode, ran.stderr) == (0, '')
    assert ran.stdout.startswith('30 files: 30 stored; ')
    assert names(client, place) == sorted(path.name for path in paths)


def test_files_are_equal_to_those_that_were_sent(client: Client, place: Place) -> None:
    (path,) = fill(place.folder, 1)
    place.run('upload', path.name)
    (document,) = client.images(place.collection)
    client.download(place.collection, document['_id'], place.folder / 'back')
    assert (place.folder / 'back').read_bytes() == path.read_bytes()


def test_a_pattern_is_matched_by_the_command(client: Client, place: Place) -> None:
    fill(place.folder, 6)
    assert place.run('upload', '**/p_0000[0-2].jpg').returncode == 0
    assert names(client, place) == ['p_00000.jpg', 'p_00001.jpg', 'p_00002.jpg']


@pytest.mark.parametrize('name', ['日本語', 'a b', "it's", 'ä%20', '[x]'])
def test_folders_and_files_have_any_name(
    client: Client, place: Place, name: str
) -> None:
    folder = place.folder / name
    folder.mkdir()
    (folder / f'{name}.jpg').write_bytes(jpeg())
    assert place.run('upload', name).returncode == 0
    assert names(client, place) == [f'{name}.jpg']


def test_a_second_run_stores_nothing(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 30)
    place.run('upload', 'shots')
    ran = place.run('upload', 'shots')
    assert ran.stdout.startswith('30 files: 30 there already; ')
    assert (ran.returncode, client.count(place.collection)) == (0, 30)


def test_without_its_notes_it_stores_nothing_twice(
    client: Client, place: Place
) -> None:
    fill(place.folder / 'shots', 30)
    place.run('upload', 'shots')
    ran = place.run('upload', 'shots', '--journal', 'other.sqlite')
    assert ran.stdout.startswith('30 files: 30 there already; ')
    assert client.count(place.collection) == 30


def test_a_place_without_notes_is_told_and_goes_on(
    client: Client, place: Place
) -> None:
    fill(place.folder / 'shots', 3)
    (place.folder / 'file').touch()
    ran = place.run('upload', 'shots', '--journal', 'file/x.sqlite')
    assert ran.stderr.startswith('Error: What is sent cannot be noted')
    assert (ran.returncode, client.count(place.collection)) == (0, 3)


def test_notes_that_others_write_to_delay_nothing_for_ever(
    client: Client, place: Place
) -> None:
    fill(place.folder / 'shots', 3)
    place.run('upload', 'shots', '--journal', 'x.sqlite')
    fill(place.folder / 'shots', 6)
    other = sqlite3.connect(place.folder / 'x.sqlite')
    other.execute('BEGIN IMMEDIATE')
    ran = place.run('upload', 'shots', '--journal', 'x.sqlite')
    other.close()
    assert (ran.returncode, client.count(place.collection)) == (0, 6), ran.stderr


def test_what_a_database_lost_is_sent_again(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 5)
    place.run('upload', 'shots')
    client.delete_many(place.collection, {'all': True})
    assert place.run('upload', 'shots').returncode == 0
    assert client.count(place.collection) == 5


def test_a_file_with_new_bytes_is_another_image(client: Client, place: Place) -> None:
    (path,) = fill(place.folder, 1)
    place.run('upload', path.name)
    path.write_bytes(distinct_jpeg(77))
    assert place.run('upload', path.name).stdout.startswith('1 file: 1 stored; ')
    assert client.count(place.collection) == 2


def test_equal_files_are_two_images(client: Client, place: Place) -> None:
    for name in ('a.jpg', 'b.jpg'):
        (place.folder / name).write_bytes(jpeg())
    place.run('upload', '.')
    assert names(client, place) == ['a.jpg', 'b.jpg']


def test_equal_files_are_one_image_if_the_key_is_their_digest(
    client: Client, place: Place
) -> None:
    for name in ('a/x.jpg', 'b/x.jpg'):
        path = place.folder / name
        path.parent.mkdir()
        path.write_bytes(jpeg())
    assert place.run('upload', '.', '--key-from', 'sha256').returncode == 0
    assert client.count(place.collection) == 1


def test_other_properties_are_listed_and_fail(client: Client, place: Place) -> None:
    fill(place.folder, 1)
    place.run('upload', 'p_00000.jpg', '-p', 'a=1')
    ran = place.run('upload', 'p_00000.jpg', '-p', 'a=2')
    assert ran.returncode == 1
    assert ran.stderr.startswith('stored with other properties: ')
    assert [each['a'] for each in client.images(place.collection)] == ['1']


def gone(again: Answer) -> Script:
    """A service that knows a key of an image that was deleted since."""
    return Script([Answer(410, {'description': 'It was deleted.'}), again])


def test_what_was_deleted_since_is_listed_and_does_not_fail(place: Place) -> None:
    fill(place.folder, 1)
    with scripted_server(gone(Answer(500))) as place.url:
        ran = place.run('upload', 'p_00000.jpg')
    assert ran.returncode == 0
    assert ran.stderr.startswith('deleted since: ')


def test_what_was_deleted_since_is_stored_anew_when_told(place: Place) -> None:
    (path,) = fill(place.folder, 1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    script = gone(Answer(200, {'_id': '1', '_file': {'sha256': digest}}))
    with scripted_server(script) as place.url:
        ran = place.run('upload', 'p_00000.jpg', '--again')
    assert ran.stdout.startswith('1 file: 1 stored; ')
    keys = [headers['Idempotency-Key'] for headers in script.headers]
    assert len(set(keys)) == 2


def test_what_is_refused_is_listed_and_all_else_arrives(
    client: Client, place: Place
) -> None:
    fill(place.folder / 'shots', 9)
    (place.folder / 'shots/none.jpg').write_bytes(b'no image')
    (place.folder / 'shots/empty.jpg').touch()
    ran = place.run('upload', 'shots')
    assert ran.returncode == 1
    assert ran.stdout.startswith('11 files: ')
    assert ran.stderr.count('refused: ') == 2
    assert client.count(place.collection) == 9


def test_other_files_in_folders_are_passed_over(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 3)
    for name in ('readme.txt', 'Thumbs.db', '._p.jpg', 'p'):
        (place.folder / 'shots' / name).write_bytes(jpeg())
    ran = place.run('upload', 'shots')
    assert 'Passed over: 4 files' in ran.stdout
    assert (ran.returncode, client.count(place.collection)) == (0, 3)


def test_all_files_are_taken_when_told(client: Client, place: Place) -> None:
    (place.folder / 'p').write_bytes(jpeg())
    place.run('upload', '.', '--any-name')
    assert names(client, place) == ['p']


def test_what_is_not_there_is_told_and_fails(place: Place) -> None:
    ran = place.run('upload', 'nix')
    assert ran.returncode == 1
    assert ran.stderr == 'failed: nix: There is no such file or folder.\n'


@posix
def test_a_link_to_nowhere_is_told(place: Place) -> None:
    (place.folder / 'a.jpg').symlink_to('nowhere')
    ran = place.run('upload', '.')
    assert (ran.returncode, 'No such file' in ran.stderr) == (1, True)


@posix
def test_a_link_to_a_folder_above_ends(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 3)
    (place.folder / 'shots/loop').symlink_to(place.folder)
    assert place.run('upload', 'shots').returncode == 0
    assert client.count(place.collection) == 3


@pytest.mark.skipif(sys.platform != 'linux', reason='others have no such names')
def test_a_name_that_is_no_text_arrives(client: Client, place: Place) -> None:
    (place.folder / 'shots').mkdir()
    (place.folder / 'shots' / os.fsdecode(b'\xff.jpg')).write_bytes(jpeg())
    assert place.run('upload', 'shots').returncode == 0
    assert place.run('upload', 'shots').stdout.startswith('1 file: 1 there already')
    assert names(client, place) == ['\\udcff.jpg']


def test_a_dry_run_sends_nothing(client: Client, place: Place) -> None:
    fill(place.folder / 'shots', 9)
    ran = place.run('upload', 'shots', '--dry-run', '-p', 'a:=1', FALCON_IMAGES_URL='')
    assert ran.returncode == 0
    assert ran.stdout.count("{'a': 1}") == 5
    assert ran.stdout.endswith('9 files of 6.2 kB would be sent.\n')
    assert client.count(place.collection) == 0


def test_a_summary_is_there_for_programs(place: Place) -> None:
    fill(place.folder / 'shots', 3)
    ran = place.run('upload', 'shots', '--json')
    told = json.loads(ran.stdout)
    assert (told['stored'], told['failed'], told['bytes']) == (3, 0, 2055)


@pytest.mark.parametrize('status', [401, 403, 404])
def test_a_refusal_that_is_of_all_ends_it(place: Place, status: int) -> None:
    fill(place.folder / 'shots', 100)
    script = Script([Answer(status, {'description': 'Who are you?'})])
    with scripted_server(script) as place.url:
        ran = place.run('upload', 'shots')
    assert ran.returncode == 1
    assert ran.stderr.startswith('Error: Who are you? ')
    assert len(script.requests) < 100


def test_a_service_that_is_away_too_long_ends_it(place: Place) -> None:
    fill(place.folder / 'shots', 3)
    ran = place.run(
        'upload',
        'shots',
        '--give-up-after',
        '1',
        FALCON_IMAGES_URL='http://127.0.0.1:1',
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith('Error: http://127.0.0.1:1 does not answer')


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['-p', 'a'], 'a is neither NAME=TEXT nor NAME:=JSON.'),
        (['-p', 'a:=x'], 'x is no JSON'),
        (['--properties-from', 'x'], 'x is no source of properties'),
        (['--properties-from', 'x.csv'], 'x.csv cannot be read'),
        (['--properties-from', 'regex:('], 'is no regular expression'),
        (['--properties-from', 'regex:a'], 'has no group'),
        (['--key-from', 'x'], 'x is none of host'),
    ],
)
def test_what_cannot_be_understood_is_told(
    place: Place, arguments: list[str], said: str
) -> None:
    ran = place.run('upload', '.', *arguments)
    assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr


@pytest.mark.parametrize('name', ['FALCON_IMAGES_URL', 'FALCON_IMAGES_COLLECTION'])
def test_what_is_missing_is_asked_for(place: Place, name: str) -> None:
    ran = place.run('upload', '.', **{name: ''})
    assert (ran.returncode, name in ran.stderr) == (2, True)


@pytest.mark.skipif(sys.platform != 'linux', reason='asks Linux for its peak memory')
def test_a_large_file_is_never_in_memory_whole(place: Place, client: Client) -> None:
    with (place.folder / 'large.bmp').open('wb') as file:
        file.write(b'BM' + bytes(8) + b'\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18')
        file.truncate(300 * 1024**2)
    code = (
        'import os, re; from falcon_images.__main__ import commands\n'
        "status = commands(['upload', 'large.bmp'], obj=os.environ, "
        'standalone_mode=False)\n'
        "with open('/proc/self/status') as file:\n"
        r"    print(status, re.search(r'VmHWM:\s*(\d+) kB', file.read())[1])"
    )
    ran = subprocess.run(
        [sys.executable, '-c', code],
        cwd=place.folder,
        env=place.environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    status, peak = ran.stdout.splitlines()[-1].split()
    assert (status, client.count(place.collection)) == ('0', 1)
    assert int(peak) < 120 * 1024
