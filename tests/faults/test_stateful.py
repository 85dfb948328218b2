"""Long sequences of requests, each answer compared with that of a simple model."""

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hypothesis
import hypothesis.strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.pictures import jpeg
from tests.support.report import Report
from tests.support.service import Service, form

SHORT = (30, 20)
LONG = (300, 50)
Document = dict[str, Any]
_numbers = itertools.count()

names = st.sampled_from(['one', 'two', 'drei und mehr', '四.4'])
keys = st.sampled_from(['a', 'b', 'tag'])
texts = st.text(
    st.characters(exclude_categories=['Cs'], exclude_characters='\0\r\n'), max_size=5
)
scalars = st.none() | st.booleans() | st.integers(-5, 5) | texts
nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from('xyz'), inner, max_size=2)
    ),
    max_leaves=4,
)
properties = st.fixed_dictionaries(
    {}, optional={'a': nested, 'b': nested, 'score': st.integers(-3, 3), 'tag': texts}
)
patches = st.fixed_dictionaries(
    {},
    optional={
        'a': nested,
        'b': nested,
        'score': st.integers(-3, 3),
        'tag': st.none() | texts,
    },
)


@dataclass
class Image:
    """What the model knows of an image."""

    content: bytes
    document: Document


def system_fields(document: Document) -> Document:
    names = ('_id', 'time', 'image', '_file')
    return {name: document[name] for name in names}


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2, as its pseudocode has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@dataclass
class Figures:
    """How much was done, over all examples."""

    requests: int = 0
    examples: int = 0


