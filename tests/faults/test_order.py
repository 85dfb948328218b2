"""The order of writes: recorded in the process, and seen from outside with strace."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection

from falcon_images.files.spool import UploadSpool
from tests.support.pictures import jpeg
from tests.support.service import Service
from tests.support.serving import Serving, eventually

linux_with_proc = pytest.mark.skipif(
    sys.platform != 'linux', reason='only Linux names what is open'
)
Steps = list[tuple[str, str]]
# As "-f -y" writes them: 12 fsync(7</folder/file>) = 0, one line a call, begun or done.
_CALL = re.compile(r'^\d+ +(\w+)\((.*)$')
_PATH = re.compile(r'[<"](/[^>"]*)[>"]')
# Of the collection "c"; the reconciler asks for the id of the store in the same way.
_DELETION = r'findAndModify\0\2\0\0\0c\0'
_TRACED = 'write,fsync,rename,unlink,rmdir,sendto,sendmsg'


@contextmanager
def recorded(steps: Steps) -> Iterator[None]:
    """Write down what is done to files and in the database."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ('fsync', 'replace', 'unlink'):
            _record(patch, steps, os, name, _path_of)
        for name in ('insert_one', 'find_one_and_delete'):
            _record(patch, steps, Collection, name, lambda collection: collection.name)
        _record(patch, steps, UploadSpool, 'new_entry', lambda spool: 'incoming')
        yield


def _record(
    patch: pytest.MonkeyPatch,
    steps: Steps,
    owner: Any,
    name: str,
    subject: Callable[[Any], str],
) -> None:
    function = getattr(owner, name)

    def call(first: Any, *args: Any, **kwargs: Any) -> Any:
        steps.append((name, subject(first)))
        return function(first, *args, **kwargs)

    patch.setattr(owner, name, call)


def _path_of(given: Any) -> str:
    if isinstance(given, int):
        return str(Path(f'/proc/self/fd/{given}').readlink())
    return str(given)


def folders(path: Path, root: Path) -> list[Path]:
    """The folder of a file and those above it, up to images/."""
    above = list(path.parents)
    return above[: above.index(root / 'images') + 1]


@linux_with_proc
def test_an_upload_is_synced_and_named_before_it_is_inserted(service: Service) -> None:
    steps: Steps = []
    with recorded(steps):
        service.client.upload()
    (path,) = service.stored_files()
    part, entry = steps[1][1], steps[-2][1]
    assert part.endswith('.part')
    assert entry.endswith('.json')
    synced = folders(path, service.settings.uploads_directory)
    assert steps == [
        ('new_entry', 'incoming'),
        ('fsync', part),
        # The first finds no folder to move it to.
        ('replace', part),
        ('replace', part),
        *[('fsync', str(folder)) for folder in synced],
        ('insert_one', 'c'),
        ('unlink', entry),
        # What is left of the form, which `save` has renamed by then.
        ('unlink', part),
    ]


def test_a_document_is_deleted_before_its_file(service: Service) -> None:
    document = service.client.upload()
    (path,) = service.stored_files()
    steps: Steps = []
    with recorded(steps):
        service.client.simulate_delete(f'/collections/c/images/{document["_id"]}')
    entry = steps[-1][1]
    assert entry.endswith('.json')
    assert steps == [
        ('new_entry', 'incoming'),
        ('find_one_and_delete', 'c'),
        ('unlink', str(path)),
        ('unlink', entry),
    ]


class Traced(Serving):
    """A service under strace, which sees what really reaches the system."""

    def __init__(self, folder: Path) -> None:
        self.trace = folder / 'trace'
        # With -D, the process that was started is the service, not strace.
        strace = ('strace', '-D', '-f', '-y', '-s', '400', '-e', f'trace={_TRACED}')
        program = folder / 'python'
        command = ' '.join((*strace, '-o', str(self.trace), sys.executable, '"$@"'))
        program.write_text(f'#!/bin/sh\nexec {command}\n', encoding='utf-8')
        program.chmod(0o700)
        executable, sys.executable = sys.executable, str(program)
        try:
            super().__init__(folder)
        finally:
            sys.executable = executable

    def steps(self) -> list[tuple[str, str]]:
        """Every call so far: its name, and the rest of its line."""
        lines = self.trace.read_text(errors='replace').splitlines()
        found = (_CALL.match(line) for line in lines)
        return [(match[1], match[2]) for match in found if match]


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    if not sys.platform.startswith('linux') or not shutil.which('strace'):
        reason = 'there is no strace here'
        (pytest.fail if os.environ.get('CI') else pytest.skip)(reason)
    made = Traced(tmp_path)
    yield made
    made.stop()


def position(steps: Steps, names: tuple[str, ...], part: str, start: int = 0) -> int:
    """Tell where a call is that mentions something; fail when there is none."""
    for number, (name, rest) in enumerate(steps[start:], start):
        if name in names and part in rest:
            return number
    pytest.fail(f'no {names} of {part}')


def test_strace_sees_the_same_order(traced: Traced) -> None:
    traced.ready()
    image_id = traced.upload(jpeg())['_id']
    path = f'/collections/c/images/{image_id}'
    (file,) = (traced.folder / 'data/uploads/images').rglob('*.jpg')
    synced = folders(file, traced.folder / 'data/uploads')
    assert traced.session.delete(f'{traced.url}{path}').status_code == 200
    eventually(lambda: any(str(file) in s for n, s in traced.steps() if n == 'unlink'))
    steps = traced.steps()
    sent = ('sendto', 'sendmsg')
    renamed = position(steps, ('rename',), str(file))
    part = _PATH.findall(steps[renamed][1])[0]
    order = [
        position(steps, ('write',), part),
        position(steps, ('fsync',), part),
        renamed,
        *[position(steps, ('fsync',), f'{folder}>', renamed) for folder in synced],
        position(steps, sent, 'insert', renamed),
        position(steps, sent, _DELETION, renamed),
        position(steps, ('unlink',), str(file)),
    ]
    assert order == sorted(order)
