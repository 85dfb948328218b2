"""The trials of exports, snapshots, imports and tables, one request after the other."""

import csv
import filecmp
import fnmatch
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.opening import opened
from benchmarks.programs import Program
from benchmarks.transfers import Call, RefusedError, Transfer, json_of, transfer

LINE, COPY = 'line', 'copy'
_TRAINING = 'label_by=ai_prediction&split=80/10/10&group_by=time:10m'
# The parameters of each export, and how what comes is opened.
EXPORTS = {
    'archive': ('', 'zip'),
    'files': ('format=files', 'zip'),
    'imagefolder': (f'format=imagefolder&{_TRAINING}', 'zip'),
    'webdataset': (f'format=webdataset&{_TRAINING}', 'tar'),
    'coco': (f'format=coco&{_TRAINING}', 'zip'),
    'yolo-cls': (f'format=yolo-cls&{_TRAINING}', 'zip'),
    'ultralytics': (f'format=ultralytics&{_TRAINING}', 'lines'),
    'ndjson': ('format=ndjson', 'lines'),
    'csv': ('format=csv', 'lines'),
    'xlsx': ('format=xlsx', 'xlsx'),
    'parquet': ('format=parquet', 'parquet'),
}
_IMPORTED = ('archive', 'imagefolder', 'webdataset')
_CSV = {'Content-Type': 'text/csv'}
_JSON = {'Content-Type': 'application/json'}
_BYTES = {'Content-Type': 'application/octet-stream'}
_EDITED_ROWS = 1000
_IDS = 5000


@dataclass(frozen=True)
class Trial:
    """A request that was measured, and what was found in its answer."""

    name: str
    transfer: Transfer
    found: str


