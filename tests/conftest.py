"""What tests share: a real MongoDB for the session, a service of its own for each."""

import os
import signal
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from falcon_images.app import set_up_libraries
from falcon_images.embedded.mongod import EmbeddedMongo
from falcon_images.settings import Settings
from tests.support.served import Nursery
from tests.support.service import Service, running

_IN_PROCESS = frozenset(('monkeypatch', 'caplog', 'capsys'))
_NURSERY = pytest.StashKey[Nursery]()


# Another program may use the processors just then.
hypothesis.settings.register_profile('unhurried', deadline=None)
hypothesis.settings.load_profile('unhurried')


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        '--workers',
        type=int,
        help='ask a real service with so many workers, where tests allow that',
    )


def pytest_configure(config: pytest.Config) -> None:
    set_up_libraries()
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in the background of a script: the programs of tests would ignore it too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption('workers'):
        os.environ['APP_WORKERS'] = str(config.getoption('workers'))
        config.stash[_NURSERY] = running.nursery = Nursery()


def pytest_unconfigure(config: pytest.Config) -> None:
    if nursery := config.stash.get(_NURSERY, None):
        nursery.close()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """With ``--workers``, leave out what reaches no other process."""
    if config.getoption('workers'):
        left = [item for item in items if not _IN_PROCESS.isdisjoint(_fixtures(item))]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write what was captured so that it can go from one process to another."""
    report = yield
    report.sections = [
        (name, text.encode(errors='backslashreplace').decode())
        for name, text in report.sections
    ]
    return report


def _fixtures(item: pytest.Item) -> list[str]:
    return list(getattr(item, 'fixturenames', ()))


@pytest.fixture(scope='session')
def mongodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    mongo = EmbeddedMongo(tmp_path_factory.mktemp('mongo') / 'mongodb')
    mongo.wait_until_ready()
    yield mongo.url
    mongo.stop()


@pytest.fixture
def settings(mongodb_url: str, tmp_path: Path) -> Settings:
    return Settings(
        mongodb_url=mongodb_url,
        mongodb_db=f'test_{uuid.uuid4().hex}',
        uploads_directory=tmp_path / 'uploads',
    )


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    with running(settings) as made:
        yield made
