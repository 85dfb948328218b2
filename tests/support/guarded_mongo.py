"""A MongoDB with access control and users, on a unix socket of its own."""

import contextlib
import subprocess
from pathlib import Path
from urllib.parse import quote

import pymongo
from pymongo.errors import PyMongoError

from falcon_images.embedded.mongod import find_program
from tests.support.serving import eventually

DATABASE = 'guarded'
PASSWORD = 'p@ss'
_ADMIN = 'admin'
_COMMAND_NOT_FOUND = 59
_OPTIONS = (
    *('--auth', '--quiet', '--wiredTigerCacheSizeGB', '0.25'),
    *('--setParameter', 'enableTestCommands=1'),
    *('--setParameter', 'diagnosticDataCollectionEnabled=false'),
)

Client = pymongo.MongoClient[dict[str, object]]


class GuardedMongo:
    """A `mongod` with ``--auth``; the folder must be short, it has the socket too."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / 'm.sock'
        (folder / 'db').mkdir()
        paths = ('--dbpath', folder / 'db', '--bind_ip', self._path)
        self.process = subprocess.Popen(
            [find_program(), *paths, '--unixSocketPrefix', folder, *_OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, 60)
        # The first user is one that everybody on the machine may create.
        with self._client('') as client:
            _create_user(client, _ADMIN, {'role': 'root', 'db': 'admin'})

    def url_of(self, user: str) -> str:
        """Return the URL of the database, for one of its users or for none."""
        login = f'{user}:{quote(PASSWORD, safe="")}@' if user else ''
        host = quote(str(self._path), safe='')
        return f'mongodb://{login}{host}/?directConnection=true&authSource=admin'

    def create_user(self, user: str, role: str, database: str = DATABASE) -> str:
        """Create a user with a role, and return the URL for it."""
        with self._client(_ADMIN) as client:
            _create_user(client, user, {'role': role, 'db': database})
        return self.url_of(user)

    def grant(self, user: str, role: str) -> None:
        """Give a user one more role."""
        roles = [{'role': role, 'db': DATABASE}]
        with self._client(_ADMIN) as client:
            client.admin.command('grantRolesToUser', user, roles=roles)

    def create_role(self, name: str, *actions: str) -> None:
        """Create a role that allows these actions in the whole database."""
        resource = {'db': DATABASE, 'collection': ''}
        privileges = [{'resource': resource, 'actions': list(actions)}]
        with self._client(_ADMIN) as client:
            client[DATABASE].command(
                'createRole', name, privileges=privileges, roles=[]
            )

    def refuse(self, command: str, does: bool) -> None:
        """Refuse a command, as a server that lacks it does, or take it again."""
        mode = 'alwaysOn' if does else 'off'
        failure = {'failCommands': [command], 'errorCode': _COMMAND_NOT_FOUND}
        with self._client(_ADMIN) as client:
            client.admin.command(
                'configureFailPoint', 'failCommand', mode=mode, data=failure
            )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def _answers(self) -> bool:
        with contextlib.suppress(PyMongoError), self._client('') as client:
            return bool(client.admin.command('ping')['ok'])
        return False

    def _client(self, user: str) -> Client:
        return pymongo.MongoClient(self.url_of(user), serverSelectionTimeoutMS=500)


def _create_user(client: Client, user: str, role: dict[str, str]) -> None:
    client.admin.command('createUser', user, pwd=PASSWORD, roles=[role])
