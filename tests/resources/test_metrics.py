"""What Prometheus reads at `/metrics`."""

import io
import multiprocessing
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from falcon_images import __version__
from falcon_images.settings import Settings
from falcon_images.telemetry import processes
from falcon_images.telemetry.metrics import Metrics
from tests.support.pictures import jpeg
from tests.support.service import Client, Service, form, running

UNKNOWN = '0' * 24
IMAGES = '/collections/{collection_name}/images'
UNREACHABLE = 'mongodb://127.0.0.1:1/'
LINUX = sys.platform == 'linux'


def samples(client: Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    response = client.simulate_get('/metrics')
    assert response.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def sample(client: Client, name: str, **labels: str) -> float | None:
    return samples(client).get((f'falcon_images_{name}', frozenset(labels.items())))


def answers(client: Client, method: str, route: str, status: str) -> float | None:
    labels = {'method': method, 'route': route, 'status': status}
    return sample(client, 'requests_total', **labels)


def test_the_page_is_text_for_prometheus(service: Service) -> None:
    response = service.client.simulate_get('/metrics')
    assert response.headers['Content-Type'].startswith('text/plain; version=0.0.4')
    head = service.client.simulate_head('/metrics')
    assert (head.status_code, head.text) == (200, '')


def test_the_version_is_told(service: Service) -> None:
    assert sample(service.client, 'info', version=__version__) == 1


def test_answers_are_counted_by_method_route_and_status(service: Service) -> None:
    service.client.upload('a')
    service.client.upload('b')
    for name in ('a', 'b'):
        service.client.simulate_get(f'/collections/{name}/images/{UNKNOWN}')
        service.client.simulate_get(f'/collections/{name}/images/x')
    one = f'{IMAGES}/{{image_id}}'
    assert answers(service.client, 'POST', IMAGES, '200') == 2
    assert answers(service.client, 'GET', one, '404') == 2
    assert answers(service.client, 'GET', one, '400') == 2


@pytest.mark.filterwarnings('ignore:Unknown REQUEST_METHOD')
def test_unknown_addresses_and_methods_have_one_label_each(service: Service) -> None:
    for number in range(3):
        service.client.simulate_get(f'/nowhere/{number}')
        service.client.simulate_request(f'BREW{number}', '/')
    assert answers(service.client, 'GET', 'none', '404') == 3
    assert answers(service.client, 'other', '/', '400') == 3


def test_no_path_query_or_collection_is_told(service: Service) -> None:
    service.client.upload('secret_name')
    service.client.simulate_get('/collections/secret_name/images?token=secret_token')
    service.client.simulate_get('/secret_path')
    assert 'secret' not in service.client.simulate_get('/metrics').text


def test_durations_fall_into_buckets(service: Service) -> None:
    service.client.simulate_get('/health/live')
    labels = {'method': 'GET', 'route': '/health/live', 'status': '200'}
    name = 'request_duration_seconds'
    assert sample(service.client, f'{name}_bucket', le='+Inf', **labels) == 1
    assert 0 < (sample(service.client, f'{name}_sum', **labels) or 0) < 10


def test_bytes_of_bodies_are_counted(service: Service) -> None:
    sent = form(('image', jpeg(), 'a.jpg'))
    answer = service.client.post_form('c', sent)
    labels = {'method': 'POST', 'route': IMAGES, 'status': '200'}
    received = sample(service.client, 'request_bytes_total', **labels)
    assert received == len(sent.body)
    told = sample(service.client, 'response_bytes_total', **labels)
    assert told == len(answer.content)


def test_a_head_has_no_bytes(service: Service) -> None:
    image_id = service.client.upload('c')['_id']
    service.client.simulate_head(f'/collections/c/images/{image_id}/image')
    labels = {
        'method': 'HEAD',
        'route': f'{IMAGES}/{{image_id}}/image',
        'status': '200',
    }
    assert sample(service.client, 'response_bytes_total', **labels) == 0


def test_images_and_bytes_that_were_stored_are_counted(service: Service) -> None:
    service.client.upload('c', jpeg())
    service.client.upload('d', jpeg())
    assert sample(service.client, 'images_stored_total') == 2
    assert sample(service.client, 'image_bytes_stored_total') == 2 * len(jpeg())


def test_what_is_not_stored_is_not_counted(service: Service) -> None:
    sent = form(('image', jpeg(), 'a.jpg'))
    for _ in range(3):
        service.client.post_form('c', sent, headers={'Idempotency-Key': 'k'})
    service.client.post_form('c', sent, params={'dedupe': 'true'})
    service.client.post_form('c', form(('image', b'text', 'a.jpg')))
    assert sample(service.client, 'images_stored_total') == 1


class WatchedStream(io.BytesIO):
    """A body that looks at the metrics when it is read."""

    in_flight: float | None = None
    client: Client

    def read(self, size: int | None = -1) -> bytes:
        if self.in_flight is None:
            self.in_flight = sample(self.client, 'uploads_in_flight')
        return super().read(size)


@pytest.mark.parametrize('image', [jpeg(), b'no image'])
def test_an_upload_is_in_flight_until_it_ends(service: Service, image: bytes) -> None:
    sent = form(('image', image, 'a.jpg'))
    stream = WatchedStream(sent.body)
    stream.client = service.client
    service.client.post_form('c', sent, extras={'wsgi.input': stream})
    assert stream.in_flight == 1
    assert sample(service.client, 'uploads_in_flight') == 0


def test_the_operations_of_the_database_are_timed(service: Service) -> None:
    service.client.upload('c')
    name = 'database_operation_duration_seconds_count'
    assert sample(service.client, name, operation='insert', outcome='ok') == 1
    filter_ = '{"x": {"$regex": "("}}'
    service.client.simulate_get('/collections/c/images', params={'filter': filter_})
    assert sample(service.client, name, operation='list', outcome='failed') == 1


def test_collections_and_documents_are_counted_in_all(service: Service) -> None:
    for name in ('a', 'a', 'b'):
        service.client.upload(name)
    service.database['_service.x'].insert_one({})
    assert sample(service.client, 'collections') == 2
    assert sample(service.client, 'documents') == 3


def test_the_database_is_asked_but_now_and_then(service: Service) -> None:
    for _ in range(3):
        samples(service.client)
    name = 'database_operation_duration_seconds_count'
    assert sample(service.client, name, operation='list_collections', outcome='ok') == 1


def test_without_the_database_the_page_comes_soon(settings: Settings) -> None:
    with running(settings, mongodb_url=UNREACHABLE) as service:
        started = time.monotonic()
        assert sample(service.client, 'documents') is None
        assert sample(service.client, 'info', version=__version__) == 1
        assert time.monotonic() - started < 3


def test_the_page_needs_no_token(settings: Settings) -> None:
    changes: dict[str, Any] = {
        'use_authentication': True,
        'identification_url': 'http://127.0.0.1:1/',
    }
    with running(settings, **changes) as service:
        service.client.simulate_get('/collections')
        assert answers(service.client, 'GET', 'none', '401') == 1


@pytest.mark.skipif(not LINUX, reason='the library asks Linux alone')
def test_the_process_is_told(service: Service) -> None:
    text = service.client.simulate_get('/metrics').text
    assert '\nprocess_resident_memory_bytes ' in text
    assert '\nprocess_cpu_seconds_total ' in text


Told = dict[tuple[str, str | None], float]


def count_in_process(folder: Path, other_pid: int, told: Any, may_go_on: Any) -> None:
    """Be one of the processes: count, tell, wait, forget the other, tell again."""
    processes.share_between_processes(folder)
    metrics = Metrics()
    for _ in range(1 if other_pid else 2):
        metrics.count_image(100)
        metrics.count_answer(('GET', '/', 200), 0.002, 0, 10)
    metrics.uploads_in_flight.inc()
    told.put(collect(metrics))
    may_go_on.wait(30)
    if other_pid:
        processes.forget_process(other_pid)
        told.put(collect(metrics))


def collect(metrics: Metrics) -> Told:
    return {
        (sample.name, sample.labels.get('le')): sample.value
        for metric in processes.collected(metrics.registry)
        for sample in metric.samples
    }


@pytest.fixture(scope='module')
def sums(tmp_path_factory: pytest.TempPathFactory) -> tuple[Told, Told]:
    """What one of two processes tells: of both, and when the other has ended."""
    folder = tmp_path_factory.mktemp('shared')
    spawn = multiprocessing.get_context('spawn')
    told = spawn.Queue()

    def start(other_pid: int) -> tuple[Any, Any]:
        may_go_on = spawn.Event()
        arguments = (folder, other_pid, told, may_go_on)
        process = spawn.Process(target=count_in_process, args=arguments)
        process.start()
        return process, may_go_on

    first, first_may_end = start(0)
    told.get(timeout=30)
    second, second_may_go_on = start(first.pid)
    both = told.get(timeout=30)
    first_may_end.set()
    first.join(30)
    second_may_go_on.set()
    alone = told.get(timeout=30)
    second.join(30)
    assert (first.exitcode, second.exitcode) == (0, 0)
    return both, alone


def test_one_process_tells_the_sum_of_all(sums: tuple[Told, Told]) -> None:
    told = sums[0]
    assert told['falcon_images_images_stored_total', None] == 3
    assert told['falcon_images_image_bytes_stored_total', None] == 300
    assert told['falcon_images_requests_total', None] == 3
    assert told['falcon_images_uploads_in_flight', None] == 2
    bucket = 'falcon_images_request_duration_seconds_bucket'
    assert (told[bucket, '0.001'], told[bucket, '0.0025']) == (0, 3)


def test_what_a_process_did_outlives_it_but_not_what_it_does(
    sums: tuple[Told, Told],
) -> None:
    told = sums[1]
    assert told['falcon_images_images_stored_total', None] == 3
    assert told['falcon_images_uploads_in_flight', None] == 1


@pytest.mark.skipif(not LINUX, reason='the library asks Linux alone')
def test_the_memory_of_all_processes_is_summed(sums: tuple[Told, Told]) -> None:
    both, one = (told['process_resident_memory_bytes', None] for told in sums)
    assert both > 1.5 * one
    started, its_own_start = (told['process_start_time_seconds', None] for told in sums)
    assert started < its_own_start
