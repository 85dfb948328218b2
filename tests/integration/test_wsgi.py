"""The application under a server that is not ours."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.pictures import jpeg
from tests.support.serving import ROOT

# The standard library's own server, for one request of each kind.
PROGRAM = """
import http.client, json, sys, threading, wsgiref.simple_server
from falcon_images.wsgi import application
server = wsgiref.simple_server.make_server('127.0.0.1', 0, application)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = http.client.HTTPConnection('127.0.0.1', server.server_port)
image = sys.stdin.buffer.read()
head = b'--x\\r\\nContent-Disposition: form-data; name="image"; filename="a"'
form = head + b'\\r\\n\\r\\n' + image + b'\\r\\n--x--\\r\\n'
headers = {'Content-Type': 'multipart/form-data; boundary=x'}
client.request('POST', '/collections/c/images', form, headers)
made = json.loads(client.getresponse().read())
client.request('GET', f'/collections/c/images/{made["_id"]}/image')
assert client.getresponse().read() == image
client.request('GET', f'/collections/c/images/{made["_id"]}/thumbnail')
assert client.getresponse().read()[:4] == b'RIFF'
client.request('GET', '/collections/c/images')
assert json.loads(client.getresponse().read()) == [made]
"""
# A disk that is away when the first request comes.
AWAY = """
import pathlib
from tests.support.service import Client
from falcon_images.wsgi import application
uploads = pathlib.Path('data/uploads')
uploads.rename('data/old')
uploads.write_text('no folder')
client = Client(application)
refused = client.simulate_get('/collections')
assert refused.status_code == 503, refused
assert refused.json['title'] == 'Storage unavailable'
assert refused.headers['Retry-After']
uploads.unlink()
client.upload('c')
"""


def run(folder: Path, program: str = PROGRAM, **environ: str) -> Any:
    return subprocess.run(
        [sys.executable, '-c', program],
        cwd=folder,
        env=os.environ | {'PYTHONPATH': str(ROOT)} | environ,
        input=jpeg(),
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_another_server_can_serve_it(tmp_path: Path, mongodb_url: str) -> None:
    done = run(tmp_path, MONGODB_URL=mongodb_url, MONGODB_DB='test_wsgi')
    assert done.returncode == 0, done.stderr
    # Nothing is left behind when the process ends.
    assert not list((tmp_path / 'data/uploads/incoming').iterdir())


def test_it_comes_when_the_disk_does(tmp_path: Path, mongodb_url: str) -> None:
    done = run(tmp_path, AWAY, MONGODB_URL=mongodb_url, MONGODB_DB='test_wsgi')
    assert done.returncode == 0, done.stderr
    assert b'UPLOADS_DIRECTORY data' in done.stderr
    assert b'cannot be written' in done.stderr
    assert b'Traceback' not in done.stderr


def test_it_asks_for_a_database_of_its_own(tmp_path: Path) -> None:
    done = run(tmp_path, MONGODB_URL='')
    assert done.returncode == 1
    assert b'MONGODB_URL must be set' in done.stderr
