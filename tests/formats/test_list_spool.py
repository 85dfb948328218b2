"""The spool: what lists may hold in memory and in the temporary folder."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from falcon_images.errors import StorageFullError, TooBusyError
from falcon_images.formats.list_spool import ListSpool
from falcon_images.formats.lists import MEDIA_TYPES, write_list
from falcon_images.metadata.documents import Query
from falcon_images.settings import Settings
from tests.support.service import Service, running

KIB, MIB = 1024, 1024**2
LARGE = {'text': 'x' * MIB}


def test_bytes_are_counted_until_a_file_is_closed() -> None:
    spool = ListSpool(MIB)
    with spool.file() as first, spool.file() as second:
        first.write(b'x' * 600 * KIB)
        second.write(b'x')
        assert 601 * KIB < spool.bytes < 800 * KIB
    assert spool.bytes == 0
    first.close()
    assert spool.bytes == 0


def test_all_files_together_are_bounded_and_one_alone_is_not() -> None:
    spool = ListSpool(MIB)
    with spool.file() as alone:
        alone.write(b'x' * 3 * MIB)
        with spool.file() as other, pytest.raises(TooBusyError, match='MAX_SPOOLED'):
            other.write(b'x')
        with alone.another() as rows:
            rows.write(b'x' * MIB)
    with spool.file() as other:
        other.write(b'x')


def test_a_file_that_nobody_has_is_given_back() -> None:
    spool = ListSpool(MIB)
    spool.file().write(b'x' * MIB)
    assert spool.bytes == 0


@pytest.mark.parametrize('media_type', MEDIA_TYPES)
def test_a_list_that_fails_gives_its_bytes_back(media_type: str) -> None:
    def failing() -> Iterator[dict[str, Any]]:
        yield LARGE
        raise ZeroDivisionError

    spool = ListSpool(4 * MIB)
    with pytest.raises(ZeroDivisionError):
        write_list(failing(), media_type, spool)
    assert spool.bytes == 0


@pytest.mark.parametrize('media_type', MEDIA_TYPES)
def test_a_writer_has_one_large_document_at_once(media_type: str) -> None:
    spool, read = ListSpool(), 0

    def documents() -> Iterator[dict[str, Any]]:
        nonlocal read
        for _ in range(5):
            assert spool.bytes >= read * MIB
            read += 1
            yield LARGE

    listing = write_list(documents(), media_type, spool)
    assert (listing.count, listing.file.tell()) == (5, 0)
    listing.file.close()


def test_a_list_is_an_array_however_large_its_documents_are() -> None:
    documents = [{'n': n, 'text': 'x' * (n % 7) ** 6} for n in range(100)]
    for some in ([], documents[:1], documents[6:8], documents):
        listing = write_list(iter(some), MEDIA_TYPES[0], ListSpool())
        assert json.loads(listing.file.read()) == some
        listing.file.close()


def test_lists_that_wait_to_be_read_are_bounded(settings: Settings) -> None:
    with running(settings, max_spooled_bytes=2 * MIB) as service:
        service.database.c.insert_many(dict(LARGE) for _ in range(3))
        lists = service.parts.image_lists
        waiting = lists.write('c', Query(), MEDIA_TYPES[0]).listing
        refused = service.client.simulate_get('/collections/c/images')
        assert refused.status_code == 503
        assert refused.json['title'] == 'Too busy'
        assert refused.headers['Retry-After']
        waiting.file.close()
        assert service.client.simulate_get('/collections/c/images').status_code == 200
        assert service.parts.spool.bytes == 0


def test_a_full_temporary_folder_is_507(
    service: Service, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, 'tempdir', str(small_disk))
    service.database.c.insert_many(dict(LARGE) for _ in range(5))
    for media_type in MEDIA_TYPES:
        response = service.client.simulate_get(
            '/collections/c/images', headers={'Accept': media_type}
        )
        assert (response.status_code, response.json['title']) == (507, 'Disk full')
    with pytest.raises(StorageFullError):
        service.parts.image_lists.write('c', Query(), MEDIA_TYPES[0])
    assert not list(small_disk.iterdir())
