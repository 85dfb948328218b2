"""The settings: environment variables, checked once at start."""

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

from dotenv import dotenv_values

# The private MongoDB, for when MONGODB_URL is not set.
EMBEDDED_FOLDER = Path('data/mongodb')
_ALIASES = {'UPLOADS_DIRECTORY': 'UPLOAD_DIRECTORY'}
_MAX_PORT = 65535
_MAX_DEFAULT_WORKERS = 4
_IS_WINDOWS = sys.platform == 'win32'
_AT_LEAST_ONE = (
    *('app_threads', 'max_body_bytes', 'max_archive_bytes'),
    *('max_uploads', 'max_facets', 'max_exports'),
    *('query_timeout_seconds', 'facets_timeout_seconds'),
    *('header_timeout_seconds', 'request_timeout_seconds'),
)
_MAX_QUERY_SECONDS = 3600
# What mongod allows.
_MIN_CACHE_BYTES, _MAX_CACHE_BYTES = 256 * 1024**2, 10_000 * 1024**3
_LOG_FORMATS = ('text', 'json')
_MAX_KEPT_SECONDS = 100 * 365 * 24 * 3600
# How much alike two names are of which one is likely to be meant for the other.
_LIKENESS = 0.85
_MONGODB_URL = re.compile(r'mongodb(\+srv)?://', re.IGNORECASE)
_HTTP_URL = re.compile(r'https?://[^/]+', re.IGNORECASE)
# Of a page: on any host, or by a path on that of the gallery.
_PAGE_URL = re.compile(r'(https?://[^/\s]|/(?!/))\S*', re.IGNORECASE)
_DATABASE_NAME = re.compile(r'[^/\\. "$*<>:|?\0]{1,63}')


class SettingsError(Exception):
    """A setting that cannot be used; the text names it."""


