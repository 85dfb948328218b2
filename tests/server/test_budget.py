"""The budget of threads: no kind of work takes all of them."""

import contextlib
import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import falcon.inspect
import pytest

from falcon_images.errors import TooBusyError
from falcon_images.metadata.fields.counting import CountedFields
from falcon_images.server.budget import Budget, Work, work_of
from falcon_images.server.http_server import Server, listen
from falcon_images.server.timeouts import Timeouts
from falcon_images.settings import Settings
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running

LIST, READ = '/collections/c/images', '/collections/c/images/0'
PATIENT = Timeouts(header_seconds=20, request_seconds=60)


def test_each_route_has_its_kind_of_work(service: Service) -> None:
    kinds: dict[Work, set[str]] = {work: set() for work in Work}
    for route in falcon.inspect.inspect_routes(service.app):
        for method in route.methods:
            path = re.sub('{.+?}', 'x', route.path)
            kinds[work_of(method.method, path)].add(f'{method.method} {path}')
    path = '/collections/x'
    words = [f'{path}/{word}' for word in ('images', 'documents', 'items')]
    counted = ('fields', 'histogram', 'changes', 'snapshots')
    reads = [path, *(f'{path}/{word}' for word in counted)]
    reads += words
    reads += [f'{word}/x/neighbors' for word in words]
    assert kinds[Work.UPLOAD] == {f'POST {word}' for word in words}
    assert kinds[Work.SLOW] == {
        *(f'{method} {read}' for method in ('GET', 'HEAD') for read in reads),
        *(f'{method} {word}' for method in ('PATCH', 'DELETE') for word in words),
        f'DELETE {path}',
        *(f'POST {path}/{word}' for word in ('import', 'relabel', 'snapshots')),
        f'POST {path}/claims',
        *(f'POST {word}/query' for word in words),
        *(f'POST {path}/changes/x/{step}' for step in ('revert', 'finish')),
    }


def test_a_slash_at_the_end_changes_no_work() -> None:
    assert work_of('GET', f'{LIST}/') is Work.SLOW
    assert work_of('GET', f'{LIST}/x/') is Work.SMALL


def begun(budget: Budget, work: Work) -> bool:
    """Begin work in a thread of its own, as a request does."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(budget.begin, work).result()


@pytest.mark.parametrize(
    ('threads', 'slow', 'uploads', 'uploads_beside'),
    [(1, 1, 1, 0), (2, 1, 1, 0), (3, 1, 2, 1), (4, 2, 3, 1), (8, 6, 7, 1)],
)
def test_slow_work_leaves_threads_to_uploads_and_these_to_reads(
    threads: int, slow: int, uploads: int, uploads_beside: int
) -> None:
    budget = Budget(threads)
    assert sum(begun(budget, Work.SLOW) for _ in range(10)) == slow
    assert sum(begun(budget, Work.UPLOAD) for _ in range(10)) == uploads_beside
    assert begun(budget, Work.SMALL)
    budget = Budget(threads)
    assert sum(begun(budget, Work.UPLOAD) for _ in range(10)) == uploads
    assert not begun(budget, Work.SLOW)


def test_a_thread_takes_one_place_and_gives_it_back() -> None:
    budget = Budget(1)
    for _ in range(2):
        with budget.taken(), budget.taken():
            assert not begun(budget, Work.UPLOAD)
    with pytest.raises(ZeroDivisionError), budget.taken():
        raise ZeroDivisionError
    assert begun(budget, Work.SLOW)
    with pytest.raises(TooBusyError, match='APP_THREADS'), budget.taken():
        pass


class Gated:
    """A WSGI application whose lists and uploads wait until they are let go."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Semaphore(0), threading.Event()
        self.at_once: Counter[Work] = Counter()
        self._lock = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], respond: Callable[..., Any]
    ) -> Iterable[bytes]:
        work = work_of(environ['REQUEST_METHOD'], environ['PATH_INFO'])
        if work is not Work.SMALL:
            with self._lock:
                self.at_once[work] += 1
            self.entered.release()
            assert self.opened.wait(20)
        respond('200 OK', [('Content-Length', '2')])
        return [b'ok']


@contextlib.contextmanager
def served(application: Any, budget: Budget, threads: int) -> Iterator[int]:
    listener = listen('127.0.0.1', 0)
    server = Server(
        application,
        listener,
        threads=threads,
        max_body_bytes=10**6,
        timeouts=PATIENT,
        budget=budget,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.stop()
        thread.join()


def ask(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=20)
    sent = form(('image', jpeg(), 'a.jpg'))
    is_upload = method == 'POST'
    headers = {'Content-Type': sent.content_type} if is_upload else {}
    connection.request(method, path, sent.body if is_upload else None, headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_reads_overtake_uploads_and_lists_that_wait_for_a_thread() -> None:
    gated = Gated()
    with served(gated, Budget(4), 4) as port, ThreadPoolExecutor(40) as clients:
        lists = [clients.submit(ask, port, 'GET', LIST) for _ in range(15)]
        for _ in range(2):
            assert gated.entered.acquire(timeout=10)
        uploads = [clients.submit(ask, port, 'POST', LIST) for _ in range(15)]
        assert gated.entered.acquire(timeout=10)
        assert [ask(port, 'GET', READ) for _ in range(5)] == [200] * 5
        assert gated.at_once == {Work.SLOW: 2, Work.UPLOAD: 1}
        gated.opened.set()
        assert {each.result() for each in (*lists, *uploads)} == {200}


def test_lists_that_waited_too_long_are_503(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Budget(3, wait_seconds=0.2)
    with running(settings, budget=budget) as service:
        service.client.upload()
        assert begun(budget, Work.SLOW)
        with served(service.app, budget, 3) as port:
            with ThreadPoolExecutor(5) as clients:
                lists = [clients.submit(ask, port, 'GET', LIST) for _ in range(5)]
                assert {each.result() for each in lists} == {503}
            assert ask(port, 'POST', LIST) == 200


def test_what_is_too_much_for_other_servers_is_503_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, may_go_on = threading.Event(), threading.Event()
    with running(settings, app_threads=1) as service:
        image_id = service.client.upload()['_id']
        count = service.parts.lists.count_fields

        def wait_and_count(*args: Any) -> CountedFields:
            started.set()
            assert may_go_on.wait(20)
            return count(*args)

        monkeypatch.setattr(service.parts.lists, 'count_fields', wait_and_count)
        client = service.client
        with ThreadPoolExecutor() as pool:
            pool.submit(client.simulate_get, '/collections/c/fields')
            assert started.wait(20)
            refused = client.simulate_get(LIST)
            assert refused.status_code == 503
            assert refused.json['title'] == 'Too busy'
            assert refused.headers['Retry-After']
            assert client.simulate_get(f'{LIST}/{image_id}').status_code == 200
            client.upload()
            may_go_on.set()
        assert client.simulate_get(LIST).status_code == 200
