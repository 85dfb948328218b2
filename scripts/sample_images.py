"""Draw some pictures and upload them, for the examples of the documentation.

    python scripts/sample_images.py [URL]

They go into the collection ``example`` with the properties that the examples use, and
one more picture into the current folder, for the first upload by hand. Run again, it
uploads only those that were deleted meanwhile.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import requests
from PIL import Image, ImageDraw

URL = 'http://127.0.0.1:7070'
COLLECTION = 'example'
PICTURE = Path('example_image.jpg')
COUNT = 40
# The form gives this one its frame as text, as a script may do by mistake.
TEXT_FRAME = 13
WORKS = ('200J1001', '200J1002', '300K0007', 'a & b')


def main(url: str = URL) -> None:
    """Make the picture for the first upload, and upload all others."""
    if not PICTURE.exists():
        PICTURE.write_bytes(picture(0))
    with requests.Session() as session:
        for number in range(1, COUNT + 1):
            upload(session, url, number)
    print(f'{COUNT} images are in the collection {COLLECTION}: {url}/ui#/{COLLECTION}')


def upload(session: requests.Session, url: str, number: int) -> None:
    """Upload one picture; the key keeps it from being stored twice."""
    fields = {'json': json.dumps(properties(number))}
    if number == TEXT_FRAME:
        fields['frame'] = '12'
    session.post(
        f'{url}/collections/{COLLECTION}/images',
        data=fields,
        files={'image': (f'part_{number:02}.jpg', picture(number))},
        headers={'Idempotency-Key': f'sample-{number:02}'},
        timeout=60,
    ).raise_for_status()


def properties(number: int) -> dict[str, Any]:
    """Return what is known of a picture: a third of the parts are scratched."""
    made: dict[str, Any] = {
        'ai_prediction': 'NG' if is_scratched(number) else 'OK',
        'score': score(number),
        'work': WORKS[number % len(WORKS)],
        'camera': {'gain': 2 ** (number // 3 % 3)},
    }
    if number != TEXT_FRAME:
        made['frame'] = number
    if number % 4:
        made['label'] = ('NG', 'unsure', 'OK')[number % 3]
    if number % 5 == 0:
        made['reviewed'] = True
    return made | rare_properties(number)


def rare_properties(number: int) -> dict[str, Any]:
    """Return what only few pictures have, such as names that are reserved."""
    rare: dict[int, dict[str, Any]] = {
        1: {'limit': 3, 'min_x': 1, 'format': 'jpg'},
        2: {'marks': [4, 7]},
        COUNT - 2: {'trash': True},
        COUNT: {'trash': True},
    }
    return rare.get(number, {})


def is_scratched(number: int) -> bool:
    """Return whether the part of a picture has a scratch."""
    return number % 3 == 0


def score(number: int) -> float:
    """Return a score: below 0.2 of all scratched parts but the first."""
    if number == 3:
        return 0.55
    part = number / COUNT
    return round(0.2 * part if is_scratched(number) else 0.5 + 0.5 * part, 3)


def picture(number: int) -> bytes:
    """Draw a round part on a conveyor, scratched or not, as a JPEG."""
    image = Image.new('RGB', (320, 240), (60, 64, 68))
    draw = ImageDraw.Draw(image)
    left = 60 + number % 5 * 10
    draw.ellipse((left, 40, left + 160, 200), fill=(150, 156, 90 + number * 3))
    draw.ellipse((left + 60, 100, left + 100, 140), fill=(60, 64, 68))
    if is_scratched(number) and number:
        draw.line((left + 20, 90, left + 70, 60 + number), fill=(230, 60, 50), width=4)
    draw.text((8, 8), f'part {number:02}', fill=(240, 240, 240))
    file = io.BytesIO()
    image.save(file, 'JPEG', quality=90)
    return file.getvalue()


if __name__ == '__main__':
    main(*sys.argv[1:])
