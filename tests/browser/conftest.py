"""A real browser, and the real `serve.py` that it visits."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
from playwright.sync_api import (
    Browser,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from falcon_images.settings import Settings
from tests.support.serving import Serving

_PROGRAMS = ('chromium', 'chromium-headless-shell', 'chromium-browser', 'google-chrome')
_FLAGS = (
    *('--no-sandbox', '--disable-gpu', '--no-first-run'),
    *('--disable-background-networking', '--disable-component-update'),
    '--disable-sync',
)
_TIMEOUT_MS = 15_000

# Not the five seconds of playwright: other tests work beside these.
expect.set_options(timeout=_TIMEOUT_MS)


@pytest.fixture(scope='session')
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        program = _program(playwright)
        if not program:
            pytest.fail(
                'The tests in tests/browser need Chromium. On Debian and Ubuntu: '
                'apt-get install chromium. Elsewhere: python -m playwright install '
                'chromium.',
                pytrace=False,
            )
        started = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield started
        started.close()


def _program(playwright: Playwright) -> str | None:
    own = playwright.chromium.executable_path
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    return found or (own if Path(own).exists() else None)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has been nowhere yet."""
    context = browser.new_context(viewport={'width': 1280, 'height': 800})
    context.set_default_timeout(_TIMEOUT_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser finds wrong: errors, and what the page's policy forbids."""
    found: list[str] = []
    page.on('pageerror', lambda error: found.append(str(error)))
    page.on(
        'console',
        lambda message: (
            found.append(message.text) if message.type in ('error', 'warning') else None
        ),
    )
    return found


@pytest.fixture
def addresses(page: Page) -> list[str]:
    """Every address that the page asks for, `data:` and `blob:` left out."""
    asked: list[str] = []
    page.on(
        'request',
        lambda request: (
            asked.append(request.url) if request.url.startswith('http') else None
        ),
    )
    return asked


@pytest.fixture
def serving(settings: Settings, tmp_path: Path) -> Iterator[Serving]:
    """The service as a process, with a database of its own."""
    url, name = settings.mongodb_url, settings.mongodb_db
    process = Serving(tmp_path, MONGODB_URL=url, MONGODB_DB=name)
    try:
        yield process.ready()
    finally:
        process.kill()
        with pymongo.MongoClient[dict[str, object]](url) as client:
            client.drop_database(name)
