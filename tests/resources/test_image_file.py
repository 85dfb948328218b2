"""The image file: headers, conditions, ranges, and files that must not run."""

import errno
import os
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import bson
import pytest

from falcon_images.resources.image_file import content_disposition
from tests.support import pictures
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running


def path_of(document: dict[str, Any]) -> str:
    return f'/collections/c/images/{document["_id"]}/image'


def get(service: Service, document: dict[str, Any], **headers: str) -> Any:
    return service.client.simulate_get(
        path_of(document),
        headers={name.replace('_', '-'): value for name, value in headers.items()},
    )


@pytest.mark.parametrize('name', pictures.every_format())
def test_each_format_comes_back_byte_for_byte(service: Service, name: str) -> None:
    content, media_type = pictures.every_format()[name]
    document = service.client.upload('c', content)
    response = get(service, document)
    assert response.content == content
    assert response.headers['Content-Type'] == media_type
    assert document['_file']['type'] == media_type
    assert (document['_file']['width'], document['_file']['height']) == (40, 30)


def test_the_headers_are_those_of_the_contract(service: Service) -> None:
    document = service.client.upload()
    headers = get(service, document).headers
    modified = parsedate_to_datetime(headers.pop('Last-Modified'))
    assert document['time'].startswith(modified.strftime('%Y-%m-%dT%H:%M:%S'))
    headers.pop('X-Request-ID')
    headers.pop('Access-Control-Expose-Headers')
    assert headers == {
        'Accept-Ranges': 'bytes',
        'Access-Control-Allow-Origin': '*',
        'Cache-Control': 'public, max-age=31536000, immutable',
        'Content-Disposition': 'inline; filename="a.jpg"',
        'Content-Length': str(len(jpeg())),
        'Content-Security-Policy': "sandbox; default-src 'none'",
        'Content-Type': 'image/jpeg',
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'ETag': f'"{document["_file"]["sha256"]}"',
        'X-Content-Type-Options': 'nosniff',
    }


def test_head_has_the_headers_of_get(service: Service) -> None:
    document = service.client.upload()
    got = get(service, document, X_Request_ID='r')
    head = service.client.simulate_head(
        path_of(document), headers={'X-Request-ID': 'r'}
    )
    assert (head.status_code, head.content) == (200, b'')
    assert head.headers == got.headers


def test_what_the_client_has_is_304(service: Service) -> None:
    document = service.client.upload()
    first = get(service, document)
    for condition in (
        {'If_None_Match': first.headers['ETag']},
        {'If_Modified_Since': first.headers['Last-Modified']},
    ):
        response = get(service, document, **condition)
        assert (response.status_code, response.content) == (304, b'')
        assert response.headers['ETag'] == first.headers['ETag']
        assert response.headers['Cache-Control'] == first.headers['Cache-Control']
    assert get(service, document, If_None_Match='"x"').content == jpeg()


@pytest.mark.parametrize(
    ('text', 'part'),
    [
        ('bytes=0-0', slice(0, 1)),
        ('bytes=10-', slice(10, None)),
        ('bytes=10-19', slice(10, 20)),
        ('bytes=-5', slice(-5, None)),
    ],
)
def test_a_range_is_206(service: Service, text: str, part: slice) -> None:
    response = get(service, service.client.upload(), Range=text)
    assert response.status_code == 206
    assert response.content == jpeg()[part]
    first = part.indices(len(jpeg()))[0]
    last = first + len(jpeg()[part]) - 1
    expected = f'bytes {first}-{last}/{len(jpeg())}'
    assert response.headers['Content-Range'] == expected
    assert response.headers['Content-Length'] == str(len(jpeg()[part]))


def test_a_range_beyond_the_end_is_416(service: Service) -> None:
    response = get(service, service.client.upload(), Range='bytes=99999-')
    assert response.status_code == 416
    assert response.headers['Content-Range'] == f'bytes */{len(jpeg())}'
    assert set(response.json) == {'title', 'description'}
    assert 'Cache-Control' not in response.headers
    assert 'ETag' not in response.headers


def test_several_ranges_are_answered_with_all(service: Service) -> None:
    response = get(service, service.client.upload(), Range='bytes=0-1,3-4')
    assert (response.status_code, response.content) == (200, jpeg())


