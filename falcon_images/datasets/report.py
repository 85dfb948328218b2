"""The report of an export: what was asked for, what is in it, and what is not."""

import datetime
from collections.abc import Iterable
from typing import BinaryIO

from falcon_images import __version__
from falcon_images.datasets.run import Run, chunks_of

_NOTES = (
    '',
    'Below is one line for each thing that is not as it was asked for: what, the _id',
    'of the image, its name and why, or its name here; each text as in JSON, with',
    'tabs between them. An archive without this file is not whole.',
    '',
)


def report(file: BinaryIO, run: Run, documents: int, more: Iterable[str] = ()) -> None:
    """Write the report into a file."""
    made = datetime.datetime.fromtimestamp(run.began_at, datetime.UTC)
    lines = (
        f'Collection: {run.request.collection_name}',
        f'Conditions: {run.request.conditions or "none"}',
        f'Made: {made.isoformat("T", "seconds").removesuffix("+00:00")}Z',
        f'Version of the service: {__version__}',
        f'Documents: {documents}',
        f'Images: {run.sent} ({run.sent_bytes} bytes)',
        f'Images left out: {run.left_out}',
        f'Images with another name than they were sent with: {run.renamed}',
        *more,
        *_NOTES,
    )
    text = '\n'.join(lines) + '\n'
    file.write(text.encode('utf-8', 'replace'))
    for chunk in chunks_of(run.notes):
        file.write(chunk)
