"""The description in OpenAPI is valid, whole, and that of the application."""

from collections.abc import Iterator
from typing import Any

import falcon.inspect
import pytest
import referencing
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing.jsonschema import DRAFT202012

from falcon_images import __version__
from falcon_images.resources.errors import ERRORS
from falcon_images.settings import Settings
from tests.support.documentation import ALIASES, table
from tests.support.service import Service, running

METHODS = ('get', 'head', 'post', 'put', 'patch', 'delete')
URI = 'urn:description'


def operations(described: dict[str, Any]) -> dict[str, Any]:
    """The operations, each by its method and path."""
    return {
        f'{method.upper()} {path}': item[method]
        for path, item in described['paths'].items()
        for method in METHODS
        if method in item
    }


@pytest.fixture
def described(service: Service) -> dict[str, Any]:
    response = service.client.simulate_get('/openapi.json')
    assert response.headers['Content-Type'] == 'application/json'
    return dict(response.json)


def test_it_is_valid(described: dict[str, Any]) -> None:
    errors = OpenAPIV31SpecValidator(described).iter_errors()
    assert [str(error) for error in errors] == []


def test_it_has_the_version_of_the_service(described: dict[str, Any]) -> None:
    assert described['info']['version'] == __version__
    assert 'x-shared' not in described


def test_it_has_exactly_the_routes_that_are_mounted(
    service: Service, described: dict[str, Any]
) -> None:
    mounted = {
        f'{method.method} {route.path}'.replace(':path}', '}')
        for route in falcon.inspect.inspect_routes(service.app)
        for method in route.methods
        if not ALIASES.search(route.path) and not method.internal
    }
    written = set(operations(described))
    # Told in a sentence: wherever GET is.
    written |= {name.replace('GET', 'HEAD', 1) for name in written}
    assert written == mounted


def test_other_names_of_a_route_have_its_methods(service: Service) -> None:
    methods: dict[str, set[str]] = {}
    for route in falcon.inspect.inspect_routes(service.app):
        path = route.path.replace('/documents', '/images').replace('/items', '/images')
        path = path.removesuffix('/info')
        if path.endswith('/file'):
            path = path.removesuffix('/file') + '/image'
        names = {method.method for method in route.methods}
        assert methods.setdefault(path, names) == names, route.path


def test_the_statuses_of_the_errors_are_described(described: dict[str, Any]) -> None:
    every = operations(described).values()
    written = {status for operation in every for status in operation['responses']}
    assert {status.split()[0] for status, _ in ERRORS.values()} <= written
    assert {row[0] for row in table('Status')} - written <= {'405'}


def test_the_list_parameters_of_the_documentation_are_described(
    described: dict[str, Any],
) -> None:
    written = {
        parameter['name']
        for parameter in described['components']['parameters'].values()
    }
    for row in table('Parameter | Other names'):
        names = f'{row[0]} {row[1]}'.replace('`', '').replace(',', '').split()
        assert set(names) <= written


def examples(node: Any, pointer: str = '#') -> Iterator[tuple[str, Any]]:
    """All examples, each with the place of the schema that it must fit."""
    if isinstance(node, dict):
        if 'schema' in node:
            place = f'{pointer}/schema'
            if 'example' in node:
                yield place, node['example']
            for example in node.get('examples', {}).values():
                yield place, example['value']
        elif isinstance(node.get('examples'), list):
            yield from ((pointer, example) for example in node['examples'])
        for name, member in node.items():
            escaped = name.replace('~', '~0').replace('/', '~1')
            yield from examples(member, f'{pointer}/{escaped}')
    elif isinstance(node, list):
        for number, member in enumerate(node):
            yield from examples(member, f'{pointer}/{number}')


def test_examples_fit_their_schemas(described: dict[str, Any]) -> None:
    resource = DRAFT202012.create_resource(described)
    registry = referencing.Registry[Any]().with_resource(URI, resource)
    found = list(examples(described))
    assert len(found) > 50
    for place, example in found:
        schema = {'$ref': f'{URI}{place}'}
        validator = Draft202012Validator(schema, registry=registry)
        errors = [error.message for error in validator.iter_errors(example)]
        assert errors == [], place


def test_every_operation_has_a_name_of_its_own(described: dict[str, Any]) -> None:
    every = operations(described).values()
    names = [operation['operationId'] for operation in every]
    assert len(set(names)) == len(names)


def test_what_the_client_has_is_304(service: Service) -> None:
    first = service.client.simulate_get('/openapi.json')
    headers = {'If-None-Match': first.headers['ETag']}
    again = service.client.simulate_get('/openapi.json', headers=headers)
    assert (again.status_code, again.content) == (304, b'')


def test_its_page_is_our_own_and_runs_nothing_inline(service: Service) -> None:
    page = service.client.simulate_get('/docs')
    assert page.headers['Content-Security-Policy'].startswith("default-src 'none'")
    assert '<script>' not in page.text
    for word in ('href="', 'src="'):
        for address in page.text.split(word)[1:]:
            path = address.split('"')[0]
            assert service.client.simulate_get(path).status_code == 200, path


def test_neither_it_nor_its_page_needs_a_token(settings: Settings) -> None:
    changes: dict[str, Any] = {
        'use_authentication': True,
        'identification_url': 'http://127.0.0.1:1/',
    }
    with running(settings, **changes) as service:
        assert service.client.simulate_get('/collections').status_code == 401
        for path in ('/openapi.json', '/docs', '/docs/start.js'):
            assert service.client.simulate_get(path).status_code == 200
