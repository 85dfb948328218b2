"""A primary that is ahead of the others: nobody is told what it may have to forget."""

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.pictures import jpeg
from tests.support.replica_set import Member, ReplicaSet
from tests.support.serving import Serving, eventually

SHORT_ROUNDS, LONG_ROUNDS = 1, 8
MERGE_PATCH = 'application/merge-patch+json'
NO_ANSWER = 503
Send = Callable[[], requests.Response]


class Scene:
    """Images that were acknowledged, and requests whose effect is not known."""

    def __init__(self, serving: Serving, number: int) -> None:
        self.serving = serving
        self.name = f'c{number}'
        self.new = jpeg(color='blue') + str(number).encode()
        self.changed = self.upload(jpeg(), label='changed')
        self.deleted = self.upload(jpeg(), label='deleted')
        self.dropped = f'dropped{number}'
        lost = serving.upload(jpeg(), self.dropped)['_id']
        self.file_of_dropped = f'/collections/{self.dropped}/images/{lost}/image'
        self.tag = str(serving.get(self.changed).headers['ETag'])

    def upload(self, image: bytes, **fields: str) -> str:
        document = self.serving.upload(image, self.name, **fields)
        return f'/collections/{self.name}/images/{document["_id"]}'

    def send(self, method: str, path: str, **kwargs: Any) -> Send:
        url = self.serving.url + path
        return lambda: requests.request(method, url, timeout=60, **kwargs)

    def form(self, key: str = '', label: str = '', once: bool = False) -> Send:
        return self.send(
            'POST',
            f'/collections/{self.name}/images',
            params={'dedupe': 'true'} if once else {},
            headers={'Idempotency-Key': key} if key else {},
            data={'label': label},
            files={'image': ('a.jpg', self.new)},
        )

    def first_requests(self) -> dict[str, Send]:
        return {
            'upload': self.form('k', 'new'),
            'patch': self.send('PATCH', self.changed, json={'a': 1}),
            'delete': self.send('DELETE', self.deleted),
            'drop': self.send('DELETE', f'/collections/{self.dropped}'),
        }

    def retries(self) -> dict[str, Send]:
        """Requests that the primary alone could answer, with what it has to forget."""
        merge = {'Content-Type': MERGE_PATCH}
        old = {'If-Match': self.tag}
        images = f'/collections/{self.name}/images'
        return self.first_requests() | {
            'upload of what is there': self.form(once=True),
            'another upload with the key': self.form('k', 'another'),
            'patch with nothing': self.send('PATCH', self.changed, json={}),
            'patch with what is there': self.send('PATCH', self.changed, json={'a': 1}),
            'put of what is there': self.send(
                'PUT', self.changed, json={'label': 'changed', 'a': 1}
            ),
            'merge of what is there': self.send(
                'PATCH', self.changed, data='{"a": 1}', headers=merge
            ),
            'patch with an old tag': self.send(
                'PATCH', self.changed, json={'a': 2}, headers=old
            ),
            'delete with an old tag': self.send('DELETE', self.changed, headers=old),
            'delete with any tag': self.send(
                'DELETE', self.deleted, headers={'If-Match': '*'}
            ),
            'patch of the deleted': self.send('PATCH', self.deleted, json={'a': 1}),
            'put of the deleted': self.send('PUT', self.deleted, json={'a': 1}),
            'merge of the deleted': self.send(
                'PATCH', self.deleted, data='{"a": 1}', headers=merge
            ),
            'put into a list of the deleted': self.send(
                'PATCH', self.deleted, json={'a.0': 1}
            ),
            'bulk delete of the deleted': self.send(
                'DELETE', f'{images}?label=deleted'
            ),
        }


def statuses(requests_: dict[str, Send]) -> dict[str, int]:
    with ThreadPoolExecutor(6) as pool:
        sent = {name: pool.submit(send) for name, send in requests_.items()}
        return {name: answer.result().status_code for name, answer in sent.items()}


def without_answer(names: dict[str, Send]) -> dict[str, int]:
    return dict.fromkeys(names, NO_ANSWER)


@pytest.fixture
def serving(replica_set: ReplicaSet, start: Callable[..., Serving]) -> Serving:
    return start(MONGODB_URL=replica_set.url).ready()


@contextlib.contextmanager
def lag(replica_set: ReplicaSet) -> Iterator[Member]:
    """Let the primary run ahead, then lose it, and start it anew at the end."""
    primary = replica_set.hold_back()
    yield primary
    replica_set.fail_over(primary)


def check_all_can_be_done(scene: Scene) -> None:
    """Ask again, when there is a majority; what is told then must be so."""
    again = scene.first_requests()
    eventually(lambda: again['upload']().status_code == 200, 60)
    # They are back, and so must their files be, which the reconciler may have seen.
    for path in (f'{scene.deleted}/image', scene.file_of_dropped):
        assert scene.serving.get(path).content == jpeg()
    assert statuses(again) == dict.fromkeys(again, 200)
    (new,) = scene.serving.get(f'/collections/{scene.name}/images?label=new').json()
    path = f'/collections/{scene.name}/images/{new["_id"]}'
    assert scene.serving.get(f'{path}/image').content == scene.new
    assert scene.serving.get(scene.changed).json()['a'] == 1
    assert scene.serving.get(f'{scene.changed}/image').content == jpeg()
    assert scene.serving.get(scene.deleted).status_code == 404
    assert scene.serving.get(f'/collections/{scene.dropped}').status_code == 404


def test_nothing_is_told_that_one_server_alone_knows(
    replica_set: ReplicaSet, serving: Serving, is_long: bool
) -> None:
    for number in range(LONG_ROUNDS if is_long else SHORT_ROUNDS):
        scene = Scene(serving, number)
        with lag(replica_set) as primary:
            first, retries = scene.first_requests(), scene.retries()
            assert statuses(first) == without_answer(first)
            assert statuses(retries) == without_answer(retries)
        check_all_can_be_done(scene)
        if is_long:
            primary.start()
            eventually(replica_set.is_complete, 60)
    assert 'Traceback' not in serving.log