class Trials:
    """Measures what is asked for by name; the answers are in one folder, and go.

    Args:
        start: starts a service.
        names: patterns of the names of trials.
    """

    def __init__(
        self, start: Callable[[], Program], folder: Path, names: tuple[str, ...]
    ) -> None:
        self._start, self._folder, self._names = start, folder, names
        self._kept: dict[str, Path] = {}

    def run(self) -> Iterator[Trial]:
        """Yield each trial when it is done; what is refused ends its group."""
        for name, group in self._groups().items():
            if any(fnmatch.fnmatchcase(name, each) for each in self._names):
                try:
                    yield from group()
                except RefusedError as ex:
                    yield Trial(name, ex.transfer, f'REFUSED: {ex}')

    def _groups(self) -> dict[str, Callable[[], Iterator[Trial]]]:
        exports = {f'export {name}': partial(self._exports, name) for name in EXPORTS}
        imports = {f'import {name}': partial(self._imports, name) for name in _IMPORTED}
        path = f'{LINE}/images?sort=random:7'
        paths = {
            '100 in random order': f'{path}&limit=100',
            'all in random order': path,
        }
        lists = {name: partial(self._lists, name, each) for name, each in paths.items()}
        tables = {'relabels': self._relabels, 'snapshots': self._snapshots}
        return exports | {'query of ids': self._query} | lists | tables | imports

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | Path = b'',
        headers: dict[str, str] | None = None,
        answer: str = 'answer',
    ) -> Transfer:
        call = Call(
            method,
            f'/collections/{path}',
            self._folder / answer,
            body,
            headers or {},
        )
        return transfer(self._start, call)

    def _exports(self, name: str) -> Iterator[Trial]:
        parameters, kind = EXPORTS[name]
        answer = f'{name}.{kind}'
        done = self._send('GET', f'{LINE}/export?{parameters}', answer=answer)
        path = self._folder / answer
        found = opened(path, kind)
        if name in _IMPORTED or name == 'csv':
            self._kept[name] = path
        else:
            path.unlink()
        yield Trial(f'export {name}', done, found)

    def _exported(self, name: str) -> Path:
        if name not in self._kept:
            list(self._exports(name))
        return self._kept[name]

    def _query(self) -> Iterator[Trial]:
        path = f'{LINE}/images'
        self._send('GET', f'{path}?fields=_id&limit={_IDS}')
        ids = [document['_id'] for document in self._answer()]
        body = json.dumps({'_id': ids}).encode()
        done = self._send('POST', f'{path}/query', body, _JSON)
        yield Trial(f'query of {len(ids):,} ids', done, self._count())

    def _lists(self, name: str, path: str) -> Iterator[Trial]:
        yield Trial(name, self._send('GET', path), self._count())

    def _snapshots(self) -> Iterator[Trial]:
        path, name = f'{LINE}/snapshots', 'trial'
        body = json.dumps({'name': name}).encode()
        done = self._send('POST', path, body, _JSON)
        yield Trial('snapshot, made', done, f'{self._answer()["images"]:,} images')
        export = f'{LINE}/export?snapshot={name}&format=imagefolder&{_TRAINING}'
        first, second = self._folder / 'first', self._folder / 'second'
        done = self._send('GET', export, answer=first.name)
        yield Trial('snapshot, first export', done, opened(first, 'zip'))
        done = self._send('GET', export, answer=second.name)
        found = 'the same' if filecmp.cmp(first, second, False) else 'OTHER BYTES'
        yield Trial('snapshot, second export', done, found)
        second.unlink()
        middle = first.stat().st_size // 2
        done = self._send('GET', export, headers={'Range': f'bytes={middle}-'})
        is_rest = _is_rest(first, middle, self._folder / 'answer')
        found = f'{done.status}, ' + ('the rest' if is_rest else 'OTHER BYTES')
        yield Trial('snapshot, second half', done, found)
        first.unlink()
        yield Trial(
            'snapshot, deleted',
            self._send('DELETE', f'{path}/{name}'),
            f'{self._answer()["images"]:,} images',
        )

    def _relabels(self) -> Iterator[Trial]:
        edited = self._folder / 'edited.csv'
        rows = _edit(self._exported('csv'), edited)
        path = f'{LINE}/relabel'
        done = self._send('POST', f'{path}?dry_run=true', edited, _CSV)
        yield Trial(f'relabel of {rows:,} rows, dry run', done, self._changed())
        done = self._send('POST', path, edited, _CSV)
        found, change = self._changed(), self._answer()['change']
        edited.unlink()
        yield Trial(f'relabel of {rows:,} rows', done, found)
        yield self._revert(LINE, change, 'relabel')

    def _imports(self, name: str) -> Iterator[Trial]:
        archive = self._exported(name)
        path = f'{COPY}/import'
        if name != 'archive':
            path += '?label_by=ai_prediction&split_by=split'
        dry = f'{path}{"&" if "?" in path else "?"}dry_run=true'
        for title, each in (('dry run', dry), ('first', path), ('again', path)):
            done = self._send('POST', each, archive, _BYTES)
            yield Trial(f'import {name}, {title}', done, self._imported())
            if title == 'first':
                change = self._answer()['change']
        archive.unlink()
        yield self._revert(COPY, change, f'import {name}')
        self._send('DELETE', COPY)

    def _revert(self, collection_name: str, change: str, what: str) -> Trial:
        done = self._send('POST', f'{collection_name}/changes/{change}/revert')
        return Trial(f'{what}, reverted', done, f'{self._answer()["reverted"]:,}')

    def _answer(self) -> Any:
        return json_of(self._folder / 'answer')

    def _count(self) -> str:
        return f'{len(self._answer()):,} documents'

    def _changed(self) -> str:
        answer = self._answer()
        return f'{answer["matched"]:,} differ, {answer["conflict_count"]:,} conflicts'

    def _imported(self) -> str:
        answer = self._answer()
        names = ('imported', 'updated', 'unchanged', 'skipped_count')
        return ', '.join(
            f'{answer[name]:,} {name.removesuffix("_count")}' for name in names
        )


def _is_rest(whole: Path, start: int, part: Path) -> bool:
    """Return whether a file is what another has from a place on."""
    with whole.open('rb') as expected, part.open('rb') as found:
        expected.seek(start)
        block = found.read(1024**2)
        while block and block == expected.read(1024**2):
            block = found.read(1024**2)
        return not block and not expected.read(1)


def _edit(exported: Path, edited: Path) -> int:
    """Give a thousand rows, or each if there are fewer, another value."""
    with exported.open(encoding='utf-8-sig', newline='') as file:
        count = sum(1 for _ in csv.reader(file)) - 1
    every = max(1, count // _EDITED_ROWS)
    with (
        exported.open(encoding='utf-8-sig', newline='') as file,
        edited.open('w', encoding='utf-8', newline='') as out,
    ):
        reader = csv.DictReader(file)
        writer = csv.DictWriter(out, list(reader.fieldnames or ()))
        writer.writeheader()
        for number, row in enumerate(reader):
            if number % every == 0:
                row['ai_prediction'] = 'rework'
            writer.writerow(row)
    return count
