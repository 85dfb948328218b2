"""Archives that come out of the service, read as others read them."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tests.support.pictures import jpeg
from tests.support.service import Service, form

_SHEET = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'


def upload(service: Service, name: str, content: bytes = b'', **fields: str) -> Any:
    """Upload an image under a name, and return its document."""
    image = ('image', content or jpeg(), name)
    answer = service.client.post_form('c', form(*fields.items(), image))
    assert answer.status_code == 200, answer.text
    return answer.json


def export(service: Service, query: str = '', name: str = 'c') -> zipfile.ZipFile:
    """Return the archive that a collection is exported as."""
    archive = zipfile.ZipFile(io.BytesIO(exported(service, query, name)))
    assert archive.testzip() is None
    return archive


def exported(service: Service, query: str = '', name: str = 'c') -> bytes:
    """Return the bytes of the file that a collection is exported as."""
    path = f'/collections/{quote(name)}/export'
    answer = service.client.simulate_get(path, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.content


def upload_numbered(
    service: Service, number: int, name: str = '', **fields: Any
) -> Any:
    """Upload a picture of 64 x 48 pixels that is another for each number."""
    content = jpeg() + number.to_bytes(2)
    return upload(service, name or f'{number}.jpg', content, json=json.dumps(fields))


def images_of(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The images of an archive of the earlier version, by their names."""
    return {
        name: archive.read(name)
        for name in archive.namelist()
        if not name.startswith('mongodb_data')
    }


def documents_of(archive: zipfile.ZipFile) -> Any:
    return json.loads(archive.read('mongodb_data.json'))


def report_of(archive: zipfile.ZipFile) -> str:
    return archive.read('mongodb_data_report.txt').decode()


def rows_of(workbook: bytes) -> list[dict[str, Any]]:
    """The rows of a workbook's one sheet, each by the names in the first."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        sheet = ElementTree.fromstring(parts.read('xl/worksheets/sheet1.xml'))
    first, *others = (
        {_letters(cell.attrib['r']): _value(cell) for cell in row}
        for row in sheet.iter(f'{_SHEET}row')
    )
    return [{first[column]: value for column, value in row.items()} for row in others]


def unzip_finds_it_sound(archive: bytes, folder: Path) -> bool:
    """Return whether the program `unzip`, where there is one, finds no fault."""
    program = shutil.which('unzip')
    if program is None:
        return True
    path = folder / 'archive.zip'
    path.write_bytes(archive)
    done = subprocess.run([program, '-tq', path], capture_output=True, check=False)
    return done.returncode == 0


def _letters(place: str) -> str:
    return place.rstrip('0123456789')


def _value(cell: ElementTree.Element) -> Any:
    kind = cell.attrib.get('t')
    text = ''.join(part.text or '' for part in cell.iter() if part.tag != _SHEET + 'c')
    if kind == 'inlineStr':
        return re.sub('_x([0-9A-F]{4})_', lambda m: chr(int(m[1], 16)), text)
    return text == '1' if kind == 'b' else json.loads(text)