class Machine(RuleBasedStateMachine):
    """Clients of an API whose whole state is a dictionary."""

    def __init__(self, service: Service, figures: Figures) -> None:
        super().__init__()
        self._client = service.client
        self._service = service
        self._figures = figures
        self._prefix = f'{next(_numbers)} '
        self._model: dict[str, list[Image]] = {}
        figures.examples += 1

    @rule(
        name=names, typed=properties, plain=st.lists(st.tuples(keys, texts), max_size=3)
    )
    def upload(self, name: str, typed: Document, plain: list[tuple[str, str]]) -> None:
        content = jpeg() + str(next(_numbers)).encode()
        parts: list[Any] = [
            *plain,
            ('json', json.dumps(typed)),
            ('image', content, 'ü.jpg'),
        ]
        sent = form(*parts)
        status, document = self._send(
            'POST', f'{self._path(name)}/images', sent.body, sent.content_type
        )
        assert status == 200, document
        assert document == self._expected(document, plain, typed, content)
        self._model.setdefault(name, []).append(Image(content, document))

    def _expected(
        self,
        document: Document,
        plain: list[tuple[str, str]],
        typed: Document,
        content: bytes,
    ) -> Document:
        expected: Document = {}
        for key, value in plain:
            expected.setdefault(key, []).append(value)
        for key, values in expected.items():
            expected[key] = values[0] if len(values) == 1 else values
        facts = {
            'size': len(content),
            'type': 'image/jpeg',
            'sha256': hashlib.sha256(content).hexdigest(),
            'width': 64,
            'height': 48,
            'whole': True,
        }
        system = {'_id': document['_id'], 'time': document['time']}
        return system | {'image': 'ü.jpg', '_file': facts} | expected | typed

    @rule(name=names, index=st.integers(0, 20))
    def get(self, name: str, index: int) -> None:
        path, image = self._pick(name, index)
        status, document = self._send('GET', path)
        assert (status, document) == (200, image.document) if image else status == 404

    @rule(name=names, index=st.integers(0, 20))
    def get_file(self, name: str, index: int) -> None:
        path, image = self._pick(name, index)
        response = self._client.simulate_get(f'{path}/image')
        self._figures.requests += 1
        assert response.status_code == (200 if image else 404)
        assert image is None or response.content == image.content

    @rule(name=names, index=st.integers(0, 20), body=properties)
    def put(self, name: str, index: int, body: Document) -> None:
        path, image = self._pick(name, index)
        ignored = {'_id': 'x', 'time': 'y', '_file': {}}
        status, document = self._send('PUT', path, json.dumps(body | ignored))
        self._changed(status, document, image, lambda old: system_fields(old) | body)

    @rule(name=names, index=st.integers(0, 20), body=patches)
    def patch(self, name: str, index: int, body: Document) -> None:
        path, image = self._pick(name, index)
        status, document = self._send('PATCH', path, json.dumps(body))
        self._changed(status, document, image, lambda old: old | body)

    @rule(name=names, index=st.integers(0, 20), value=nested)
    def patch_inside(self, name: str, index: int, value: Any) -> None:
        path, image = self._pick(name, index)
        status, document = self._send('PATCH', path, json.dumps({'a.x': value}))
        inner = image.document.get('a', {}) if image else {}
        if image and not isinstance(inner, dict):
            assert status == 400
            return
        changed = {'a': inner | {'x': value}}
        self._changed(status, document, image, lambda old: old | changed)

    @rule(name=names, index=st.integers(0, 20), body=patches)
    def merge_patch(self, name: str, index: int, body: Document) -> None:
        path, image = self._pick(name, index)
        status, document = self._send(
            'PATCH', path, json.dumps(body), 'application/merge-patch+json'
        )
        self._changed(status, document, image, lambda old: merged(old, body))

    def _changed(
        self,
        status: int,
        document: Any,
        image: Image | None,
        change: Callable[[Document], Document],
    ) -> None:
        if image is None:
            assert status == 404
            return
        expected = change(image.document)
        assert (status, document) == (200, expected)
        image.document = expected

    @rule(name=names, index=st.integers(0, 20))
    def delete(self, name: str, index: int) -> None:
        path, image = self._pick(name, index)
        status, answer = self._send('DELETE', path)
        if image is None:
            assert status == 404
            return
        image_id = image.document['_id']
        assert (status, answer) == (200, {'_id': image_id, 'deletedCount': 1})
        self._model[name].remove(image)

    @rule(name=names)
    def drop(self, name: str) -> None:
        status, answer = self._send('DELETE', self._path(name))
        if name not in self._model:
            assert status == 404
            return
        count = len(self._model.pop(name))
        assert (status, answer['documents']) == (200, count)

    @rule(
        name=names,
        limit=st.integers(0, 4),
        skip=st.integers(0, 4),
        direction=st.sampled_from([0, 1, -1]),
        at_least=st.none() | st.integers(-3, 3),
    )
    def list_images(
        self, name: str, limit: int, skip: int, direction: int, at_least: int | None
    ) -> None:
        params = {'limit': str(limit), 'skip': str(skip)}
        if direction:
            params['sort'] = json.dumps({'score': direction})
        if at_least is not None:
            params['filter'] = json.dumps({'score': {'$gte': at_least}})
        response = self._client.simulate_get(
            f'{self._path(name)}/images', params=params
        )
        self._figures.requests += 1
        expected = self._listed(name, direction, at_least)
        end = skip + limit if limit else None
        assert response.json == expected[skip:end]
        assert response.headers['X-Total-Count'] == str(len(expected))

    def _listed(
        self, name: str, direction: int, at_least: int | None
    ) -> list[Document]:
        documents = [image.document for image in self._model.get(name, [])]
        if at_least is not None:
            documents = [d for d in documents if _score(d, -9) >= at_least]
        if direction:
            return sorted(
                documents,
                key=lambda d: (_score(d, -9), d['_id']),
                reverse=direction < 0,
            )
        return sorted(documents, key=lambda d: (d['time'], d['_id']), reverse=True)

    @precondition(lambda self: self._model)
    @rule(name=names)
    def get_collection(self, name: str) -> None:
        status, answer = self._send('GET', self._path(name))
        if name not in self._model:
            assert status == 404
            return
        expected = {'name': self._prefix + name, 'documents': len(self._model[name])}
        assert (status, answer) == (200, expected)

    @invariant()
    def collections_are_those_of_the_model(self) -> None:
        _, listed = self._send('GET', '/collections')
        mine = [name for name in listed if name.startswith(self._prefix)]
        assert mine == sorted(self._prefix + name for name in self._model)

    @invariant()
    def files_are_those_of_the_model(self) -> None:
        ids = {
            image.document['_id'] for images in self._model.values() for image in images
        }
        assert {path.stem for path in self._service.stored_files()} == ids

    def teardown(self) -> None:
        for name in list(self._model):
            self._send('DELETE', self._path(name))

    def _path(self, name: str) -> str:
        return f'/collections/{self._prefix}{name}'

    def _pick(self, name: str, index: int) -> tuple[str, Image | None]:
        """Choose an image, or the address of one that is not there."""
        images = self._model.get(name, [])
        path = f'{self._path(name)}/images'
        if not images or index == 20:
            return f'{path}/6565f0c2a1b2c3d4e5f60718', None
        image = images[index % len(images)]
        return f'{path}/{image.document["_id"]}', image

    def _send(
        self,
        method: str,
        path: str,
        body: str | bytes | None = None,
        content_type: str = 'application/json',
    ) -> tuple[int, Any]:
        self._figures.requests += 1
        headers = {'Content-Type': content_type} if body is not None else {}
        response = self._client.simulate_request(
            method, path, body=body, headers=headers
        )
        return response.status_code, response.json


def _score(document: Document, otherwise: int) -> int:
    score = document.get('score', otherwise)
    return score if isinstance(score, int) else otherwise


def test_the_api_answers_as_its_model(
    service: Service, is_long: bool, report: Report
) -> None:
    examples, steps = LONG if is_long else SHORT
    figures = Figures()
    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    class OfThisTest(Machine):
        def __init__(self) -> None:
            super().__init__(service, figures)

    run_state_machine_as_test(OfThisTest, settings=settings)
    report(examples=figures.examples, requests=figures.requests)
