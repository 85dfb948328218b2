"""The application for other WSGI servers than ours: ``falcon_images.wsgi:application``.

Settings come from the environment and ``.env``, and are checked when this module is
imported. Processes may share database and uploads.
"""

import atexit
import contextlib
import logging
import os
import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from falcon_images.app import App, running_app, set_up_libraries
from falcon_images.files.opening import open_folder
from falcon_images.formats import json as json_text
from falcon_images.metadata.client import create_client
from falcon_images.settings import Settings, SettingsError, read_environment
from falcon_images.store.opening import compare_identity

_UNAVAILABLE = {
    'title': 'Storage unavailable',
    'description': 'The service cannot start now; send the request again in a while.',
}

logger = logging.getLogger(__name__)


class Application:
    """The application of each process that serves, made by its first request.

    Many servers import it in one process and serve in others that are forked from that.
    Threads, connections and the folder for uploads are a process's own, so nothing of
    one may be found in another.
    """

    def __init__(self, settings: Settings) -> None:
        set_up_libraries()
        open_folder(settings.uploads_directory).close()
        create_client(settings.mongodb_url, settings.query_timeout_seconds).close()
        compare_identity(settings)
        self._settings = settings
        self._begin()
        if hasattr(os, 'register_at_fork'):
            os.register_at_fork(after_in_child=self._begin)
        atexit.register(self._end)

    def __call__(
        self, environ: WSGIEnvironment, respond: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request."""
        try:
            app = self._app if self._pid == os.getpid() else self._made()
        except SettingsError as ex:
            logger.error('%s', ex)
            return _refuse(respond)
        answer: Iterable[bytes] = app(environ, respond)
        return answer

    def _begin(self) -> None:
        # Locks as well: a thread of the other process may have held them.
        self._lock = threading.Lock()
        self._running = contextlib.ExitStack()
        self._app: App
        self._pid = 0

    def _made(self) -> App:
        with self._lock:
            if self._pid != os.getpid():
                self._running = contextlib.ExitStack()
                self._app = self._running.enter_context(running_app(self._settings))
                self._pid = os.getpid()
            return self._app

    def _end(self) -> None:
        if self._pid == os.getpid():
            self._running.close()


def _refuse(respond: StartResponse) -> Iterable[bytes]:
    headers = [
        ('Content-Type', 'application/json'),
        ('Access-Control-Allow-Origin', '*'),
        ('Retry-After', '5'),
    ]
    respond('503 Service Unavailable', headers)
    return [json_text.dumps(_UNAVAILABLE)]


def _settings() -> Settings:
    settings = Settings.from_env(read_environment(os.environ))
    if not settings.mongodb_url:
        raise SettingsError(
            'MONGODB_URL must be set: only serve.py starts a private MongoDB.'
        )
    return settings


application = Application(_settings())