def test_if_range_with_another_tag_gives_all(service: Service) -> None:
    document = service.client.upload()
    tag = f'"{document["_file"]["sha256"]}"'
    assert get(service, document, Range='bytes=0-0', If_Range=tag).status_code == 206
    response = get(service, document, Range='bytes=0-0', If_Range='"x"')
    assert (response.status_code, response.content) == (200, jpeg())


def test_download_makes_it_an_attachment(service: Service) -> None:
    path = path_of(service.client.upload())
    response = service.client.simulate_get(path, params={'download': '1'})
    expected = 'attachment; filename="a.jpg"'
    assert response.headers['Content-Disposition'] == expected


def test_svg_is_always_an_attachment(service: Service) -> None:
    document = service.client.upload('c', pictures.SVG)
    response = get(service, document)
    assert document['_file']['type'] == 'image/svg+xml'
    assert response.headers['Content-Disposition'].startswith('attachment; ')
    assert response.content == pictures.SVG


def test_the_bytes_decide_and_not_the_name(service: Service) -> None:
    sent = form(('image', jpeg(), 'x.html'))
    document = service.client.post_form('c', sent).json
    headers = get(service, document).headers
    assert headers['Content-Type'] == 'image/jpeg'
    assert headers['X-Content-Type-Options'] == 'nosniff'


# RFC 6266, section 4 and RFC 8187, section 3.2
@pytest.mark.parametrize(
    ('name', 'header'),
    [
        ('a b (1).jpg', 'inline; filename="a b (1).jpg"'),
        ('', 'inline; filename=""'),
        ('日.jpg', 'inline; filename="images.jpg"; filename*=UTF-8\'\'%E6%97%A5.jpg'),
        ('日1.jpg', 'inline; filename="_1.jpg"; filename*=UTF-8\'\'%E6%97%A51.jpg'),
        ('é.jpg', 'inline; filename="e.jpg"; filename*=UTF-8\'\'%C3%A9.jpg'),
        ('日', 'inline; filename="images"; filename*=UTF-8\'\'%E6%97%A5'),
        ('a"b', 'inline; filename="a_b"; filename*=UTF-8\'\'a%22b'),
        ('a\\b', 'inline; filename="a_b"; filename*=UTF-8\'\'a%5Cb'),
        (
            'a\r\nX: y',
            'inline; filename="a__X_ y"; filename*=UTF-8\'\'a%0D%0AX%3A%20y',
        ),
        ('a\0b', 'inline; filename="a_b"; filename*=UTF-8\'\'a%00b'),
        ('a%41', 'inline; filename="a_41"; filename*=UTF-8\'\'a%2541'),
        ('\ud800', 'inline; filename="images"; filename*=UTF-8\'\'%3F'),
    ],
)
def test_a_name_cannot_break_out_of_its_header(name: str, header: str) -> None:
    assert content_disposition('inline', name) == header


def test_a_client_that_reads_ascii_alone_can_tell_downloads_apart(
    service: Service,
) -> None:
    image = ('image', jpeg(), '日本.png')
    document = service.client.post_form('c', form(image)).json
    header = get(service, document).headers['Content-Disposition']
    digits = document['_file']['sha256'][:12]
    assert header.startswith(f'inline; filename="image-{digits}.png"; filename*=')


def test_a_file_that_is_missing_is_404_and_not_cached(service: Service) -> None:
    document = service.client.upload()
    service.stored_files()[0].unlink()
    for response in (
        get(service, document),
        service.client.simulate_head(path_of(document)),
    ):
        assert response.status_code == 404
        assert 'Cache-Control' not in response.headers
    assert 'missing' in get(service, document).json['description']


def test_a_file_that_was_cut_is_not_served(service: Service) -> None:
    document = service.client.upload()
    service.stored_files()[0].write_bytes(jpeg()[:-1])
    response = get(service, document)
    assert response.status_code == 404
    assert 'damaged' in response.json['description']
    head = service.client.simulate_head(path_of(document))
    assert head.status_code == 404
    assert 'ETag' not in head.headers


