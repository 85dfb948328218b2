"""The names of callers: what the identification service says, and where it is kept."""

import json
from collections.abc import Callable, Iterator

import pytest

from falcon_images.middleware.caller_names import name_in
from falcon_images.settings import Settings
from tests.support.bulk_changes import CHANGES, IMAGES
from tests.support.identification import KNOWN, Handler, IdentificationServer
from tests.support.importing import with_manifest
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running

TOO_LONG = json.dumps({'name': 'Ann', 'more': 'x' * 64 * 1024}).encode()


def answering(body: bytes, byte_seconds: float = 0) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Length', str(len(body)))
        handler.end_headers()
        for at in range(len(body)) if byte_seconds else ():
            handler.server.stopped.wait(byte_seconds)
            handler.wfile.write(body[at : at + 1])
        if not byte_seconds:
            handler.wfile.write(body)

    return answer


@pytest.fixture
def named(
    settings: Settings, identification: IdentificationServer
) -> Iterator[Service]:
    """A service that is told names, and the name of the token ``known``."""
    identification.answer = answering(json.dumps({'name': '田中 Ann'}).encode())
    with running(
        settings,
        use_authentication=True,
        identification_url=identification.url,
        identification_name='name',
    ) as made:
        yield made


def upload(service: Service) -> str:
    sent = form(('label', 'OK'), ('image', jpeg(), 'a.jpg'))
    answer = service.client.post_form('c', sent, headers=KNOWN)
    assert answer.status_code == 200, answer.text
    found: str = answer.json['_id']
    return found


def makers(service: Service) -> list[str | None]:
    listed = service.client.simulate_get(CHANGES, headers=KNOWN).json
    return [each.get('by') for each in listed]


def test_every_kind_of_change_says_who_made_it(named: Service) -> None:
    image_id = upload(named)
    client, path = named.client, f'{IMAGES}/{image_id}'
    archive = with_manifest([{'image': 'b.jpg'}], {'b.jpg': jpeg()})
    types = {'Content-Type': 'text/csv'}
    revertible = {'query_string': 'revertible=true', 'headers': KNOWN}
    sheet = f'_id,label\r\n{image_id},y\r\n'
    for answer in (
        client.simulate_patch(path, json={'label': 'x'}, **revertible),
        client.simulate_post(
            '/collections/c/relabel', body=sheet, headers=KNOWN | types
        ),
        client.simulate_post(
            '/collections/c/import',
            body=archive,
            headers=KNOWN | {'Content-Type': 'application/zip'},
        ),
        client.simulate_delete(path, **revertible),
        client.simulate_delete(IMAGES, query_string='all=true', headers=KNOWN),
    ):
        assert answer.status_code == 200, answer.text
    assert makers(named) == ['田中 Ann'] * 5


def test_others_do_not_come_to_the_change_of_a_user(
    named: Service, identification: IdentificationServer
) -> None:
    ids = [upload(named) for _ in range(2)]
    first = named.client.simulate_patch(
        f'{IMAGES}/{ids[0]}',
        json={'n': 1},
        query_string='revertible=true',
        headers=KNOWN,
    ).headers['X-Change']
    identification.answer = answering(b'{"name": "Bob"}')
    second = named.client.simulate_patch(
        f'{IMAGES}/{ids[1]}',
        json={'n': 1},
        query_string=f'revertible={first}',
        headers={'Authorization': 'Bearer another'},
    ).headers['X-Change']
    assert second != first
    assert makers(named) == ['Bob', '田中 Ann']


@pytest.mark.parametrize(
    'body',
    [b'', b'no JSON', b'[1]', b'{"name": {"a": 1}}', b'{"user": "Ann"}', TOO_LONG],
    ids=['none', 'text', 'list', 'object', 'other', 'too-long'],
)
def test_without_a_name_a_change_is_made_all_the_same(
    named: Service, identification: IdentificationServer, body: bytes
) -> None:
    identification.answer = answering(body)
    image_id = upload(named)
    answer = named.client.simulate_patch(
        f'{IMAGES}/{image_id}',
        json={'label': 'x'},
        query_string='revertible=true',
        headers=KNOWN,
    )
    assert answer.status_code == 200
    assert makers(named) == [None]


@pytest.mark.parametrize(
    ('name', 'kept'),
    [
        ('Ann', 'Ann'),
        (17, '17'),
        ('x' * 101, 'x' * 100),
        ('a\r\nb\u202e\ud800', 'ab'),
        (' ', ''),
        (True, ''),
        (None, ''),
        ('my secret token', ''),
    ],
)
def test_what_is_kept_of_a_name(name: object, kept: str) -> None:
    body = json.dumps({'name': name}).encode()
    assert name_in(body, 'name', 'secret') == kept
