"""What the client sends again, and what it does not."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from falcon_images.client import AnswerError, Client, ClientError, UnreachableError
from tests.support.cutting_proxy import Cuts, cutting_proxy
from tests.support.pictures import jpeg
from tests.support.scripted_server import Answer, Script, scripted_server
from tests.support.serving import Serving

BUSY = Answer(503, {'title': 'Busy', 'description': 'Try again.'})
Ask = Callable[[Client], object]


@pytest.fixture
def url(serving: Serving) -> str:
    return serving.url


@pytest.mark.parametrize('place', [0, 100, 20_000, 500_000])
def test_an_upload_that_is_cut_while_it_is_sent_arrives_once(
    serving: Serving, collection: str, place: int
) -> None:
    cuts = Cuts(sent=[place, place])
    with cutting_proxy(serving.port, cuts) as url, Client(url) as client:
        client.upload(collection, jpeg() + bytes(600_000))
        assert (client.count(collection), cuts.made) == (1, 2)


@pytest.mark.parametrize('place', [0, 20])
def test_an_upload_whose_answer_is_cut_arrives_once(
    serving: Serving, collection: str, place: int
) -> None:
    cuts = Cuts(answered=[place, place])
    with cutting_proxy(serving.port, cuts) as url, Client(url) as client:
        assert client.upload(collection, jpeg()).is_replayed
        assert (client.count(collection), cuts.made) == (1, 2)


def test_a_download_that_is_cut_goes_on_where_it_was(
    serving: Serving, collection: str, tmp_path: Path
) -> None:
    content = jpeg() + bytes(900_000)
    cuts = Cuts()
    with cutting_proxy(serving.port, cuts) as url, Client(url) as client:
        image_id = client.upload(collection, content).document['_id']
    cuts.answered = [300_000, 300_000]
    with cutting_proxy(serving.port, cuts) as url, Client(url) as client:
        seen: list[int] = []
        client.download(collection, image_id, tmp_path / 'a.jpg', seen.append)
    assert (tmp_path / 'a.jpg').read_bytes() == content
    assert (sum(seen), cuts.made) == (len(content), 2)


def test_what_asks_to_try_again_is_sent_again() -> None:
    script = Script([BUSY, BUSY, Answer(200, ['a'])])
    with scripted_server(script) as url, Client(url) as client:
        assert client.collections() == ['a']
    assert len(script.requests) == 3


def test_it_waits_as_long_as_it_is_told() -> None:
    script = Script([Answer(503, {}, {'Retry-After': '1'}), Answer(200, [])])
    begun = time.monotonic()
    with scripted_server(script) as url, Client(url) as client:
        client.collections()
    assert time.monotonic() - begun >= 1


def test_it_gives_up_in_time() -> None:
    script = Script([BUSY])
    with (
        scripted_server(script) as url,
        Client(url, retry_seconds=0.5) as client,
        pytest.raises(AnswerError, match='Try again'),
    ):
        client.collections()
    assert len(script.requests) > 1


def test_nobody_there_is_one_sentence() -> None:
    with (
        Client('http://127.0.0.1:1', retry_seconds=0) as client,
        pytest.raises(UnreachableError, match=r'^http\S+ does not answer \(.*\)'),
    ):
        client.collections()


@pytest.mark.parametrize('status', [400, 404, 415, 500, 501])
def test_a_refusal_is_not_sent_again(status: int) -> None:
    script = Script([Answer(status, {'description': 'No.'})])
    with (
        scripted_server(script) as url,
        Client(url) as client,
        pytest.raises(AnswerError, match=r'No\.') as raised,
    ):
        client.collections()
    assert (raised.value.status, len(script.requests)) == (status, 1)


@pytest.mark.parametrize(
    'ask',
    [
        lambda client: client.delete_many('c', {'a': 1}),
        lambda client: client.change_many('c', {'a': 1}, {'b': 2}),
    ],
)
def test_a_change_of_many_is_sent_once(ask: Ask) -> None:
    script = Script([BUSY])
    with (
        scripted_server(script) as url,
        Client(url) as client,
        pytest.raises(AnswerError),
    ):
        ask(client)
    assert len(script.requests) == 1


def test_an_upload_is_not_led_elsewhere() -> None:
    script = Script([Answer(302, {}, {'Location': 'https://elsewhere/'})])
    with (
        scripted_server(script) as url,
        Client(url) as client,
        pytest.raises(AnswerError, match='moved to https://elsewhere/'),
    ):
        client.upload('c', jpeg())
    assert [method for method, _ in script.requests] == ['POST']


@pytest.mark.parametrize('body', ['x', [], {}, {'_id': '1', '_file': {'sha256': 'x'}}])
def test_an_answer_of_something_else_is_no_upload(body: object) -> None:
    script = Script([Answer(200, body)])
    with (
        scripted_server(script) as url,
        Client(url) as client,
        pytest.raises(AnswerError, match='is the address right'),
    ):
        client.upload('c', jpeg())


def test_waiting_ends_when_it_is_told() -> None:
    stop = threading.Event()
    with Client('http://127.0.0.1:1', retry_seconds=600, stop=stop) as client:
        timer = threading.Timer(0.3, stop.set)
        timer.start()
        with pytest.raises(UnreachableError, match='given up'):
            client.collections()
        timer.join()


def test_a_token_is_sent_and_none_of_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / 'netrc'
    netrc.write_text('machine 127.0.0.1 login a password b')
    monkeypatch.setenv('NETRC', str(netrc))
    script = Script([Answer(200, [])])
    with scripted_server(script) as url:
        for token in ('secret', ''):
            with Client(url, token=token) as client:
                client.collections()
    sent = [headers.get('Authorization') for headers in script.headers]
    assert sent == ['Bearer secret', None]


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script([Answer(200, ['by proxy'])])
    with scripted_server(script) as proxy:
        monkeypatch.setenv('http_proxy', proxy)
        monkeypatch.setenv('no_proxy', '')
        with Client('http://storage.invalid') as client:
            assert client.collections() == ['by proxy']
    assert script.requests == [('GET', 'http://storage.invalid/collections')]


def test_an_address_that_is_none_is_one_sentence() -> None:
    with (
        Client('http://[', retry_seconds=0) as client,
        pytest.raises(ClientError, match='cannot be asked'),
    ):
        client.collections()
