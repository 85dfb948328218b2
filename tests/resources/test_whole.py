"""Images that are cut off: told in the document, refused where only whole ones go."""

import pytest
from PIL import Image

from tests.support.importing import zipped
from tests.support.pictures import jpeg, saved
from tests.support.service import Service, form

IMAGES = '/collections/c/images'
CUT = jpeg()[:-20]
SVG = b'<svg/>'


def test_a_document_says_whether_its_file_is_whole(service: Service) -> None:
    for image, whole in ((jpeg(), True), (CUT, False), (SVG, None)):
        document = service.client.upload(image=image)
        assert document['_file']['whole'] is whole
        path = f'{IMAGES}/{document["_id"]}'
        assert service.client.simulate_get(path).json == document


@pytest.mark.parametrize(
    ('query', 'count'),
    [('_file.whole=false', 1), ('_file.whole=true', 2), ('_file.whole=null', 0)],
)
def test_it_is_a_condition(service: Service, query: str, count: int) -> None:
    for image in (jpeg(), CUT, jpeg(8)):
        service.client.upload(image=image)
    listed = service.client.simulate_get(IMAGES, query_string=query).json
    assert len(listed) == count


@pytest.mark.parametrize('word', ['true', '1'])
def test_only_what_is_cut_off_is_refused(service: Service, word: str) -> None:
    params = {'whole': word}
    for image in (jpeg(), SVG):
        sent = form(('image', image, 'a'))
        assert service.client.post_form('c', sent, params=params).status_code == 200
    refused = service.client.post_form('d', form(('image', CUT, 'a')), params=params)
    assert refused.status_code == 422
    assert refused.json['title'] == 'Not whole'
    assert service.client.simulate_get('/collections').json == ['c']
    assert len(service.stored_files()) == 2


@pytest.mark.parametrize('params', [{}, {'whole': 'false'}])
def test_without_the_word_it_is_stored(
    service: Service, params: dict[str, str]
) -> None:
    sent = form(('image', CUT, 'a'))
    assert service.client.post_form('c', sent, params=params).status_code == 200


def test_of_several_images_those_that_are_cut_off_are_refused(service: Service) -> None:
    parts = [('image', image, 'a') for image in (jpeg(), CUT, jpeg(8))]
    params = {'multiple': 'true', 'whole': 'true'}
    answer = service.client.post_form('c', form(*parts), params=params)
    assert [each['status'] for each in answer.json] == [200, 422, 200]
    assert len(service.stored_files()) == 2


def test_a_client_cannot_set_it(service: Service) -> None:
    image = ('image', CUT, 'a')
    for name, value in (('_file', 'x'), ('json', '{"_file": {"whole": true}}')):
        assert (
            service.client.post_form('c', form((name, value), image)).status_code == 400
        )
    document = service.client.upload(image=CUT)
    path = f'{IMAGES}/{document["_id"]}'
    for body in ({'_file.whole': True}, {'_file': {'whole': True}}):
        answer = service.client.simulate_patch(path, json=body)
        assert answer.json['_file'] == document['_file']


def test_changes_keep_it(service: Service) -> None:
    document = service.client.upload(image=CUT)
    path = f'{IMAGES}/{document["_id"]}'
    for answer in (
        service.client.simulate_put(path, json={'a': 1}),
        service.client.simulate_patch(path, json={'b': 1}),
    ):
        assert answer.json['_file'] == document['_file']


def test_an_import_finds_it_out(service: Service) -> None:
    archive = zipped(
        {'a.jpg': jpeg(), 'b.jpg': CUT, 'c.png': saved(Image.new('L', (4, 3)), 'PNG')}
    )
    answer = service.client.simulate_post(
        '/collections/c/import', body=archive, content_type='application/zip'
    )
    assert answer.json['imported'] == 3
    listed = service.client.simulate_get(IMAGES, params={'sort': 'image'}).json
    assert [each['_file']['whole'] for each in listed] == [True, False, True]
