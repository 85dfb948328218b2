"""Archives as clients send them, and requests that import them."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import falcon.testing

from tests.support.service import Service, form

ZIP = 'application/zip'


def zipped(files: Mapping[str, bytes], **options: Any) -> bytes:
    """A zip archive of files, compressed."""
    buffer = io.BytesIO()
    options.setdefault('compression', zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(buffer, 'w', **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_manifest(documents: list[Any], files: Mapping[str, bytes]) -> bytes:
    """An archive as the earlier version wrote it."""
    manifest = json.dumps(documents).encode()
    return zipped({**files, 'mongodb_data.json': manifest, 'mongodb_data.xlsx': b'x'})


def with_raw_names(files: Mapping[bytes, bytes]) -> bytes:
    """An archive whose names are bytes, and not said to be UTF-8."""
    plain = {chr(65 + n) * len(name): name for n, name in enumerate(files)}
    archive = zipped(dict(zip(plain, files.values(), strict=True)))
    for placeholder, name in plain.items():
        archive = archive.replace(placeholder.encode(), name)
    return archive


def import_archive(
    service: Service, archive: bytes, *fields: tuple[str, str], **params: str
) -> falcon.testing.Result:
    """Import an archive into the collection `c`, as a form."""
    sent = form(*fields, ('archive', archive, 'my archive.ZIP'))
    return service.client.simulate_post(
        '/collections/c/import',
        body=sent.body,
        content_type=sent.content_type,
        params=params,
    )


def import_body(
    service: Service, body: bytes, content_type: str = ZIP, **headers: str
) -> falcon.testing.Result:
    """Import an archive that is the body."""
    return service.client.simulate_post(
        '/collections/c/import', body=body, content_type=content_type, headers=headers
    )


def images_of(service: Service) -> list[dict[str, Any]]:
    """The documents of the collection `c`, oldest first."""
    path = '/collections/c/images'
    found: list[dict[str, Any]] = service.client.simulate_get(path).json
    return found[::-1]


def file_of(service: Service, image_id: str) -> bytes:
    path = f'/collections/c/images/{image_id}/image'
    return service.client.simulate_get(path).content


def reasons(answer: falcon.testing.Result) -> dict[str, str]:
    """Why entries were left out, by their names."""
    return {each['name']: each['reason'] for each in answer.json['skipped']}
