"""The application for other WSGI servers than ours: ``falcon_images.wsgi:application``.

It is made when this module is imported, from the environment and ``.env``. Each process
that imports it has an application of its own; they may share database and uploads.
"""

import atexit
import contextlib
import os

from falcon_images.app import running_app
from falcon_images.environment import read_environment
from falcon_images.settings import Settings, SettingsError


def _settings() -> Settings:
    settings = Settings.from_env(read_environment(os.environ))
    if not settings.mongodb_url:
        raise SettingsError(
            'MONGODB_URL must be set: only serve.py starts a private MongoDB.'
        )
    return settings


_running = contextlib.ExitStack()
atexit.register(_running.close)
application = _running.enter_context(running_app(_settings()))
