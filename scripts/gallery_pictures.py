"""Make the pictures of the gallery that the documentation shows.

    python scripts/gallery_pictures.py scikit_image-*.whl

The photographs come out of that wheel (``pip download --no-deps scikit-image``); they
are some that are free of all rights. What the tests need is needed too.
"""

import io
import json
import random
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.serving import Serving  # noqa: E402 - found by that path

PICTURES = ROOT / 'docs' / 'pictures'
PHOTOGRAPHS = {
    *('astronaut.png', 'brick.png', 'camera.png', 'chelsea.png', 'coffee.png'),
    *('grass.png', 'gravel.png', 'hubble_deep_field.jpg', 'retina.jpg', 'rocket.jpg'),
}
COUNT = 240
SETTLED_MS = 1500
QUALITY = 72


def main(wheel: str) -> None:
    """Start a service, fill it, and take the pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        serving = Serving(Path(folder)).ready()
        try:
            fill(serving, list(photographs(wheel)))
            # That of the system, else the one that came with playwright.
            program = shutil.which('chromium')
            browser = playwright.chromium.launch(
                executable_path=program, args=['--no-sandbox']
            )
            take_all(browser, serving)
            browser.close()
        finally:
            serving.stop()


def photographs(wheel: str) -> Iterator[tuple[str, Image.Image]]:
    """Read the photographs of a wheel, each with its name."""
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            name = Path(path).name
            if name in PHOTOGRAPHS:
                image = Image.open(io.BytesIO(archive.read(path)))
                yield name.partition('.')[0], image.convert('RGB')


def fill(serving: Serving, found: list[tuple[str, Image.Image]]) -> None:
    """Upload pieces of the photographs, as a line of cameras would."""
    chance = random.Random(4)
    for number in range(COUNT):
        name, image = found[number % len(found)]
        properties = {
            'ai_prediction': chance.choices(['OK', 'NG', 'unsure'], [80, 15, 5])[0],
            'score': round(chance.random(), 3),
            'line': f'line-{chance.randint(1, 3)}',
            'frame': number,
            'camera': {'gain': chance.choice([1, 2, 4])},
            'reviewed': chance.random() < 0.3,
        }
        upload(serving, f'{name}_{number:04}.jpg', piece(image, chance), properties)


def piece(image: Image.Image, chance: random.Random) -> bytes:
    """Cut a piece of a photograph, and give it as a JPEG."""
    width = min(chance.randint(280, 420), image.width)
    height = min(width * 3 // 4, image.height)
    left = chance.randint(0, image.width - width)
    top = chance.randint(0, image.height - height)
    file = io.BytesIO()
    image.crop((left, top, left + width, top + height)).save(file, 'JPEG', quality=90)
    return file.getvalue()


def upload(
    serving: Serving, name: str, image: bytes, properties: dict[str, object]
) -> None:
    """Upload an image to the collection of the pictures."""
    serving.session.post(
        f'{serving.url}/collections/inspection/images',
        data={'json': json.dumps(properties)},
        files={'image': (name, image)},
        timeout=60,
    ).raise_for_status()


def take_all(browser: Browser, serving: Serving) -> None:
    """Take each of the pictures."""
    page = page_of(browser, 1280, 800, 'light')
    page.goto(f'{serving.url}/ui#/inspection?min_score=0.2')
    page.wait_for_timeout(SETTLED_MS)
    page.locator('.tile').nth(2).click(modifiers=['Control'])
    page.locator('.tile').nth(9).click(modifiers=['Shift'])
    take(page, 'gallery')

    page = page_of(browser, 1280, 800, 'dark')
    page.goto(f'{serving.url}/ui#/inspection?ai_prediction=NG')
    page.wait_for_timeout(SETTLED_MS)
    page.locator('.tile[title^=chelsea]').first.click()
    take(page, 'image')

    page = page_of(browser, 390, 760, 'light', locale='ja-JP')
    page.goto(f'{serving.url}/ui#/inspection?ai_prediction=NG')
    take(page, 'phone')


def page_of(
    browser: Browser, width: int, height: int, scheme: str, locale: str = 'en-GB'
) -> Page:
    """Open a page of a size in pixels."""
    context = browser.new_context(
        viewport={'width': width, 'height': height},
        color_scheme='dark' if scheme == 'dark' else 'light',
        locale=locale,
    )
    return context.new_page()


def take(page: Page, name: str) -> None:
    """Take a picture of a page, when all is drawn."""
    page.wait_for_timeout(SETTLED_MS)
    image = Image.open(io.BytesIO(page.screenshot()))
    image.save(PICTURES / f'{name}.webp', quality=QUALITY, method=6)


if __name__ == '__main__':
    main(*sys.argv[1:])
