"""Exports of snapshots: the same bytes each time, whole and in parts."""

import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from falcon_images.datasets.snapshots.recorded import RecordedExport
from falcon_images.settings import Settings
from tests.support.archives import documents_of, images_of, report_of, upload
from tests.support.pictures import jpeg
from tests.support.service import Service, running
from tests.support.snapshots import (
    EXPORT,
    delete,
    delete_in_bulk,
    ended,
    expire_changes,
    exported,
    made,
)

LABELLED = ('imagefolder', 'webdataset', 'coco', 'yolo-cls', 'ultralytics')
FORMATS = ('', 'files', *LABELLED, 'ndjson', 'csv', 'xlsx')
LARGE = 5 * 1024**2


@pytest.fixture
def filled(service: Service) -> Service:
    for number, label in enumerate(('OK', 'NG', 'NG', 'OK')):
        properties = json.dumps({'n': number, 'label': label})
        content = jpeg() + bytes([number]) * (1 + 1000 * number)
        upload(service, f'{number}.jpg', content, json=properties)
    upload(service, 'large.jpg', jpeg() + bytes(range(256)) * (LARGE // 256))
    made(service)
    return service


def query_of(format_: str) -> str:
    beside = '&label_by=label&split=80/20' if format_ in LABELLED else ''
    return f'&format={format_}{beside}' if format_ else ''


def archive_of(answer: Any) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def test_it_is_what_an_export_is(filled: Service) -> None:
    plain = archive_of(filled.client.simulate_get(EXPORT))
    archive = archive_of(exported(filled))
    assert images_of(archive) == images_of(plain)
    assert documents_of(archive) == documents_of(plain)


def relabel(service: Service) -> None:
    service.client.simulate_patch(
        '/collections/c/images', params={'all': 'true'}, json={'label': 'XX'}
    )


def add(service: Service) -> None:
    upload(service, 'new.jpg')


def delete_and_expire(service: Service) -> None:
    delete_in_bulk(service)
    expire_changes(service)


@pytest.mark.parametrize('format_', FORMATS)
def test_it_is_the_same_whatever_happens(filled: Service, format_: str) -> None:
    first = exported(filled, query_of(format_))
    assert first.status_code == 200, first.text
    for happens in (relabel, add, delete_and_expire):
        happens(filled)
        again = exported(filled, query_of(format_))
        assert again.content == first.content
        assert again.headers['ETag'] == first.headers['ETag']


@pytest.mark.parametrize('format_', FORMATS)
def test_a_first_export_comes_late_and_is_the_same(
    filled: Service, format_: str
) -> None:
    early = exported(filled, query_of(format_))
    (path,) = (filled.folder.root / 'snapshots').rglob('*.export')
    path.unlink()
    relabel(filled)
    delete(filled)
    assert exported(filled, query_of(format_)).content == early.content


def test_another_process_sends_the_same(filled: Service, settings: Settings) -> None:
    first = exported(filled).content
    with running(settings) as other:
        assert exported(other).content == first


def test_any_part_can_be_asked_for(filled: Service) -> None:
    whole = exported(filled).content
    chosen = random.Random(1)
    for _ in range(60):
        first = chosen.randrange(len(whole))
        last = min(len(whole) - 1, first + chosen.randrange(200_000))
        part = exported(filled, Range=f'bytes={first}-{last}')
        assert part.status_code == 206
        assert part.content == whole[first : last + 1]
        assert part.headers['Content-Range'] == f'bytes {first}-{last}/{len(whole)}'


@pytest.mark.parametrize(
    ('range_', 'slice_'), [('0-0', slice(0, 1)), ('-1', slice(-1, None))]
)
def test_the_ends_are_parts_too(filled: Service, range_: str, slice_: slice) -> None:
    whole = exported(filled).content
    part = exported(filled, Range=f'bytes={range_}')
    assert part.content == whole[slice_]


def test_a_part_behind_the_end_is_416(filled: Service) -> None:
    size = len(exported(filled).content)
    assert exported(filled, Range=f'bytes={size}-').status_code == 416


def test_a_part_is_of_the_same_bytes_or_all_is_sent(filled: Service) -> None:
    first = exported(filled)
    known = exported(filled, **{'Range': 'bytes=5-', 'If-Range': first.headers['ETag']})
    other = exported(filled, **{'Range': 'bytes=5-', 'If-Range': '"other"'})
    assert (known.status_code, known.content) == (206, first.content[5:])
    assert (other.status_code, other.content) == (200, first.content)


def test_one_who_has_it_is_told_so(filled: Service) -> None:
    tag = exported(filled).headers['ETag']
    answer = exported(filled, **{'If-None-Match': tag})
    assert (answer.status_code, answer.content) == (304, b'')


def test_each_way_has_bytes_of_its_own(filled: Service) -> None:
    ways = ['', '&format=files', '&format=ndjson', '&format=ndjson&fields=n']
    tags = {exported(filled, way).headers['ETag'] for way in ways}
    assert len(tags) == len(ways)


def test_a_snapshot_of_the_same_name_has_another_tag(filled: Service) -> None:
    tag = exported(filled).headers['ETag']
    ended(filled)
    upload(filled, 'new.jpg')
    made(filled)
    assert exported(filled).headers['ETag'] != tag


def test_the_headers_are_those_of_a_download_that_can_go_on(filled: Service) -> None:
    answer = exported(filled)
    assert answer.headers['Accept-Ranges'] == 'bytes'
    assert answer.headers['Content-Length'] == str(len(answer.content))
    assert answer.headers['Content-Disposition'] == 'attachment; filename="c-s.zip"'
    assert answer.headers['Cache-Control'] == 'private, no-cache'


def test_head_prepares_nothing(filled: Service) -> None:
    answer = filled.client.simulate_head(EXPORT, query_string='snapshot=s')
    assert answer.status_code == 200
    assert 'ETag' not in answer.headers
    assert 'Content-Length' not in answer.headers
    assert not (filled.folder.root / 'snapshots').exists()


def test_head_says_what_is_known(filled: Service) -> None:
    first = exported(filled)
    answer = filled.client.simulate_head(EXPORT, query_string='snapshot=s')
    assert answer.headers['ETag'] == first.headers['ETag']
    assert answer.headers['Content-Length'] == str(len(first.content))


@pytest.mark.parametrize(
    'beside', ['label=NG', 'limit=1', 'sort=n', 'cursor=x', 'filter={}', 'skip=1']
)
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_what_chooses_images_is_400(filled: Service, beside: str, method: str) -> None:
    answer = filled.client.simulate_request(
        method, EXPORT, query_string=f'snapshot=s&{beside}'
    )
    assert answer.status_code == 400


def test_fields_are_those_that_are_asked_for(filled: Service) -> None:
    archive = archive_of(exported(filled, '&fields=n,_file.size,_file'))
    assert set(documents_of(archive)[1]) == {'_id', 'n', '_file'}
    assert len(images_of(archive)) == 5


def test_a_label_that_cannot_be_a_class_is_400(service: Service) -> None:
    upload(service, 'a.jpg', json='{"label": {"a": 1}}')
    made(service)
    answer = exported(service, '&format=imagefolder&label_by=label')
    assert answer.status_code == 400
    assert not list((service.folder.root / 'snapshots').rglob('*.export'))


def test_a_file_that_is_missing_at_first_is_told_and_stays_missing(
    filled: Service,
) -> None:
    path = filled.stored_files()[0]
    content = path.read_bytes()
    path.unlink()
    first = exported(filled)
    assert 'Images left out: 1\n' in report_of(archive_of(first))
    path.write_bytes(content)
    assert exported(filled).content == first.content


@pytest.mark.parametrize('number', [0, 4])
@pytest.mark.parametrize('is_missing', [True, False])
def test_what_goes_missing_later_cuts_it_off(
    filled: Service, number: int, is_missing: bool
) -> None:
    whole = exported(filled).content
    path = filled.stored_files()[number]
    content = path.read_bytes()
    if is_missing:
        path.unlink()
    else:
        path.write_bytes(content[:-1] + b'x')
    snapshots = filled.parts.snapshot_exports
    snapshot = snapshots.find('c', 's')
    (recording,) = (filled.folder.root / 'snapshots').rglob('*.export')
    file = filled.folder.recorded_exports.open(str(snapshot.id), recording.stem)
    assert file
    sent = b''
    with pytest.raises(Exception, match='missing or damaged'):
        for piece in read(file, filled):
            sent += piece
    assert whole.startswith(sent + content)


def read(file: Any, service: Service) -> Iterator[bytes]:
    recorded = RecordedExport(file, service.parts.files)
    yield from recorded.pieces(0, recorded.size - 1)


def test_the_report_says_what_the_snapshot_was_made_with(service: Service) -> None:
    upload(service, 'a.jpg', label='NG')
    made(service, label='NG')
    report = report_of(archive_of(exported(service, '&token=secret')))
    assert 'Conditions: made_with=label%3DNG&snapshot=s\n' in report
    assert 'secret' not in report
