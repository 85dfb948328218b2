"""Archives of images alone: each file is an image, once, whatever is sent again."""

from typing import Any

import pytest

from tests.support.bulk_changes import changes
from tests.support.importing import (
    images_of,
    import_archive,
    import_body,
    reasons,
    zipped,
)
from tests.support.pictures import jpeg
from tests.support.service import Service, form, running

FILES = {'OK/a.jpg': jpeg(), 'x/NG/b.jpg': jpeg(), 'c.jpg': jpeg()}
ARCHIVE = zipped(FILES)
IMPORT = '/collections/c/import'


def test_every_file_is_an_image_with_the_common_properties(service: Service) -> None:
    answer = import_archive(service, ARCHIVE, ('line', '3'), ('json', '{"n": 1}'))
    assert answer.json == {
        'change': changes(service)[0]['_id'],
        'collection': 'c',
        'imported': 3,
        'updated': 0,
        'unchanged': 0,
        'skipped': [],
        'skipped_count': 0,
    }
    found = [(each['image'], each['line'], each['n']) for each in images_of(service)]
    assert found == [('a.jpg', '3', 1), ('b.jpg', '3', 1), ('c.jpg', '3', 1)]


def test_folders_are_classes_where_that_is_said(service: Service) -> None:
    import_archive(service, ARCHIVE, label_by='label')
    labels = {each['image']: each.get('label') for each in images_of(service)}
    assert labels == {'a.jpg': 'OK', 'b.jpg': 'NG', 'c.jpg': None}


@pytest.mark.parametrize('name', ['_id', 'time', 'a.b', '$x'])
def test_what_no_property_can_be_called_is_no_class(
    service: Service, name: str
) -> None:
    assert import_archive(service, ARCHIVE, label_by=name).status_code == 400
    assert service.stored_files() == []


def test_a_second_import_changes_nothing(service: Service) -> None:
    import_archive(service, ARCHIVE, ('line', '3'))
    before = images_of(service)
    answer = import_archive(service, ARCHIVE, ('line', '3'))
    assert (answer.json['imported'], answer.json['unchanged']) == (0, 3)
    assert images_of(service) == before


def test_what_was_changed_since_stays_so(service: Service) -> None:
    import_archive(service, ARCHIVE)
    path = f'/collections/c/images/{images_of(service)[0]["_id"]}'
    service.client.simulate_patch(path, json={'label': 'NG'})
    assert import_archive(service, ARCHIVE).json['unchanged'] == 3
    assert images_of(service)[0]['label'] == 'NG'


def test_a_second_import_with_other_properties_is_told(service: Service) -> None:
    import_archive(service, ARCHIVE, ('line', '3'))
    answer = import_archive(service, ARCHIVE, ('line', '4'))
    assert 'other properties' in reasons(answer)['OK/a.jpg']
    assert {each['line'] for each in images_of(service)} == {'3'}


def test_other_bytes_under_a_path_are_another_image(service: Service) -> None:
    import_archive(service, ARCHIVE)
    answer = import_archive(service, zipped({**FILES, 'c.jpg': jpeg(5)}))
    assert (answer.json['imported'], answer.json['unchanged']) == (1, 2)


def test_what_was_deleted_is_imported_again(service: Service) -> None:
    import_archive(service, ARCHIVE)
    params = {'all': 'true'}
    service.client.simulate_delete('/collections/c/images', params=params)
    assert import_archive(service, ARCHIVE).json['imported'] == 3


def test_how_an_image_came_is_not_public(service: Service) -> None:
    import_archive(service, ARCHIVE)
    assert all('upload' not in each['_file'] for each in images_of(service))


def test_no_header_can_have_the_key_of_an_import(service: Service) -> None:
    import_archive(service, ARCHIVE)
    found = service.database.c.find_one({})
    assert found
    assert '\n' in found['_file']['upload']['key']


def test_the_digest_of_the_archive_is_no_property(service: Service) -> None:
    answer = import_archive(service, ARCHIVE, ('sha256', '0' * 64))
    assert answer.status_code == 400
    assert service.stored_files() == []


def test_a_digest_that_does_not_hold_is_400(service: Service) -> None:
    md5 = {'Content-MD5': 'AAAAAAAAAAAAAAAAAAAAAA=='}
    assert import_body(service, ARCHIVE, **md5).status_code == 400
    assert service.stored_files() == []


def test_system_fields_are_refused(service: Service) -> None:
    answer = import_archive(service, ARCHIVE, ('_id', '1'))
    assert answer.status_code == 400
    assert service.stored_files() == []


def test_no_more_reasons_than_a_thousand_are_listed(service: Service) -> None:
    answer = import_body(service, zipped({f'{n}.txt': b'x' for n in range(1001)}))
    assert len(answer.json['skipped']) == 1000
    assert answer.json['skipped_count'] == 1001


@pytest.mark.parametrize(
    'parts',
    [(), (('image', jpeg(), 'a.jpg'),), (('archive', ARCHIVE, 'a'),) * 2],
)
def test_a_form_has_one_archive(
    service: Service, parts: tuple[tuple[str, bytes, str], ...]
) -> None:
    sent = form(*parts)
    answer = service.client.simulate_post(
        IMPORT, body=sent.body, content_type=sent.content_type
    )
    assert answer.status_code == 400
    assert 'archive' in answer.json['description']


@pytest.mark.parametrize('content_type', ['text/plain', 'image/png', ''])
def test_other_bodies_are_415(service: Service, content_type: str) -> None:
    assert import_body(service, ARCHIVE, content_type).status_code == 415


def test_no_new_collection_has_a_bad_name(service: Service) -> None:
    answer = service.client.simulate_post(
        '/collections/system.x/import', body=ARCHIVE, content_type='application/zip'
    )
    assert answer.status_code == 400
    assert service.stored_files() == []


def test_an_archive_has_a_limit_of_its_own(service: Service) -> None:
    limit = len(ARCHIVE)
    changes: dict[str, Any] = {'max_archive_bytes': limit, 'max_body_bytes': 10}
    with running(service.settings, **changes) as limited:
        assert import_body(limited, ARCHIVE).status_code == 200
        answer = import_body(limited, ARCHIVE + b'x')
    assert answer.status_code == 413
    assert 'MAX_ARCHIVE_BYTES' in answer.json['description']


def test_a_dry_run_knows_what_was_imported(service: Service) -> None:
    assert import_archive(service, ARCHIVE, dry_run='true').json['imported'] == 3
    assert service.stored_files() == []
    import_archive(service, ARCHIVE)
    assert import_archive(service, ARCHIVE, dry_run='true').json['unchanged'] == 3
    answer = import_archive(service, ARCHIVE, ('line', '4'), dry_run='true')
    assert 'other properties' in reasons(answer)['c.jpg']


def test_a_dry_run_is_true_or_false(service: Service) -> None:
    assert import_archive(service, ARCHIVE, dry_run='maybe').status_code == 400


def test_more_imports_than_two_at_once_are_503(service: Service) -> None:
    places = service.parts.imports.places
    with places.taken(), places.taken():
        answer = import_archive(service, ARCHIVE)
    assert (answer.status_code, answer.json['title']) == (503, 'Too busy')
    assert service.stored_files() == []
    assert import_archive(service, ARCHIVE).status_code == 200
