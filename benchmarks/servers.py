"""Other WSGI servers under the same application, to show what ours costs or saves."""

import importlib.util
from collections.abc import Iterator

from benchmarks.fixtures import LARGE, PICTURES, UPLOADS, Fixtures, picture
from benchmarks.load import Request
from benchmarks.measuring import LeftOut, Scenario, Side
from benchmarks.messages import get, upload
from benchmarks.scenarios import SIZES, Stored, documents, image_files

_WSGI = 'benchmarks.wsgi'
_GUNICORN = ('-m', 'gunicorn', '--worker-class', 'gthread', '--threads', '8')
# Each is measured if it is installed.
COMMANDS = {
    'waitress': ('-m', _WSGI, 'waitress'),
    'cheroot': ('-m', _WSGI, 'cheroot'),
    'gunicorn': (*_GUNICORN, '--bind', '127.0.0.1:0', 'falcon_images.wsgi:application'),
}


def servers(fixtures: Fixtures, stored: Stored) -> Iterator[Scenario | LeftOut]:
    """Return the scenarios, and which servers are absent."""
    present = [name for name in COMMANDS if importlib.util.find_spec(name)]
    for name in sorted(COMMANDS.keys() - set(present)):
        yield LeftOut(f'servers-{name}', 'it is not installed')

    def remove_uploaded() -> None:
        fixtures.remove_uploaded(UPLOADS)

    for kind, (requests, connections) in _kinds(stored).items():
        sides = [
            Side(name, name, requests, connections) for name in ('service', *present)
        ]
        yield Scenario(f'servers-{kind}', tuple(sides), after=remove_uploaded)


def _kinds(stored: Stored) -> dict[str, tuple[tuple[Request, ...], int]]:
    path = f'/collections/{UPLOADS}/images'
    return {
        'root-16': ((get('/'),), 16),
        'document-get-16': (documents(stored, LARGE), 16),
        'image-200kB-4': (image_files(stored, PICTURES, '200kB'), 4),
        'image-20MB-4': (image_files(stored, PICTURES, '20MB'), 4),
        'upload-10kB-16': ((upload(path, picture(SIZES['10kB'])),), 16),
        'upload-2MB-4': ((upload(path, picture(SIZES['2MB'])),), 4),
    }
