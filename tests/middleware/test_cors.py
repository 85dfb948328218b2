"""What a browser keeps of an answer can be read by scripts of other pages."""

from tests.support.service import Service, form


def test_every_answer_can_be_read_whether_an_origin_was_named(service: Service) -> None:
    document = service.client.upload()
    path = f'/collections/c/images/{document["_id"]}'
    image = service.client.simulate_get(f'{path}/image')
    known = {'If-None-Match': image.headers['ETag']}
    for response in (
        image,
        service.client.simulate_get(f'{path}/image', headers=known),
        service.client.simulate_head(f'{path}/image'),
        service.client.simulate_get(f'{path}/image', headers={'Range': 'bytes=0-1'}),
        service.client.simulate_get(f'{path}/thumbnail'),
        service.client.simulate_get(path),
        service.client.simulate_get('/collections/c/images/x'),
        service.client.simulate_post('/collections', body='x'),
        service.client.post_form('c', form(('a', '1'))),
        service.client.simulate_options(path),
    ):
        assert response.headers['Access-Control-Allow-Origin'] == '*'
        assert 'ETag' in response.headers['Access-Control-Expose-Headers']


def test_an_isolated_page_may_show_pictures(service: Service) -> None:
    path = f'/collections/c/images/{service.client.upload()["_id"]}'
    for name in ('image', 'thumbnail'):
        headers = service.client.simulate_get(f'{path}/{name}').headers
        assert headers['Cross-Origin-Resource-Policy'] == 'cross-origin'
