from pathlib import Path

import pytest

from falcon_images import settings
from falcon_images.settings import Settings, SettingsError, find_misspelt


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_values_are_read_by_their_names() -> None:
    environ = {
        'APP_PORT': '8080',
        'MONGODB_URL': 'mongodb://db',
        'UPLOADS_DIRECTORY': '/x',
        'MAX_PARTS': '7',
    }
    assert Settings.from_env(environ) == Settings(
        app_port=8080,
        mongodb_url='mongodb://db',
        uploads_directory=Path('/x'),
        max_parts=7,
    )


def test_the_other_name_of_the_uploads_directory_works() -> None:
    assert Settings.from_env({'UPLOAD_DIRECTORY': 'u'}).uploads_directory == Path('u')


def test_an_empty_value_is_as_if_absent() -> None:
    environ = {'APP_PORT': '', 'USE_AUTHENTICATION': '', 'UPLOADS_DIRECTORY': ''}
    assert Settings.from_env(environ) == Settings()


@pytest.mark.parametrize(('value', 'seconds'), [('', 604800), ('0', 0), ('60', 60)])
def test_changes_are_kept_for_a_week_or_as_long_as_is_set(
    value: str, seconds: int
) -> None:
    settings = Settings.from_env({'CHANGES_KEPT_SECONDS': value})
    assert settings.changes_kept_seconds == seconds


@pytest.mark.parametrize('value', ['/login', 'https://users.example/login?x=1'])
def test_people_log_in_on_a_page_of_any_host(value: str) -> None:
    assert Settings.from_env({'LOGIN_URL': value}).login_url == value


@pytest.mark.parametrize('value', ['1', 'true', 'false', 'no', '0'])
def test_any_value_turns_authentication_on(value: str) -> None:
    environ = {'USE_AUTHENTICATION': value, 'IDENTIFICATION_URL': 'http://id'}
    assert Settings.from_env(environ).use_authentication


@pytest.mark.parametrize('value', ['x', '-1', '1.5', '٣', ' 80', '1_0'])
def test_a_port_that_is_no_integer_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match=f'APP_PORT .* not {value!r}'):
        Settings.from_env({'APP_PORT': value})


def test_names_that_are_nearly_those_of_settings_are_found() -> None:
    names = ('UPLOAD_DIRECTRY', 'APP_PROT', 'MONGO_DB', 'app_port', 'PATH', 'HOME')
    assert find_misspelt(names) == {
        'APP_PROT': 'APP_PORT',
        'MONGO_DB': 'MONGODB_DB',
        'UPLOAD_DIRECTRY': 'UPLOAD_DIRECTORY',
        'app_port': 'APP_PORT',
    }


def test_a_name_is_not_told_beside_the_right_one() -> None:
    assert find_misspelt(('APP_PROT', 'APP_PORT')) == {}


@pytest.mark.parametrize(
    ('environ', 'text'),
    [
        ({'APP_PORT': '65536'}, 'APP_PORT must be at most 65535'),
        ({'APP_THREADS': '0'}, 'APP_THREADS must be at least 1'),
        ({'QUERY_TIMEOUT_SECONDS': '0'}, 'QUERY_TIMEOUT_SECONDS must be at least 1'),
        ({'HEADER_TIMEOUT_SECONDS': '0'}, 'HEADER_TIMEOUT_SECONDS must be at least 1'),
        ({'FACETS_TIMEOUT_SECONDS': '0'}, 'FACETS_TIMEOUT_SECONDS must be at least 1'),
        ({'FACETS_TIMEOUT_SECONDS': '3601'}, 'FACETS_TIMEOUT_SECONDS must be at most'),
        ({'MAX_EXPORTS': '0'}, 'MAX_EXPORTS must be at least 1'),
        ({'MAX_FACETS': '0'}, 'MAX_FACETS must be at least 1'),
        ({'MAX_UPLOADS': '0'}, 'MAX_UPLOADS must be at least 1'),
        ({'MAX_THUMBNAIL_PIXELS': 'x'}, 'MAX_THUMBNAIL_PIXELS must be an integer'),
        ({'USE_AUTHENTICATION': 'false'}, 'IDENTIFICATION_URL'),
        *(
            ({'LOGIN_URL': value}, 'LOGIN_URL must be the address of a page')
            for value in ('login', '//x/y', 'javascript:1', 'https://', 'https://a b')
        ),
        ({'IDENTIFICATION_URL': 'x'}, 'IDENTIFICATION_URL must be the URL'),
        ({'IDENTIFICATION_URL': 'ftp://x'}, 'IDENTIFICATION_URL must be the URL'),
        ({'LOG_FORMAT': 'xml'}, "LOG_FORMAT must be text or json, not 'xml'"),
        ({'MONGODB_DB': 'a.b'}, "MONGODB_DB 'a.b' is not the name"),
        ({'MONGODB_DB': 'x' * 64}, 'is not the name of a database'),
        ({'QUERY_TIMEOUT_SECONDS': '99999999'}, 'must be at most 3600'),
        ({'CHANGES_KEPT_SECONDS': '99999999999'}, 'CHANGES_KEPT_SECONDS must be at'),
        ({'PRIVATE_MONGODB_CACHE_BYTES': '1000'}, 'must be at least 268435456'),
        ({'CHANGES_KEPT_SECONDS': 'x'}, 'CHANGES_KEPT_SECONDS must be an integer'),
    ],
)
def test_a_setting_that_cannot_work_is_refused(
    environ: dict[str, str], text: str
) -> None:
    with pytest.raises(SettingsError, match=text):
        Settings.from_env(environ)


def test_without_a_number_each_core_has_a_worker_up_to_four(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cores, workers in ((1, 1), (2, 2), (16, 4)):
        monkeypatch.setattr(settings, '_usable_cores', lambda cores=cores: cores)
        monkeypatch.setattr(settings, '_IS_WINDOWS', False)
        assert Settings.from_env({}).workers == workers
        assert Settings.from_env({'APP_WORKERS': '3'}).workers == 3


def test_windows_has_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, '_IS_WINDOWS', True)
    assert Settings.from_env({'APP_WORKERS': '1'}).workers == 1
    with pytest.raises(SettingsError, match='APP_WORKERS can only be 1 on Windows'):
        Settings.from_env({'APP_WORKERS': '2'})


def test_limits_are_the_settings_of_their_names() -> None:
    limits = Settings(max_parts=7, max_name_bytes=8).limits
    assert (limits.max_parts, limits.max_name_bytes) == (7, 8)
    assert limits.max_json_depth == Settings().max_json_depth
