"""What a watcher says of itself, in a file that other commands read."""

import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from falcon_images.cli.sending.files import identity, shown
from falcon_images.cli.watching.waiting import Why

_MOST_TOLD = 1000


def status_file(folder: Path, watched: Iterable[Path]) -> Path:
    """Return the file of the watcher of these folders."""
    text = '\0'.join(sorted(map(identity, watched)))
    digest = hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()
    return folder / f'watch-{digest[:16]}.json'


def write_status(
    file: Path, service: str, counts: Counter[str], waiting: Sequence[Why]
) -> None:
    """Say how it is; a disk that refuses is no reason to end."""
    told = {
        'pid': os.getpid(),
        'time': datetime.now(UTC).isoformat(timespec='seconds'),
        'service': service,
        'counts': counts,
        'waiting': len(waiting),
        'files': [
            {
                'path': shown(why.path).encode('utf-8', 'backslashreplace').decode(),
                'why': why.reason,
                'seconds': round(why.seconds),
            }
            for why in waiting[:_MOST_TOLD]
        ],
    }
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix('.part')
        part.write_text(json.dumps(told), encoding='utf-8')
        part.replace(file)


def read_status(file: Path) -> dict[str, Any] | None:
    """Return what a watcher said last; None if there never was one."""
    try:
        told: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    return told