@pytest.mark.parametrize('size', [65_535, 65_536, 65_537, 300_000])
def test_small_and_large_files_are_the_same_to_clients(
    service: Service, size: int
) -> None:
    content = jpeg() + bytes(number % 251 for number in range(size - len(jpeg())))
    document = service.client.upload('c', content)
    whole = get(service, document)
    assert whole.content == content
    assert whole.headers['Content-Length'] == str(size)
    for text, part in (
        ('bytes=0-65535', slice(0, 65_536)),
        ('bytes=1-', slice(1, None)),
        ('bytes=-9', slice(-9, None)),
    ):
        answer = get(service, document, Range=text)
        assert (answer.status_code, answer.content) == (206, content[part])


@pytest.mark.skipif(not hasattr(os, 'pread'), reason='made to fail where it is used')
def test_a_disk_that_cannot_be_read_is_503_and_not_cached(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = service.client.upload()

    def fail(*args: object) -> bytes:
        raise OSError(errno.EIO, 'Input/output error')

    monkeypatch.setattr(os, 'pread', fail)
    response = get(service, document)
    assert response.status_code == 503
    assert 'Cache-Control' not in response.headers
    assert 'ETag' not in response.headers


@pytest.mark.skipif(not hasattr(os, 'pread'), reason='made to fail where it is used')
def test_a_file_that_is_cut_while_it_is_read_is_not_served(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = service.client.upload()
    pread = os.pread
    monkeypatch.setattr(os, 'pread', lambda file, size, at: pread(file, size - 1, at))
    assert get(service, document).status_code == 404


class TestDocumentsOfTheEarlierVersion:
    """They have no ``_file``; the file lies under the client's own names."""

    @pytest.fixture
    def legacy(self, service: Service) -> Any:
        def make(image: Any, content: bytes | None = None, folder: str = 'c') -> Any:
            document = {'image': image, 'ai_prediction': 'OK'}
            service.database.c.insert_one(document)
            if content is not None:
                path = service.settings.uploads_directory / 'images' / folder
                path.mkdir(exist_ok=True)
                (path / image).write_bytes(content)
            return document

        return make

    def test_they_are_served(self, service: Service, legacy: Any) -> None:
        document = legacy('a b.jpg', jpeg())
        response = get(service, document)
        assert response.content == jpeg()
        assert response.headers['Content-Type'] == 'image/jpeg'
        tag = response.headers['ETag']
        assert get(service, document, If_None_Match=tag).status_code == 304
        assert get(service, document, Range='bytes=0-1').content == jpeg()[:2]

    def test_a_file_that_changed_has_another_tag(
        self, service: Service, legacy: Any
    ) -> None:
        document = legacy('a.jpg', jpeg())
        first = get(service, document).headers['ETag']
        path = service.settings.uploads_directory / 'images/c/a.jpg'
        path.write_bytes(jpeg(color='green') + b' ')
        assert get(service, document).headers['ETag'] != first

    def test_a_page_is_not_served_as_one(self, service: Service, legacy: Any) -> None:
        response = get(service, legacy('x.html', b'<script>alert(1)</script>'))
        assert response.headers['Content-Type'] == 'application/octet-stream'
        assert response.headers['Content-Disposition'].startswith('attachment')

    @pytest.mark.parametrize(
        'image',
        [
            *('../../secret', '/etc/passwd', '..', '.', '', 'a/../b', '..\\..\\x'),
            *('C:\\x', 'CON', 'a\0b', None, 1, {'$ne': 1}, ['a.jpg']),
        ],
    )
    def test_no_name_leads_outside(
        self, service: Service, legacy: Any, image: object
    ) -> None:
        (service.settings.uploads_directory / 'secret').write_text('secret')
        document = legacy(image)
        assert get(service, document).status_code == 400
        one = path_of(document).removesuffix('/image')
        assert service.client.simulate_delete(one).status_code == 200
        assert (service.settings.uploads_directory / 'secret').exists()

    def test_a_pattern_is_only_a_name(self, service: Service, legacy: Any) -> None:
        legacy('good.jpg', jpeg())
        one = path_of(legacy('g*.jpg')).removesuffix('/image')
        assert service.client.simulate_delete(one).status_code == 200
        assert [path.name for path in service.stored_files()] == ['good.jpg']

    def test_deleting_one_keeps_a_file_that_another_uses(
        self, service: Service, legacy: Any
    ) -> None:
        first, second = legacy('a.jpg', jpeg()), legacy('a.jpg', jpeg())
        service.client.simulate_delete(path_of(first).removesuffix('/image'))
        assert get(service, second).content == jpeg()
        service.client.simulate_delete(path_of(second).removesuffix('/image'))
        assert service.stored_files() == []

    @pytest.mark.parametrize(
        'foreign',
        [
            *('text', {'a': 1}, None, [1], {'type': 'x'}),
            {'size': '1', 'type': ['x'], 'sha256': {}},
        ],
    )
    def test_a_field_of_the_clients_own_is_not_taken_for_ours(
        self, service: Service, legacy: Any, foreign: object
    ) -> None:
        first, second = legacy('a.jpg', jpeg()), legacy('a.jpg', jpeg())
        service.database.c.update_many({}, {'$set': {'_file': foreign}})
        assert get(service, second).content == jpeg()
        service.client.simulate_delete(path_of(first).removesuffix('/image'))
        assert get(service, second).content == jpeg()

    def test_a_name_too_long_for_the_disk_is_404(
        self, service: Service, legacy: Any
    ) -> None:
        assert get(service, legacy('x' * 300)).status_code == 404

    def test_dropping_removes_their_files(self, service: Service, legacy: Any) -> None:
        legacy('a.jpg', jpeg())
        legacy('a.jpg', jpeg())
        service.client.upload('c')
        response = service.client.simulate_delete('/collections/c')
        assert response.json == {'name': 'c', 'documents': 3}
        assert service.stored_files() == []

    def test_their_time_may_be_missing(self, service: Service, legacy: Any) -> None:
        document = legacy('a.jpg', jpeg())
        generated = document['_id'].generation_time
        modified = parsedate_to_datetime(
            get(service, document).headers['Last-Modified']
        )
        assert modified == generated

    def test_their_properties_can_be_changed(
        self, service: Service, legacy: Any
    ) -> None:
        one = path_of(legacy('a.jpg', jpeg())).removesuffix('/image')
        response = service.client.simulate_put(one, json={'x': 1})
        assert response.json == {'_id': one.rsplit('/')[-1], 'image': 'a.jpg', 'x': 1}

    def test_odd_values_are_printed_and_survive_a_merge(self, service: Service) -> None:
        value = {
            'decimal': bson.Decimal128('NaN'),
            'regex': bson.Regex('x'),
            'nan': float('nan'),
            'binary': bson.Binary(b'\0', 5),
        }
        service.database.c.insert_one({'_id': bson.ObjectId(), 'v': value})
        one = service.client.simulate_get('/collections/c/images').json[0]['_id']
        response = service.client.simulate_patch(
            f'/collections/c/images/{one}',
            body='{"x": 1}',
            content_type='application/merge-patch+json',
        )
        assert response.json['x'] == 1
        stored = service.database.c.find_one()
        assert stored
        assert str(stored['v']) == str(value)


def test_a_folder_without_rights_is_503(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = service.client.upload()

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(os, 'open', refuse)
    response = get(service, document)
    assert response.status_code == 503
    assert 'Permission' not in response.text
    assert str(Path(service.settings.uploads_directory)) not in response.text


def test_files_are_private_when_authentication_is_on(service: Service) -> None:
    document = service.client.upload()
    with running(
        service.settings, use_authentication=True, identification_url='http://[::1]:1'
    ) as guarded:
        assert guarded.client.simulate_get(path_of(document)).status_code == 401


@pytest.mark.parametrize('part', ['', '/image', '/thumbnail'])
@pytest.mark.parametrize('method', ['GET', 'HEAD'])
def test_what_has_another_tag_than_is_wanted_is_412(
    service: Service, part: str, method: str
) -> None:
    path = path_of(service.client.upload()).removesuffix('/image') + part
    tag = service.client.simulate_get(path).headers['ETag']

    def status(given: str) -> int:
        answer = service.client.simulate_request(
            method, path, headers={'If-Match': given, 'Range': 'bytes=0-3'}
        )
        is_cacheable = 'Cache-Control' in answer.headers and part
        assert not (answer.status_code == 412 and is_cacheable)
        return answer.status_code

    is_part = part == '/image' and method == 'GET'
    done = 206 if is_part else 200
    assert [status('"x"'), status(f'W/{tag}'), status(f'"x", {tag}'), status('*')] == [
        *(412, 412, done, done)
    ]
