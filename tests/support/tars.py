"""Tar archives as other programs write them."""

import io
import tarfile
from collections.abc import Mapping

from tests.support.pictures import jpeg

TAR = 'application/x-tar'


def tarred(files: Mapping[str, bytes], format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of files, not compressed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w', format=format_) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def with_entry(info: tarfile.TarInfo, content: bytes = b'') -> bytes:
    """A tar archive of a picture, and of another entry that is somehow different."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode='w') as archive:
        picture = tarfile.TarInfo('a.jpg')
        picture.size = len(jpeg())
        archive.addfile(picture, io.BytesIO(jpeg()))
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def with_header(archive: bytes, offset: int, value: bytes) -> bytes:
    """Change the last header of a picture's name in a tar, and its sum with it."""
    at = archive.rindex(b'b.jpg')
    header = bytearray(archive[at : at + 512])
    header[offset : offset + len(value)] = value
    header[148:156] = b' ' * 8
    header[148:156] = b'%06o\0 ' % sum(header)
    return archive[:at] + bytes(header) + archive[at + 512 :]
