"""The SHA-256 of a file."""

import hashlib
import io
from typing import BinaryIO, cast


def sha256_of(file: BinaryIO) -> str:
    """Return the SHA-256 of an open file, all of it, as 64 hex digits."""
    file.seek(0)
    return hashlib.file_digest(cast(io.BufferedReader, file), 'sha256').hexdigest()
