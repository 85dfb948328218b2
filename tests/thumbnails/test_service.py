"""The thumbnail's route: its headers, what is kept, and how little it disturbs."""

import contextlib
import errno
import http.client
import io
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any, BinaryIO

import falcon.testing
import pytest
from PIL import Image

from falcon_images.app import create_app
from falcon_images.errors import StorageFullError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.spool import UploadSpool
from falcon_images.files.thumbnail_sizes import SIZES
from falcon_images.parts import ServiceParts
from falcon_images.thumbnails.drawers import Drawer, Drawers
from falcon_images.thumbnails.protocol import Answer, Order
from tests.support import pictures
from tests.support.pictures import jpeg, saved
from tests.support.server import serving
from tests.support.service import Client, Form, Service, form, running
from tests.support.thumbnails import get, path_of, state

COLORS = ('red', 'lime', 'blue', 'black', 'white', 'yellow', 'cyan', 'magenta')


def size_of(response: falcon.testing.Result) -> tuple[int, int]:
    with Image.open(io.BytesIO(response.content), formats=('WEBP',)) as image:
        return image.size


def thumbnails(service: Service) -> list[Path]:
    folder = service.settings.uploads_directory / 'thumbnails'
    return sorted(path for path in folder.rglob('*') if path.is_file())


def folder_is_empty(service: Service) -> bool:
    folder = service.settings.uploads_directory / 'thumbnails'
    return not folder.exists() or not any(folder.iterdir())


def one_file(service: Service) -> Path:
    (path,) = service.stored_files()
    return path


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The longest side of each thumbnail that is drawn."""
    sides: list[int] = []
    draw = Drawers.draw

    def draw_and_count(self: Drawers, order: Order, file_bytes: int) -> Answer:
        sides.append(order.longest_side)
        return draw(self, order, file_bytes)

    monkeypatch.setattr(Drawers, 'draw', draw_and_count)
    return sides


class Gate:
    """Holds drawings up until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = threading.Event()
        self.at_once = self.most_at_once = 0
        self.entered = threading.Semaphore(0)
        draw, lock = Drawer.draw, threading.Lock()

        def draw_when_opened(drawer: Drawer, order: Order, file_bytes: int) -> Answer:
            with lock:
                self.at_once += 1
                self.most_at_once = max(self.at_once, self.most_at_once)
            self.entered.release()
            assert self.opened.wait(30)
            try:
                return draw(drawer, order, file_bytes)
            finally:
                with lock:
                    self.at_once -= 1

        monkeypatch.setattr(Drawer, 'draw', draw_when_opened)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.opened.set()


