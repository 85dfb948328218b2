"""Drawn images of parts on a conveyor, some of which are scratched."""

import io
import random
from typing import Any

from PIL import Image, ImageDraw

_SIZE = (320, 240)
_LINES, _WORKS = 3, 4
_WORST = 0.5


def drawn_part(number: int) -> tuple[bytes, dict[str, Any]]:
    """Return a JPEG and what is known of it: the same for the same number."""
    chance = random.Random(number)  # noqa: S311
    scratches = chance.choice((0, 0, 0, 1, 2))
    score = round(chance.uniform(0.6, 1) if scratches else chance.uniform(0, 0.6), 3)
    properties = {
        'line': number % _LINES + 1,
        'work': f'200J{1000 + number % _WORKS}',
        'frame': number,
        'score': score,
        'ai_prediction': 'NG' if score > _WORST else 'OK',
        'camera': {'gain': chance.choice((1, 2, 4))},
    }
    if number % 2:
        properties['label'] = 'NG' if scratches else 'OK'
    return _jpeg(chance, scratches), properties


def _jpeg(chance: random.Random, scratches: int) -> bytes:
    image = Image.new('RGB', _SIZE, (60, 64, 68))
    draw = ImageDraw.Draw(image)
    left, grey = chance.randrange(40, 110), chance.randrange(130, 190)
    draw.ellipse((left, 40, left + 160, 200), fill=(grey, grey, grey - 30))
    draw.ellipse((left + 60, 100, left + 100, 140), fill=(60, 64, 68))
    for _ in range(scratches):
        start = (left + chance.randrange(20, 60), chance.randrange(70, 170))
        end = (
            start[0] + chance.randrange(20, 70),
            start[1] + chance.randrange(-30, 30),
        )
        draw.line((*start, *end), fill=(230, 60, 50), width=chance.randrange(2, 5))
    file = io.BytesIO()
    image.save(file, 'JPEG', quality=90)
    return file.getvalue()
