from pathlib import Path

import falcon
import falcon.testing
import pytest

from falcon_images.resources.static_files import StaticFiles
from tests.support.service import Service


def client(folder: Path) -> falcon.testing.TestClient:
    (folder / 'ui/parts').mkdir(parents=True)
    (folder / 'ui/index.html').write_bytes(b'<!doctype html>')
    (folder / 'ui/parts/grid.js').write_bytes(b'export {};')
    (folder / 'ui/preact-10.3.1').mkdir()
    (folder / 'ui/preact-10.3.1/preact.js').write_bytes(b'export {};')
    (folder / 'ui/notes.py').write_bytes(b'not for browsers')
    (folder / 'secret.txt').write_bytes(b'secret')
    app = falcon.App()
    files = StaticFiles(folder / 'ui')
    app.add_route('/ui', files)
    app.add_route('/ui/{name:path}', files)
    return falcon.testing.TestClient(app)


def test_the_index_is_what_comes_without_a_name(tmp_path: Path) -> None:
    response = client(tmp_path).simulate_get('/ui')
    assert response.content == b'<!doctype html>'
    assert response.headers['Content-Type'] == 'text/html; charset=utf-8'


def test_a_file_below_comes_by_its_path(tmp_path: Path) -> None:
    response = client(tmp_path).simulate_get('/ui/parts/grid.js')
    assert response.content == b'export {};'
    assert response.headers['Content-Type'] == 'text/javascript; charset=utf-8'


def test_a_browser_may_do_only_what_the_page_needs(tmp_path: Path) -> None:
    headers = client(tmp_path).simulate_get('/ui').headers
    policy = headers['Content-Security-Policy']
    assert "default-src 'none'; script-src 'self';" in policy
    assert 'unsafe' not in policy
    assert 'http' not in policy
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['Referrer-Policy'] == 'no-referrer'


def test_a_head_has_the_headers_alone(tmp_path: Path) -> None:
    response = client(tmp_path).simulate_head('/ui')
    assert response.content == b''
    assert response.headers['Content-Length'] == '15'


def test_what_the_browser_has_is_304(tmp_path: Path) -> None:
    browser = client(tmp_path)
    first = browser.simulate_get('/ui')
    headers = {'If-None-Match': first.headers['ETag']}
    again = browser.simulate_get('/ui', headers=headers)
    assert (again.status_code, again.content) == (304, b'')
    assert again.headers['Cache-Control'] == 'no-cache'


def test_files_of_a_version_are_not_asked_for_again(tmp_path: Path) -> None:
    response = client(tmp_path).simulate_get('/ui/preact-10.3.1/preact.js')
    year = 'public, max-age=31536000, immutable'
    assert response.headers['Cache-Control'] == year


@pytest.mark.parametrize(
    'name',
    ['none.js', '../secret.txt', '%2e%2e/secret.txt', '/secret.txt', 'notes.py', 'x/'],
)
def test_what_is_not_a_file_of_the_folder_is_404(tmp_path: Path, name: str) -> None:
    assert client(tmp_path).simulate_get(f'/ui/{name}').status_code == 404


@pytest.mark.parametrize('path', ['/ui', '/ui/main.js', '/docs', '/openapi.json'])
def test_another_file_than_is_wanted_is_412(service: Service, path: str) -> None:
    answer = service.client.simulate_get(path, headers={'If-Match': '"x"'})
    assert (answer.status_code, 'Cache-Control' in answer.headers) == (412, False)
    tag = service.client.simulate_get(path).headers['ETag']
    answer = service.client.simulate_get(path, headers={'If-Match': tag})
    assert answer.status_code == 200