class TestAnswer:
    def test_the_headers(self, service: Service) -> None:
        document = service.client.upload()
        response = get(service, document)
        response.headers.pop('X-Request-ID')
        response.headers.pop('Access-Control-Expose-Headers')
        assert response.headers == {
            'Access-Control-Allow-Origin': '*',
            'Cache-Control': 'public, max-age=31536000, immutable',
            'Content-Length': str(len(response.content)),
            'Content-Security-Policy': "sandbox; default-src 'none'",
            'Content-Type': 'image/webp',
            'Cross-Origin-Resource-Policy': 'cross-origin',
            'ETag': f'"{document["_file"]["sha256"]}-small-2"',
            'X-Content-Type-Options': 'nosniff',
            'X-Thumbnail': 'ok',
        }

    @pytest.mark.parametrize('size', SIZES)
    def test_the_sizes(self, service: Service, size: str) -> None:
        document = service.client.upload('c', jpeg(2000, 1000))
        side = {'small': 160, 'medium': 320, 'large': 1024}[size]
        assert size_of(get(service, document, size)) == (side, side // 2)

    @pytest.mark.parametrize('parameters', [{}, {'size': ''}])
    def test_the_size_is_small_when_none_is_given(
        self, service: Service, parameters: dict[str, str]
    ) -> None:
        path = path_of(service.client.upload('c', jpeg(2000, 1000)))
        response = service.client.simulate_get(path, params=parameters)
        assert size_of(response) == (160, 80)

    @pytest.mark.parametrize('size', ['tiny', 'SMALL', '160', 'small,large', '../x'])
    def test_another_size_is_400(self, service: Service, size: str) -> None:
        response = get(service, service.client.upload(), size)
        assert response.status_code == 400
        expected = 'The parameter "size" is one of small, medium, large.'
        assert response.json['description'] == expected

    def test_head_has_the_headers_of_get(self, service: Service) -> None:
        document = service.client.upload()
        for _ in range(2):
            head = service.client.simulate_head(
                path_of(document), headers={'X-Request-ID': 'r'}
            )
            assert (head.status_code, head.content) == (200, b'')
            assert head.headers == get(service, document, X_Request_ID='r').headers

    @pytest.mark.parametrize('word', ['images', 'documents', 'items'])
    def test_each_word_for_images_works(self, service: Service, word: str) -> None:
        path = path_of(service.client.upload(), word)
        assert state(service.client.simulate_get(path)) == 'ok'
        assert service.client.simulate_get(f'{path}/').status_code == 200

    @pytest.mark.parametrize('name', pictures.every_format())
    def test_each_format_is_drawn(self, service: Service, name: str) -> None:
        document = service.client.upload('c', pictures.every_format()[name][0])
        response = get(service, document)
        assert (state(response), size_of(response)) == ('ok', (40, 30))

    def test_an_image_that_does_not_exist_is_404(self, service: Service) -> None:
        service.client.upload()
        response = get(service, {'_id': '0' * 24})
        assert response.status_code == 404
        assert 'X-Thumbnail' not in response.headers

    def test_an_id_that_is_none_is_400(self, service: Service) -> None:
        assert get(service, {'_id': 'x'}).status_code == 400

    def test_another_method_is_405(self, service: Service) -> None:
        path = path_of(service.client.upload())
        assert service.client.simulate_delete(path).status_code == 405

    def test_what_the_client_has_is_304_without_a_look_at_files(
        self, service: Service, drawn: list[int]
    ) -> None:
        document = service.client.upload()
        tag = f'"{document["_file"]["sha256"]}-small-2"'
        one_file(service).unlink()
        response = get(service, document, If_None_Match=tag)
        assert (response.status_code, response.content, drawn) == (304, b'', [])
        assert response.headers['ETag'] == tag
        assert 'immutable' in response.headers['Cache-Control']

    def test_sizes_have_tags_of_their_own(self, service: Service) -> None:
        document = service.client.upload()
        tag = get(service, document, 'small').headers['ETag']
        response = get(service, document, 'large', If_None_Match=tag)
        assert response.status_code == 200

    def test_authentication_is_that_of_images(self, service: Service) -> None:
        document = service.client.upload()
        with running(
            service.settings,
            use_authentication=True,
            identification_url='http://[::1]:1',
        ) as guarded:
            response = guarded.client.simulate_get(path_of(document))
            assert response.status_code == 401

    def test_pages_of_other_origins_may_read_the_state(self, service: Service) -> None:
        response = get(service, service.client.upload(), Origin='http://x')
        exposed = response.headers['Access-Control-Expose-Headers'].split(', ')
        assert 'X-Thumbnail' in exposed


class TestKeeping:
    def test_a_thumbnail_is_drawn_once(
        self, service: Service, drawn: list[int]
    ) -> None:
        document = service.client.upload()
        first = get(service, document)
        assert get(service, document).content == first.content
        with running(service.settings) as later:
            again = later.client.simulate_get(path_of(document))
            # The database went with the first service.
            assert again.status_code == 200
            assert again.content == first.content
        assert drawn == [160]

    def test_it_is_kept_under_the_hash_of_the_image(self, service: Service) -> None:
        sha256 = service.client.upload()['_file']['sha256']
        for document in (service.client.upload(), service.client.upload()):
            content = get(service, document, 'large').content
        folder = service.settings.uploads_directory / 'thumbnails'
        expected = folder / sha256[:2] / sha256[2:4] / f'{sha256}-large-2.webp'
        assert thumbnails(service) == [expected]
        assert expected.read_bytes() == content

    def test_nothing_is_left_in_incoming(self, service: Service) -> None:
        get(service, service.client.upload())
        incoming = service.settings.uploads_directory / 'incoming'
        assert list(incoming.rglob('*.part')) == []

    def test_one_that_is_empty_on_disk_is_drawn_anew(self, service: Service) -> None:
        document = service.client.upload()
        first = get(service, document).content
        thumbnails(service)[0].write_bytes(b'')
        assert get(service, document).content == first
        assert thumbnails(service)[0].read_bytes() == first

    def test_a_full_disk_keeps_nobody_from_seeing_it(
        self,
        service: Service,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        document = service.client.upload()

        @contextlib.contextmanager
        def full(spool: UploadSpool) -> Iterator[BinaryIO]:
            raise StorageFullError('The disk is full.')
            yield io.BytesIO()

        with monkeypatch.context() as patched:
            patched.setattr(UploadSpool, 'new_file', full)
            states = [state(get(service, document)) for _ in range(3)]
        assert states == ['ok'] * 3
        said = [r for r in caplog.records if 'cannot be kept' in r.message]
        assert len(said) == 1
        assert thumbnails(service) == []
        assert state(get(service, document)) == 'ok'
        assert len(thumbnails(service)) == 1


class TestWhatCannotBeDrawn:
    def check_unavailable(self, response: falcon.testing.Result) -> None:
        assert state(response) == 'unavailable'
        assert response.headers['Cache-Control'] == 'no-cache'
        assert response.headers['X-Content-Type-Options'] == 'nosniff'
        assert 'ETag' not in response.headers
        assert size_of(response) == (160, 120)
        assert len(response.content) < 2000

    def test_an_svg(self, service: Service) -> None:
        document = service.client.upload('c', pictures.SVG)
        self.check_unavailable(get(service, document))
        assert folder_is_empty(service)

    def test_an_image_of_too_many_pixels(self, service: Service) -> None:
        with running(service.settings, max_thumbnail_pixels=64 * 48 - 1) as small:
            document = small.client.upload()
            self.check_unavailable(small.client.simulate_get(path_of(document)))

    @pytest.mark.parametrize(
        'content',
        [
            pictures.png_header(50000, 50000),
            pictures.gif_header(65535, 65535, 2),
            pictures.tiff_header(2**31 - 1, 2**31 - 1),
            pictures.webp_header(16383, 16383),
        ],
    )
    def test_a_small_file_that_says_it_is_huge(
        self, service: Service, content: bytes
    ) -> None:
        self.check_unavailable(get(service, service.client.upload('c', content)))

    def test_it_is_not_tried_again_for_each_view(
        self, service: Service, drawn: list[int]
    ) -> None:
        document = service.client.upload('c', pictures.SVG)
        for size in ('small', 'small', 'large'):
            self.check_unavailable(get(service, document, size))
        assert drawn == [160]


class TestDamage:
    def check_damaged(self, response: falcon.testing.Result) -> None:
        assert state(response) == 'damaged'
        assert response.headers['Cache-Control'] == 'no-cache'
        assert 'ETag' not in response.headers
        assert size_of(response) == (160, 120)

    def test_a_missing_file(self, service: Service) -> None:
        document = service.client.upload()
        path = one_file(service)
        path.rename(path.with_suffix('.gone'))
        self.check_damaged(get(service, document))
        path.with_suffix('.gone').rename(path)
        assert state(get(service, document)) == 'ok'

    def test_a_file_of_another_size(self, service: Service) -> None:
        document = service.client.upload()
        one_file(service).write_bytes(jpeg()[:-1])
        self.check_damaged(get(service, document))

    def test_damage_is_seen_although_a_thumbnail_is_kept(
        self, service: Service
    ) -> None:
        document = service.client.upload()
        assert state(get(service, document)) == 'ok'
        one_file(service).write_bytes(jpeg()[:-1])
        self.check_damaged(get(service, document))

    @pytest.mark.parametrize('place', [0, -200])
    def test_other_bytes_of_the_same_number(
        self, service: Service, caplog: pytest.LogCaptureFixture, place: int
    ) -> None:
        document = service.client.upload()
        path = one_file(service)
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
        self.check_damaged(get(service, document))
        said = [r.levelno for r in caplog.records if 'is damaged' in r.message]
        assert said == [logging.WARNING]
        assert thumbnails(service) == []

    def test_an_image_that_was_cut_before_it_was_sent(self, service: Service) -> None:
        noise = saved(Image.effect_noise((300, 200), 60), 'JPEG')
        document = service.client.upload('c', noise[: len(noise) // 2])
        self.check_damaged(get(service, document))
        assert thumbnails(service) == []

    def test_it_looks_otherwise_than_what_is_not_drawn(self, service: Service) -> None:
        contents = set()
        for sent in (jpeg(2000, 1000)[:-300], pictures.SVG):
            contents.add(get(service, service.client.upload('c', sent)).content)
        assert len(contents) == 2

    def test_a_disk_that_does_not_read_is_503(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = service.client.upload()

        def refuse(drawers: Drawers, order: Order, file_bytes: int) -> Answer:
            return Answer('unreadable', error_number=errno.EIO)

        monkeypatch.setattr(Drawers, 'draw', refuse)
        response = get(service, document)
        assert response.status_code == 503
        assert 'Retry-After' in response.headers
        assert 'Cache-Control' not in response.headers
        monkeypatch.undo()
        assert state(get(service, document)) == 'ok'


class TestManyAtOnce:
    def test_fifty_requests_draw_once(self, settings: Any, drawn: list[int]) -> None:
        with running(settings, app_threads=100) as service:
            document = service.client.upload('c', jpeg(3000, 2000))
            with ThreadPoolExecutor(50) as threads:
                responses = list(
                    threads.map(lambda _: get(service, document), range(50))
                )
        assert {state(response) for response in responses} == {'ok'}
        assert len({response.content for response in responses}) == 1
        assert drawn == [160]

    def test_two_processes_may_draw_the_same(
        self, service: Service, gate: Gate
    ) -> None:
        document = service.client.upload()
        with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as threads:
            parts = ServiceParts(service.settings, service.parts.budget, stack)
            clients = [service.client, Client(create_app(service.settings, parts))]
            answers = [
                threads.submit(client.simulate_get, path_of(document))
                for client in clients
            ]
            for _ in clients:
                assert gate.entered.acquire(timeout=10)
            gate.opened.set()
            assert [state(answer.result()) for answer in answers] == ['ok'] * 2
        assert len(thumbnails(service)) == 1

    def test_one_that_somebody_reads_on_windows_is_not_replaced(
        self,
        service: Service,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refuse(source: Path, target: Path) -> None:
            target.write_bytes(source.read_bytes())
            raise PermissionError(13, 'Permission denied')

        document = service.client.upload()
        monkeypatch.setattr(Path, 'replace', refuse)
        assert state(get(service, document)) == 'ok'
        assert 'cannot be kept' not in caplog.text

    def test_a_large_one_waits_for_that_of_another_process(
        self, service: Service
    ) -> None:
        document = service.client.upload('c', pictures.large())
        folder = UploadsFolder(service.settings.uploads_directory)
        with ThreadPoolExecutor(1) as threads:
            with folder.thumbnails.one_large():
                answer = threads.submit(get, service, document)
                with pytest.raises(FutureTimeoutError):
                    answer.result(timeout=0.3)
                # Others do not.
                assert state(get(service, service.client.upload())) == 'ok'
                assert not answer.done()
            assert state(answer.result(timeout=10)) == 'ok'

    def test_a_large_one_that_waits_too_long_is_503(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr('falcon_images.files.thumbnails._LARGE_SECONDS', 0.1)
        document = service.client.upload('c', pictures.large())
        folder = UploadsFolder(service.settings.uploads_directory)
        with folder.thumbnails.one_large():
            assert get(service, document).status_code == 503
        assert state(get(service, document)) == 'ok'

    @pytest.mark.parametrize(
        ('workers', 'at_once'),
        [
            (1, 2),
            pytest.param(
                *(4, 1), marks=pytest.mark.skipif(os.name == 'nt', reason='one there')
            ),
        ],
    )
    def test_few_are_drawn_at_once(
        self, settings: Any, gate: Gate, workers: int, at_once: int
    ) -> None:
        with running(settings, app_threads=100, app_workers=workers) as service:
            documents = [service.client.upload('c', jpeg(color=c)) for c in COLORS]
            with ThreadPoolExecutor(8) as threads:
                responses = [threads.submit(get, service, d) for d in documents]
                for _ in range(at_once):
                    assert gate.entered.acquire(timeout=10)
                assert not gate.entered.acquire(timeout=0.2)
                gate.opened.set()
                assert {state(r.result()) for r in responses} == {'ok'}
        assert gate.most_at_once == at_once

    def test_more_than_may_wait_get_503(self, settings: Any, gate: Gate) -> None:
        with running(settings, app_threads=1) as service:
            documents = [service.client.upload('c', jpeg(color=c)) for c in COLORS]
            with ThreadPoolExecutor(1) as threads:
                first = threads.submit(get, service, documents[0])
                assert gate.entered.acquire(timeout=10)
                response = get(service, documents[1])
                assert response.status_code == 503
                assert response.headers['Retry-After'] == '5'
                assert set(response.json) == {'title', 'description'}
                gate.opened.set()
                assert state(first.result()) == 'ok'
            # Those that are kept wait for nobody, and the place is free again.
            assert state(get(service, documents[0])) == 'ok'
            assert state(get(service, documents[1])) == 'ok'

    def test_a_drawing_that_fails_gives_its_place_back(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(drawers: Drawers, order: Order, file_bytes: int) -> Answer:
            raise RuntimeError

        with running(settings, app_threads=1) as service:
            document = service.client.upload()
            monkeypatch.setattr(Drawers, 'draw', fail)
            codes = [get(service, document).status_code for _ in range(3)]
            monkeypatch.undo()
            assert codes == [500] * 3
            assert state(get(service, document)) == 'ok'

    def test_uploads_go_on_while_fifty_wait(self, service: Service, gate: Gate) -> None:
        documents = [service.client.upload('c', jpeg(64 + n)) for n in range(50)]
        with serving(service.app, threads=service.settings.app_threads) as server:

            def ask(document: dict[str, Any]) -> int:
                return request(server.address, 'GET', path_of(document))

            with ThreadPoolExecutor(50) as threads:
                waiting = [threads.submit(ask, document) for document in documents]
                assert gate.entered.acquire(timeout=10)
                sent = form(('image', jpeg(), 'a.jpg'))
                codes = [
                    request(server.address, 'POST', '/collections/d/images', sent)
                    for _ in range(10)
                ]
                gate.opened.set()
                answers = Counter(future.result() for future in waiting)
        assert codes == [200] * 10
        # Of 8 threads, 6 may wait; who comes when they do is told to come again.
        assert set(answers) == {200, 503}
        assert answers[200] >= 6


def request(
    address: tuple[str, int], method: str, path: str, sent: Form | None = None
) -> int:
    connection = http.client.HTTPConnection(*address[:2], timeout=60)
    with contextlib.closing(connection):
        headers = {'Content-Type': sent.content_type} if sent else {}
        connection.request(method, path, sent.body if sent else None, headers)
        response = connection.getresponse()
        response.read()
        return response.status


class TestDeletion:
    def delete(self, service: Service, document: dict[str, Any]) -> None:
        path = path_of(document).removesuffix('/thumbnail')
        assert service.client.simulate_delete(path).status_code == 200

    def test_they_go_with_the_image(self, service: Service) -> None:
        document = service.client.upload()
        for size in SIZES:
            get(service, document, size)
        assert len(thumbnails(service)) == 3
        self.delete(service, document)
        assert folder_is_empty(service)

    def test_they_are_drawn_again_for_another_image_of_the_same_bytes(
        self, service: Service
    ) -> None:
        first, second = service.client.upload(), service.client.upload()
        content = get(service, first).content
        self.delete(service, first)
        assert get(service, second).content == content
        self.delete(service, second)
        assert folder_is_empty(service)

    def test_those_of_other_images_stay(self, service: Service) -> None:
        first, second = service.client.upload(), service.client.upload('c', jpeg(99))
        get(service, first)
        get(service, second)
        self.delete(service, first)
        (kept,) = thumbnails(service)
        assert kept.name.startswith(second['_file']['sha256'])

    def test_they_go_with_the_collection(self, service: Service) -> None:
        for color in COLORS:
            get(service, service.client.upload('c', jpeg(color=color)))
        assert len(thumbnails(service)) == len(COLORS)
        service.client.simulate_delete('/collections/c')
        assert folder_is_empty(service)

    def test_one_that_stays_is_no_failure(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = service.client.upload()
        get(service, document)
        unlink = Path.unlink

        def refuse(path: Path, missing_ok: bool = False) -> None:
            if path.suffix == '.webp':
                raise PermissionError(13, 'Permission denied')
            unlink(path, missing_ok)

        monkeypatch.setattr(Path, 'unlink', refuse)
        self.delete(service, document)
        assert service.stored_files() == []
        assert len(thumbnails(service)) == 1

    @pytest.mark.parametrize('sha256', ['../../images', '', '*', 'a' * 63])
    def test_a_hash_that_is_none_leads_nowhere(
        self, service: Service, sha256: str
    ) -> None:
        path = one_file_of(service)
        service.folder.thumbnails.delete(sha256)
        assert path.exists()
        assert len(thumbnails(service)) == 1


def one_file_of(service: Service) -> Path:
    get(service, service.client.upload())
    return one_file(service)


class TestDocumentsOfTheEarlierVersion:
    @pytest.fixture
    def legacy(self, service: Service) -> Any:
        def make(image: Any, content: bytes | None = None) -> Any:
            document = {'image': image}
            service.database.c.insert_one(document)
            if content is not None:
                path = service.settings.uploads_directory / 'images/c' / image
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
            return document

        return make

    def test_they_have_thumbnails(
        self, service: Service, legacy: Any, drawn: list[int]
    ) -> None:
        document = legacy('a b.jpg', jpeg())
        first = get(service, document)
        assert (state(first), size_of(first)) == ('ok', (64, 48))
        assert get(service, document).content == first.content
        tag = first.headers['ETag']
        assert get(service, document, If_None_Match=tag).status_code == 304
        assert drawn == [160]

    def test_a_file_that_changed_has_another(
        self, service: Service, legacy: Any
    ) -> None:
        document = legacy('a.jpg', jpeg())
        first = get(service, document)
        path = service.settings.uploads_directory / 'images/c/a.jpg'
        path.write_bytes(jpeg(99, color='green'))
        second = get(service, document)
        assert second.content != first.content
        assert second.headers['ETag'] != first.headers['ETag']

    def test_a_missing_file_is_shown_as_damaged(
        self, service: Service, legacy: Any
    ) -> None:
        assert state(get(service, legacy('a.jpg'))) == 'damaged'

    def test_what_is_no_image_cannot_be_drawn(
        self, service: Service, legacy: Any
    ) -> None:
        document = legacy('x.html', b'<script>alert(1)</script>')
        assert state(get(service, document)) == 'unavailable'

    @pytest.mark.parametrize('image', ['../x', '..', '', None, 1, {'$ne': 1}])
    def test_no_name_leads_outside(
        self, service: Service, legacy: Any, image: object
    ) -> None:
        assert get(service, legacy(image)).status_code == 400
        assert folder_is_empty(service)

    def test_they_go_with_the_last_image_that_has_the_file(
        self, service: Service, legacy: Any
    ) -> None:
        first, second = legacy('a.jpg', jpeg()), legacy('a.jpg', jpeg())
        get(service, first)
        get(service, first, 'large')
        service.client.simulate_delete(f'/collections/c/images/{first["_id"]}')
        assert len(thumbnails(service)) == 2
        service.client.simulate_delete(f'/collections/c/images/{second["_id"]}')
        assert folder_is_empty(service)
