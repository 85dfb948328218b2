"""What the client does with a real service."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from falcon_images import __version__
from falcon_images.client import AnswerError, Client
from tests.support.pictures import jpeg
from tests.support.serving import Serving

NAMES = [
    'a.jpg',
    '日本語.jpg',
    'a "b".jpg',
    'a%22b.jpg',
    'a\\b.jpg',
    "a';b=c.jpg",
    'a\nb.jpg',
]


def test_it_knows_the_service(client: Client) -> None:
    assert client.service()['version'] == __version__


def test_an_image_is_stored_with_typed_properties(
    client: Client, collection: str
) -> None:
    sent = {'score': 0.5, 'frame': 3, 'is_ok': True, 'marks': [1, {'x': None}]}
    document = client.upload(collection, jpeg(), sent).document
    assert client.image(collection, document['_id']).items() >= sent.items()


@pytest.mark.parametrize('name', NAMES)
def test_a_name_arrives_as_it_is(client: Client, collection: str, name: str) -> None:
    document = client.upload(collection, jpeg(), name=name).document
    assert document['image'] == name


def test_a_name_that_is_no_text_arrives_readable(
    client: Client, collection: str
) -> None:
    document = client.upload(collection, jpeg(), name='a\udcff.jpg').document
    assert document['image'] == 'a\\udcff.jpg'


def test_a_path_is_uploaded_under_its_name(
    client: Client, collection: str, tmp_path: Path
) -> None:
    path = tmp_path / 'part.jpg'
    path.write_bytes(jpeg())
    assert client.upload(collection, path).document['image'] == 'part.jpg'


def test_an_open_file_stays_open(client: Client, collection: str) -> None:
    file = io.BytesIO(jpeg())
    client.upload(collection, file)
    assert not file.closed


def test_a_key_stores_once(client: Client, collection: str) -> None:
    first = client.upload(collection, jpeg(), key='k')
    second = client.upload(collection, jpeg(), key='k')
    assert (first.is_replayed, second.is_replayed) == (False, True)
    assert client.count(collection) == 1


def test_bytes_of_another_digest_are_refused(client: Client, collection: str) -> None:
    digest = hashlib.sha256(b'other').hexdigest()
    with pytest.raises(AnswerError) as raised:
        client.upload(collection, jpeg(), digest=digest)
    assert raised.value.status == 400


def test_all_pages_of_a_list_are_read(client: Client, collection: str) -> None:
    for number in range(503):
        client.upload(collection, jpeg(), {'n': number})
    found = [each['n'] for each in client.images(collection, sort='n')]
    assert found == [*range(503)]


def test_a_limit_ends_a_list(client: Client, collection: str) -> None:
    for number in range(4):
        client.upload(collection, jpeg(), {'n': number})
    assert len([*client.images(collection, limit=3)]) == 3


def test_conditions_are_those_of_the_service(client: Client, collection: str) -> None:
    for number in range(5):
        client.upload(collection, jpeg(), {'n': number, 'is_odd': number % 2 == 1})
    assert client.count(collection, {'min_n': 3}) == 2
    assert client.count(collection, {'is_odd': True}) == 2
    assert client.count(collection, {'n': [0, 1]}) == 2


def test_a_filter_is_an_object(client: Client, collection: str) -> None:
    for number in range(3):
        client.upload(collection, jpeg(), {'n': number})
    found = client.images(collection, filter={'n': {'$in': [0, 2]}}, sort='n')
    assert [each['n'] for each in found] == [0, 2]


def test_one_image_is_changed(client: Client, collection: str) -> None:
    image_id = client.upload(collection, jpeg(), {'a': 1, 'b': 2}).document['_id']
    client.change(collection, image_id, {'a': None, 'c': 3})
    document = client.image(collection, image_id)
    assert ('a' in document, document['b'], document['c']) == (False, 2, 3)


def test_an_image_is_deleted_once_and_again(client: Client, collection: str) -> None:
    image_id = client.upload(collection, jpeg()).document['_id']
    client.delete(collection, image_id)
    client.delete(collection, image_id)
    assert client.count(collection) == 0


def test_a_change_of_many_is_undone(client: Client, collection: str) -> None:
    for number in range(4):
        client.upload(collection, jpeg(), {'n': number})
    done = client.change_many(collection, {'min_n': 2}, {'label': 'NG'}, expect=2)
    assert client.count(collection, {'label': 'NG'}) == 2
    client.revert(collection, done['change'])
    assert client.count(collection, {'has_label': True}) == 0
    assert [each['state'] for each in client.changes(collection)] == ['reverted']


def test_many_are_deleted(client: Client, collection: str) -> None:
    for number in range(4):
        client.upload(collection, jpeg(), {'n': number})
    assert client.delete_many(collection, {'n': 1}, dry_run=True)['matched'] == 1
    client.delete_many(collection, {'min_n': 1}, expect=3)
    assert client.count(collection) == 1


@pytest.mark.parametrize('conditions', [{}, {'label': ''}])
def test_no_conditions_do_not_mean_all(
    client: Client, collection: str, conditions: dict[str, str]
) -> None:
    client.upload(collection, jpeg(), {'label': 'OK'})
    with pytest.raises(AnswerError):
        client.delete_many(collection, conditions)
    assert client.count(collection) == 1


def test_an_image_is_claimed_until_it_is_given_back(
    client: Client, collection: str
) -> None:
    image_id = client.upload(collection, jpeg()).document['_id']
    claim = client.claims.take(collection, {'has_label': False}, limit=5, seconds=60)
    assert [image['_id'] for image in claim['images']] == [image_id]
    assert client.claims.take(collection)['images'] == []
    renewed = client.claims.renew(collection, claim['claim'], 600)
    assert renewed['until'] > claim['until']
    for _ in range(2):
        client.claims.give_back(collection, claim['claim'])
    assert client.claims.take(collection)['images'] == claim['images']


def test_fields_are_counted(client: Client, collection: str) -> None:
    client.upload(collection, jpeg(), {'n': 1})
    (field,) = client.fields(collection)['fields']
    assert (field['name'], field['count']) == ('n', 1)


def test_a_file_is_downloaded_as_it_was_sent(
    client: Client, collection: str, tmp_path: Path
) -> None:
    image_id = client.upload(collection, jpeg()).document['_id']
    size = client.download(collection, image_id, tmp_path / 'a.jpg')
    assert (tmp_path / 'a.jpg').read_bytes() == jpeg()
    assert size == len(jpeg())
    assert [path.name for path in tmp_path.iterdir()] == ['a.jpg']


def test_a_refused_download_leaves_nothing(
    client: Client, collection: str, tmp_path: Path
) -> None:
    with pytest.raises(AnswerError):
        client.download(collection, '0' * 24, tmp_path / 'a.jpg')
    assert [*tmp_path.iterdir()] == []


def test_an_export_is_imported(client: Client, collection: str, tmp_path: Path) -> None:
    for number in range(3):
        client.upload(collection, jpeg(), {'n': number}, name=f'{number}.jpg')
    archive = tmp_path / 'all.zip'
    client.export(collection, archive, {'min_n': 1})
    assert '1.jpg' in zipfile.ZipFile(archive).namelist()
    other = f'{collection}_other'
    assert client.import_archive(other, archive, dry_run=True)['imported'] == 2
    assert client.import_archive(other, archive)['imported'] == 2
    assert client.collection(other)['documents'] == 2
    assert other in client.collections()


def test_an_error_is_the_sentence_of_the_service(client: Client) -> None:
    with pytest.raises(AnswerError, match=r'The collection "nix" does not exist\.'):
        client.collection('nix')


def test_an_address_may_end_with_a_slash(serving: Serving) -> None:
    with Client(f'{serving.url}/') as client:
        assert client.service()['version'] == __version__