@dataclass(frozen=True)
class Limits:
    """How much a request may send and ask for: the settings of these names."""

    max_body_bytes: int
    max_archive_bytes: int
    max_image_bytes: int
    max_parts: int
    max_part_header_bytes: int
    max_properties_bytes: int
    max_name_bytes: int
    max_json_depth: int
    max_query_bytes: int
    max_query_body_bytes: int
    max_list_documents: int


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable, which has its name in capitals.

    Sizes are bytes, times seconds. A variable that is empty is as if absent.
    """

    app_port: int = 80
    app_host: str = '*'
    app_threads: int = 8
    app_workers: int = 0
    mongodb_url: str = ''
    mongodb_db: str = 'image_storage'
    use_authentication: bool = False
    identification_url: str = ''
    identification_name: str = ''
    login_url: str = ''
    uploads_directory: Path = Path('data/uploads')
    max_body_bytes: int = 2 * 1024**3
    max_archive_bytes: int = 16 * 1024**3
    max_image_bytes: int = 2 * 1024**3
    max_parts: int = 1000
    max_part_header_bytes: int = 8192
    max_properties_bytes: int = 1024**2
    max_name_bytes: int = 1024
    max_json_depth: int = 32
    max_query_bytes: int = 64 * 1024
    max_query_body_bytes: int = 1024**2
    max_list_documents: int = 0
    query_timeout_seconds: int = 10
    facets_timeout_seconds: int = 60
    max_facets: int = 2
    max_exports: int = 2
    max_uploads: int = 64
    max_spooled_bytes: int = 512 * 1024**2
    max_thumbnail_pixels: int = 250_000_000
    header_timeout_seconds: int = 20
    request_timeout_seconds: int = 3600
    min_body_bytes_per_second: int = 500
    log_format: str = 'text'
    changes_kept_seconds: int = 7 * 24 * 3600
    private_mongodb_cache_bytes: int = 0

    @property
    def workers(self) -> int:
        """How many processes serve: without a setting, one for each processor core."""
        if _IS_WINDOWS:
            return 1  # Processes there cannot share a socket.
        return self.app_workers or min(_usable_cores(), _MAX_DEFAULT_WORKERS)

    @property
    def limits(self) -> Limits:
        """Those settings that limit a request."""
        return Limits(
            **{each.name: getattr(self, each.name) for each in fields(Limits)}
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> 'Settings':
        """Read the settings; raise `SettingsError` for one that cannot be used."""
        types = get_type_hints(cls)
        values: dict[str, Any] = {}
        for attribute in types:
            name = attribute.upper()
            text = environ.get(name, '') or environ.get(_ALIASES.get(name, ''), '')
            if text:
                values[attribute] = _PARSERS[types[attribute]](name, text)
        settings = cls(**values)
        settings._check()
        return settings

    def _check(self) -> None:
        if self.app_port > _MAX_PORT:
            raise SettingsError(
                f'APP_PORT must be at most {_MAX_PORT}, not {self.app_port}.'
            )
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise SettingsError(f'{name.upper()} must be at least 1.')
        if _IS_WINDOWS and self.app_workers > 1:
            raise SettingsError(
                'APP_WORKERS can only be 1 on Windows; for more processes there, start '
                'several services behind a proxy.'
            )
        if self.log_format not in _LOG_FORMATS:
            raise SettingsError(
                f'LOG_FORMAT must be {" or ".join(_LOG_FORMATS)}, not '
                f'{self.log_format!r}.'
            )
        for name in ('query_timeout_seconds', 'facets_timeout_seconds'):
            if getattr(self, name) > _MAX_QUERY_SECONDS:
                raise SettingsError(
                    f'{name.upper()} must be at most {_MAX_QUERY_SECONDS}.'
                )
        if self.changes_kept_seconds > _MAX_KEPT_SECONDS:
            raise SettingsError(
                f'CHANGES_KEPT_SECONDS must be at most {_MAX_KEPT_SECONDS}.'
            )
        self._check_database()
        self._check_authentication()

    def _check_authentication(self) -> None:
        if not _HTTP_URL.match(self.identification_url or 'http://none'):
            raise SettingsError(
                'IDENTIFICATION_URL must be the URL of a service, such as '
                'https://users.example/identify.'
            )
        if self.login_url and not _PAGE_URL.fullmatch(self.login_url):
            raise SettingsError(
                'LOGIN_URL must be the address of a page, such as '
                'https://users.example/login or /login.'
            )
        if self.use_authentication and not self.identification_url:
            raise SettingsError(
                'USE_AUTHENTICATION is set, so IDENTIFICATION_URL must hold the URL '
                'that identifies users. (Any value turns authentication on, "false" '
                'too; leave USE_AUTHENTICATION empty to turn it off.)'
            )

    def _check_database(self) -> None:
        if not _DATABASE_NAME.fullmatch(self.mongodb_db):
            raise SettingsError(
                f'MONGODB_DB {self.mongodb_db!r} is not the name of a database: it has '
                'at most 63 characters, and none of / \\ . " $ * < > : | ? or blanks.'
            )
        if not _MONGODB_URL.match(self.mongodb_url or 'mongodb://'):
            raise SettingsError(
                'MONGODB_URL must begin with mongodb:// or mongodb+srv://, such as '
                'mongodb://localhost:27017.'
            )
        cache_bytes = self.private_mongodb_cache_bytes
        if cache_bytes and not _MIN_CACHE_BYTES <= cache_bytes <= _MAX_CACHE_BYTES:
            raise SettingsError(
                f'PRIVATE_MONGODB_CACHE_BYTES must be at least {_MIN_CACHE_BYTES}, and '
                f'at most {_MAX_CACHE_BYTES}.'
            )


def find_misspelt(names: Iterable[str]) -> dict[str, str]:
    """Find variables that no setting has, but nearly; return them with what is meant.

    A variable that is set as it should be as well is left out.
    """
    names = set(names)
    known = {name.upper() for name in get_type_hints(Settings)} | set(_ALIASES.values())
    found = {}
    for name in sorted(names - known):
        for meant in difflib.get_close_matches(name.upper(), known, 1, _LIKENESS):
            if meant not in names:
                found[name] = meant
    return found


def _usable_cores() -> int:
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _integer(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f'{name} must be an integer of 0 or more, not {text!r}.')
    return int(text)


_PARSERS: dict[type, Callable[[str, str], Any]] = {
    int: _integer,
    str: lambda name, text: text,
    bool: lambda name, text: True,
    Path: lambda name, text: Path(text),
}


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Read the variables of ``.env``; those of the environment win over them."""
    # `utf-8-sig`: Notepad saves text with a byte order mark.
    from_file = dotenv_values('.env', encoding='utf-8-sig')
    return {name: value for name, value in from_file.items() if value} | dict(environ)
