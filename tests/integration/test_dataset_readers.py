"""Exports read by the programs that they are made for, as their users call them."""

import importlib.util
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.archives import exported, upload_numbered
from tests.support.service import Service

CLASSES = ('NG', 'OK')
DATASET = 'label_by=label&split=2/1/1&group_by=work'

needs_datasets = pytest.mark.skipif(
    importlib.util.find_spec('datasets') is None, reason='needs datasets'
)


@pytest.fixture
def filled(service: Service) -> Service:
    """A service with images of two classes, and properties that are rare or mixed."""
    for number in range(24):
        rare: dict[str, Any] = {}
        if number == 5:
            rare = {'remark': '傷 5', 'depth': 0.5}
        upload_numbered(
            service,
            number,
            label=CLASSES[number % 2],
            work=number // 3,
            score=number / 10 if number % 3 else number,
            mixed=[number, 'text', True, None][number % 4],
            **rare,
        )
    return service


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Hugging Face's `load_dataset`, which asks nobody and writes where tests may."""
    for name in ('HF_HUB_OFFLINE', 'HF_DATASETS_OFFLINE'):
        monkeypatch.setenv(name, '1')
    monkeypatch.setenv('HF_HOME', str(tmp_path / 'huggingface'))
    datasets = pytest.importorskip('datasets')
    datasets.disable_progress_bars()

    def loaded(kind: str, **options: Any) -> Any:
        return datasets.load_dataset(kind, cache_dir=str(tmp_path / 'cache'), **options)

    return loaded


def unpacked(service: Service, query: str, folder: Path) -> Path:
    path = folder / 'export.zip'
    path.write_bytes(exported(service, query))
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / 'export')
    return folder / 'export'


@needs_datasets
def test_hugging_face_reads_image_folders_with_splits(
    filled: Service, load: Any, tmp_path: Path
) -> None:
    query = 'format=imagefolder&label_by=label&split=1/1/1'
    folder = unpacked(filled, query, tmp_path)
    found = load('imagefolder', data_dir=str(folder))
    assert set(found) == {'train', 'validation', 'test'}
    rows = [row for split in found.values() for row in split]
    assert len(rows) == 24
    assert {row['image'].size for row in rows} == {(64, 48)}
    assert {row['label'] for row in rows} == set(CLASSES)
    assert sorted({row['remark'] for row in rows}) == ['', '傷 5']
    assert {type(row['score']) for row in rows} == {float}


@needs_datasets
def test_hugging_face_reads_a_zip_of_image_folders(
    filled: Service, load: Any, tmp_path: Path
) -> None:
    path = tmp_path / 'c.zip'
    path.write_bytes(exported(filled, 'format=imagefolder&label_by=label'))
    found = load('imagefolder', data_files={'train': str(path)})['train']
    assert len(found) == 24
    labels = {row['image_']: row['label'] for row in found}
    assert labels == {f'{number}.jpg': CLASSES[number % 2] for number in range(24)}


@needs_datasets
def test_hugging_face_reads_samples(filled: Service, load: Any, tmp_path: Path) -> None:
    path = tmp_path / 'c.tar'
    query = 'format=webdataset&label_by=label&sort=time&fields=label,work'
    path.write_bytes(exported(filled, query))
    found = load('webdataset', data_files={'train': str(path)})['train']
    assert [row['__key__'] for row in found] == [str(number) for number in range(24)]
    assert [row['cls'] for row in found] == [number % 2 for number in range(24)]
    assert {row['jpg'].size for row in found} == {(64, 48)}
    assert [row['json']['label'] for row in found] == [*CLASSES] * 12


@pytest.mark.parametrize('name', ['csv', 'xlsx', 'parquet'])
def test_pandas_reads_documents(filled: Service, tmp_path: Path, name: str) -> None:
    pandas = pytest.importorskip('pandas')
    path = tmp_path / f'c.{name}'
    path.write_bytes(exported(filled, f'format={name}&sort=time'))
    options = {'engine': 'openpyxl'} if name == 'xlsx' else {}
    read = {'csv': 'read_csv', 'xlsx': 'read_excel', 'parquet': 'read_parquet'}[name]
    frame = getattr(pandas, read)(path, **options)
    assert list(frame['image']) == [f'{number}.jpg' for number in range(24)]
    assert list(frame['label']) == [*CLASSES] * 12
    scores = [number / 10 if number % 3 else number for number in range(24)]
    assert list(frame['score']) == scores
    assert list(frame['remark'].dropna()) == ['傷 5']


def test_openpyxl_reads_a_workbook(filled: Service, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip('openpyxl')
    path = tmp_path / 'c.xlsx'
    path.write_bytes(exported(filled, 'format=xlsx&sort=time&fields=work,label'))
    (sheet,) = openpyxl.load_workbook(path, read_only=True).worksheets
    rows = list(sheet.iter_rows(values_only=True))
    assert set(rows[0]) == {'_id', 'work', 'label', '_tag'}
    work, label = rows[0].index('work'), rows[0].index('label')
    assert [(row[work], row[label]) for row in rows[1:]] == [
        (number // 3, CLASSES[number % 2]) for number in range(24)
    ]


@pytest.mark.skipif(shutil.which('unzip') is None, reason='needs unzip')
@pytest.mark.parametrize(
    'query',
    [
        *('', 'format=files', f'format=imagefolder&{DATASET}'),
        *('format=coco&split=1/1', f'format=yolo-cls&{DATASET}'),
    ],
)
def test_the_program_unzip_unpacks_it(
    filled: Service, tmp_path: Path, query: str
) -> None:
    (tmp_path / 'c.zip').write_bytes(exported(filled, query))
    done = subprocess.run(
        ['unzip', '-q', 'c.zip', '-d', 'out'],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b'', b'')
    pictures = [path for path in (tmp_path / 'out').rglob('*') if path.suffix == '.jpg']
    assert len(pictures) == 24


def test_a_line_of_ultralytics_has_what_its_reader_asks_for(filled: Service) -> None:
    lines = exported(filled, f'format=ultralytics&{DATASET}').splitlines()
    dataset, *images = map(json.loads, lines)
    assert {type(each) for each in dataset['class_names'].values()} == {str}
    for image in images:
        assert image['split'] in {'train', 'val', 'test'}
        assert image['file'].endswith('.jpg')
        (number,) = image['annotations']['classification']
        assert isinstance(number, int)
