"""Exports read by torchvision, which Debian has for its Python: for the long form."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.support.archives import exported, upload_numbered
from tests.support.service import Service

PYTHON = '/usr/bin/python3'
PROGRAM = """
import json, sys
from torchvision.datasets import ImageFolder
found = ImageFolder(sys.argv[1])
sizes = [image.size for image, _ in found]
print(json.dumps([found.classes, found.targets, sizes]))
"""


def has_torchvision() -> bool:
    """Return whether it is there, without the seconds that it takes to load."""
    asked = 'import importlib.util; assert importlib.util.find_spec("torchvision")'
    if os.name == 'nt' or shutil.which(PYTHON) is None:
        return False
    done = subprocess.run([PYTHON, '-c', asked], capture_output=True, check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not has_torchvision(), reason='needs torchvision')


@pytest.mark.parametrize('query', ['format=imagefolder&split=1/1', 'format=yolo-cls'])
def test_torchvision_reads_folders_of_classes(
    service: Service, tmp_path: Path, query: str
) -> None:
    for number in range(24):
        upload_numbered(service, number, label=('NG', 'OK')[number % 2])
    path = tmp_path / 'c.zip'
    path.write_bytes(exported(service, f'{query}&label_by=label'))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)
    count = sum(each.suffix == '.jpg' for each in (tmp_path / 'train').rglob('*'))
    done = subprocess.run(
        [PYTHON, '-c', PROGRAM, tmp_path / 'train'],
        capture_output=True,
        text=True,
        check=True,
    )
    classes, targets, sizes = json.loads(done.stdout)
    assert classes == ['NG', 'OK']
    assert set(targets) == {0, 1}
    assert sizes == [[64, 48]] * count
