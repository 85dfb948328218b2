"""What clients did and were told, to be compared with what is there in the end."""

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.support.pictures import jpeg

TIMEOUT_SECONDS = 60
_numbers = itertools.count()


class NoAnswerError(Exception):
    """Nobody knows whether the request was carried out."""


@dataclass
class Image:
    """One image as its client knows it; without an id, nobody knows whether it is."""

    collection_name: str
    token: str
    sha256: str
    image_id: str = ''
    value: int = 0
    uncertain_values: set[int] = field(default_factory=set)
    is_deleted: bool = False
    maybe_deleted: bool = False

    @property
    def path(self) -> str:
        return f'/collections/{self.collection_name}/images/{self.image_id}'


class Client:
    """One client with its own images; everything it was told is in its record."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token
        self.images: list[Image] = []
        self.touched: list[Image] = []
        self.anomalies: list[str] = []
        self.acknowledged = 0
        self.uncertain = 0
        self.session = requests.Session()

    def upload(self, collection_name: str) -> None:
        token = f'{self._token}-{next(_numbers)}'
        content = jpeg() + token.encode()
        digest = hashlib.sha256(content).hexdigest()
        image = Image(collection_name, token, digest)
        self.images.append(image)
        self.touched.append(image)
        with self._uncertain(lambda: None):
            response = self._send(
                'POST',
                f'/collections/{collection_name}/images',
                data={'token': token, 'json': '{"value": 0}'},
                files={'image': ('a.jpg', content)},
            )
            image.image_id = response.json()['_id']

    def patch(self, image: Image, value: int) -> None:
        self.touched.append(image)
        with self._uncertain(lambda: image.uncertain_values.add(value)):
            self._send('PATCH', image.path, json={'value': value})
            image.value = value
            image.uncertain_values.clear()

    def delete(self, image: Image) -> None:
        self.touched.append(image)

        def remember() -> None:
            image.maybe_deleted = True

        with self._uncertain(remember):
            self._send('DELETE', image.path)
            image.is_deleted = True

    def usable(self) -> list[Image]:
        return [
            image
            for image in self.images
            if image.image_id and not image.is_deleted and not image.maybe_deleted
        ]

    @contextmanager
    def _uncertain(self, remember: Callable[[], object]) -> Iterator[None]:
        try:
            yield
            self.acknowledged += 1
        except NoAnswerError:
            self.uncertain += 1
            remember()

    def _send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        try:
            response = self.session.request(
                method, self.url + path, timeout=TIMEOUT_SECONDS, **kwargs
            )
        except requests.RequestException as ex:
            self.session.close()
            self.session = requests.Session()
            raise NoAnswerError from ex
        if response.status_code != 200:
            if response.status_code != 503:
                said = f'{method} {path}: {response.status_code} {response.text[:200]}'
                self.anomalies.append(said)
            raise NoAnswerError
        return response


@dataclass
class Verdict:
    """What was found wrong, by kind; all of it must stay empty."""

    lost: list[str] = field(default_factory=list)
    documents_without_file: list[str] = field(default_factory=list)
    changed_bytes: list[str] = field(default_factory=list)
    lost_patches: list[str] = field(default_factory=list)
    undeleted: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    checked: int = 0

    def wrong(self) -> dict[str, list[str]]:
        return {
            name: found
            for name, found in vars(self).items()
            if name != 'checked' and found
        }

    def figures(self) -> dict[str, int]:
        return {
            name: len(found) for name, found in vars(self).items() if name != 'checked'
        }


class Verifier:
    """Compares a service with the records of its clients."""

    def __init__(self, url: str, clients: list[Client], verdict: Verdict) -> None:
        self._url = url
        self._clients = clients
        self._local = threading.local()
        self.verdict = verdict

    def verify_touched(self) -> None:
        """Check what clients worked on since this was last called."""
        touched = [image for client in self._clients for image in client.touched]
        for client in self._clients:
            client.touched = []
        self._verify(touched)

    def verify_all(self) -> None:
        """Check all images that there ever were."""
        self._verify([image for client in self._clients for image in client.images])

    def _verify(self, images: list[Image]) -> None:
        unique = list({image.token: image for image in images}.values())
        listed = self._listed({image.collection_name for image in unique})
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda image: self._check(image, listed), unique))
        known = {image.token for client in self._clients for image in client.images}
        self.verdict.unknown += listed.keys() - known

    def _listed(self, collection_names: set[str]) -> dict[str, dict[str, Any]]:
        listed = {}
        for name in sorted(collection_names):
            for document in self._get(f'/collections/{name}/images').json():
                listed[document['token']] = document
        return listed

    def _check(self, image: Image, listed: dict[str, dict[str, Any]]) -> None:
        self.verdict.checked += 1
        document = listed.get(image.token)
        if document is None:
            self._check_absent(image)
            return
        if image.is_deleted:
            self.verdict.undeleted.append(image.path)
        image.image_id = document['_id']
        image.maybe_deleted = False
        self._check_value(image, document['value'])
        self._check_file(image)

    def _check_absent(self, image: Image) -> None:
        is_known = image.image_id and not image.is_deleted
        if is_known and not image.maybe_deleted:
            self.verdict.lost.append(image.path)
        image.is_deleted = True

    def _check_value(self, image: Image, value: int) -> None:
        if value not in {image.value} | image.uncertain_values:
            self.verdict.lost_patches.append(
                f'{image.path}: {value}, not {image.value}/{image.uncertain_values}'
            )
        image.value = value
        image.uncertain_values.clear()

    def _check_file(self, image: Image) -> None:
        response = self._get(f'{image.path}/image')
        if response.status_code != 200:
            self.verdict.documents_without_file.append(image.path)
        elif hashlib.sha256(response.content).hexdigest() != image.sha256:
            self.verdict.changed_bytes.append(image.path)

    def _get(self, path: str) -> requests.Response:
        if not hasattr(self._local, 'session'):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session.get(self._url + path, timeout=TIMEOUT_SECONDS)
