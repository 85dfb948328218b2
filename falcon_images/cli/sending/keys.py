"""The key under which a file is stored once, however often it is sent."""

import hashlib
from collections.abc import Sequence

from falcon_images.cli.sending.files import Found, identity

# What a key can be made of; the host and the whole path, unless told otherwise.
KEY_PARTS = ('host', 'path', 'relative', 'name', 'sha256')
DEFAULT_PARTS = ('host', 'path', 'sha256')


class Keys:
    """Makes the key of a file.

    Args:
        parts: what it is made of.
        host: the name of this machine.
    """

    def __init__(self, parts: Sequence[str], host: str) -> None:
        self._parts = tuple(parts)
        self._host = host

    @property
    def text(self) -> str:
        """Return what keys are made of."""
        return ','.join(self._parts)

    def key_of(self, found: Found, digest: str, turn: int = 0) -> str:
        """Return the key of a file with this SHA-256.

        Args:
            found: the file.
            digest: its SHA-256.
            turn: how often the file was deleted and is to be stored anew.
        """
        values = {
            'host': self._host,
            'path': identity(found.path),
            'relative': found.relative,
            'name': found.path.name,
            'sha256': digest,
        }
        texts = [f'{part}={values[part]}' for part in self._parts]
        texts += [f'again={turn}'] if turn else []
        text = '\0'.join(texts).encode('utf-8', 'surrogateescape')
        return hashlib.sha256(text).hexdigest()
