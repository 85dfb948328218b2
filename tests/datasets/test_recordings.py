"""Recordings: what was an export once can be read at any place."""

import hashlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.datasets.snapshots.recorded import RecordedExport
from falcon_images.datasets.snapshots.recording import (
    ImageChunk,
    RecordedFile,
    Recording,
)
from falcon_images.errors import StorageUnavailableError
from falcon_images.files.folder import UploadsFolder

# Parts of an export: bytes of their own, or those of a file in chunks.
LITERALS = st.binary(max_size=20)
FILES = st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=3)
PARTS = st.lists(st.one_of(LITERALS, FILES), max_size=8)


class Files:
    """Files in memory, opened as those of a store."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}

    def add(self, chunks: list[bytes]) -> Iterator[bytes]:
        content = b''.join(chunks)
        key = f'{len(self.contents)}.jpg'
        self.contents[key] = content
        file = RecordedFile(key, len(content), hashlib.sha256(content).digest())
        first = 0
        for chunk in chunks:
            marked = ImageChunk(chunk)
            marked.file, marked.first = file, first
            first += len(chunk)
            yield marked

    def open_unbuffered(self, key: str) -> Any:
        content = self.contents.get(key)
        return None if content is None else io.BytesIO(content)


def recorded(parts: list[Any], files: Files) -> tuple[bytes, bytes]:
    """Record an export; return what it is, and the recording."""
    file, whole = io.BytesIO(), b''
    with tempfile.TemporaryFile() as table:
        recording = Recording(file, table)
        for part in parts:
            for piece in [part] if isinstance(part, bytes) else files.add(part):
                recording.add(piece)
                whole += piece
        recording.finish()
    return whole, file.getvalue()


def opened(recording: bytes, files: Any) -> RecordedExport:
    return RecordedExport(io.BytesIO(recording), files)


@given(parts=PARTS, first=st.integers(0, 150), size=st.integers(1, 150))
def test_each_part_is_what_it_was(parts: list[Any], first: int, size: int) -> None:
    files = Files()
    whole, recording = recorded(parts, files)
    export = opened(recording, files)
    assert export.size == len(whole)
    assert b''.join(export.pieces(0, export.size - 1)) == whole
    part = b''.join(export.pieces(first, min(first + size, len(whole)) - 1))
    assert part == whole[first : first + size]


@given(parts=PARTS)
def test_bytes_of_files_are_not_in_a_recording(parts: list[Any]) -> None:
    unlikely = [[b'of an image ' * 5] if isinstance(p, list) else p for p in parts]
    _, recording = recorded(unlikely, Files())
    assert b'of an image' not in recording


@pytest.mark.parametrize('left', [0, 10, -1])
def test_one_that_is_cut_off_is_not_believed(left: int) -> None:
    _, recording = recorded([b'a', [b'b']], Files())
    with pytest.raises(StorageUnavailableError):
        opened(recording[:left], Files())


@pytest.mark.parametrize('content', [None, b'', b'x', b'xxxxx'])
def test_no_byte_of_another_file_is_sent(content: bytes | None) -> None:
    files = Files()
    whole, recording = recorded([b'before', [b'image'], b'after'], files)
    del files.contents['0.jpg']
    if content is not None:
        files.contents['0.jpg'] = content
    pieces = opened(recording, files).pieces(0, len(whole) - 1)
    assert next(pieces) == b'before'
    with pytest.raises(StorageUnavailableError):
        next(pieces)


def test_the_first_of_two_recordings_counts(tmp_path: Path) -> None:
    folder = UploadsFolder(tmp_path)
    folder.prepare()
    for content in (b'first', b'second'):
        with folder.spool.new_file() as file:
            file.write(content)
            folder.recorded_exports.save(file, '0' * 24, 'x')
    with folder.recorded_exports.open('0' * 24, 'x') or io.BytesIO() as found:
        assert found.read() == b'first'
    assert list((tmp_path / 'incoming').rglob('*.part')) == []
    folder.recorded_exports.forget('0' * 24)
    assert folder.recorded_exports.open('0' * 24, 'x') is None
    folder.close()
