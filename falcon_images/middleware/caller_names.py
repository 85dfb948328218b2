"""Names of callers: how one is found in what the identification service answers."""

import json
import time
from typing import Any, Protocol

_MAX_BYTES = 64 * 1024
_MAX_CHARACTERS = 100
_READ_BYTES = 8192


class _Body(Protocol):
    """A body that is read as it comes."""

    def read1(self, amt: int) -> bytes:
        """Read what is there, once something is."""


def read_within(body: _Body, seconds: float) -> bytes:
    """Read a body; nothing of one that is too long, or takes too long.

    That costs its sender a name, not the request: the token is known.
    """
    deadline = time.monotonic() + seconds
    read = b''
    try:
        while chunk := body.read1(_READ_BYTES):
            read += chunk
            if len(read) > _MAX_BYTES or time.monotonic() > deadline:
                return b''
    except Exception:  # its text may have the URL: it goes nowhere
        return b''
    return read


def name_in(body: bytes, member: str, token: str) -> str:
    """Return the name that a member of a JSON object has; empty if there is none.

    A name is shown to others, so it is never one that has the token in it.
    """
    name = _member(body, member)
    if isinstance(name, bool) or not isinstance(name, str | int):
        return ''
    text = ''.join(each for each in str(name) if each.isprintable()).strip()
    return '' if token in text else text[:_MAX_CHARACTERS]


def _member(body: bytes, member: str) -> Any:
    try:
        answer = json.loads(body) if body and member else None
    except (ValueError, RecursionError):
        return None
    return answer.get(member) if isinstance(answer, dict) else None
