"""Digests that clients send, so that bytes that changed on the way are refused."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from falcon_images.errors import InvalidRequestError

# RFC 9530, section 5: those that are neither deprecated nor unknown here.
_ALGORITHMS = {'sha-256': 'sha256', 'sha-512': 'sha512'}
_DIGEST_HEADERS = ('Content-Digest', 'Repr-Digest')
# RFC 9530 writes them as a dictionary of byte sequences (RFC 8941, section 3.2).
_MEMBER = re.compile(r'\s*([a-z][a-z0-9-]*)=:([A-Za-z0-9+/=]*):\s*')


@dataclass(frozen=True)
class Claim:
    """One digest that was sent: where, of which algorithm, its value."""

    source: str
    algorithm: str
    value: bytes


def claimed_digests(get_header: Callable[[str], str | None]) -> list[Claim]:
    """Read the digests in a request's headers; those of unknown algorithms are left.

    `Content-Digest` and `Repr-Digest` as in RFC 9530, `Content-MD5` as in RFC 1864.

    Raises:
        InvalidRequestError: a header cannot be read.
    """
    claims = []
    for source in _DIGEST_HEADERS:
        for member in (get_header(source) or '').split(','):
            if member.strip():
                claims += _read_member(source, member)
    if md5 := get_header('Content-MD5'):
        claims.append(Claim('Content-MD5', 'md5', _decoded('Content-MD5', md5)))
    return claims


class DigestCheck:
    """Compares what was claimed with the bytes that arrive.

    A digest may be of the whole body, as the headers mean it, or of the image in the
    form, which is what clients know at hand.
    """

    def __init__(self, claims: list[Claim]) -> None:
        self._claims = claims
        algorithms = {claim.algorithm for claim in claims}
        self._body = {name: _hasher(name) for name in algorithms}
        self._image = {name: _hasher(name) for name in algorithms}

    def update_body(self, chunk: bytes) -> None:
        for hasher in self._body.values():
            hasher.update(chunk)

    def update_image(self, chunk: bytes) -> None:
        for hasher in self._image.values():
            hasher.update(chunk)

    def verify(self) -> None:
        """Raise `InvalidRequestError` if a digest is of neither body nor image."""
        for claim in self._claims:
            of_body = self._body[claim.algorithm].digest()
            of_image = self._image[claim.algorithm].digest()
            if claim.value not in (of_body, of_image):
                raise InvalidRequestError(
                    f'{claim.source} is of other bytes than arrived; send them again.'
                )


def verify_sha256(given: object, actual: str) -> None:
    """Check the form field ``sha256``, the image's digest in hex."""
    if not isinstance(given, str) or given.strip().lower() != actual:
        raise InvalidRequestError(
            'The field "sha256" is not that of the image that arrived; send it again.'
        )


def _hasher(algorithm: str) -> Any:
    return hashlib.new(algorithm, usedforsecurity=False)


def _read_member(source: str, member: str) -> list[Claim]:
    match = _MEMBER.fullmatch(member)
    if not match:
        raise _unreadable(source)
    algorithm = _ALGORITHMS.get(match[1])
    if algorithm is None:
        return []
    return [Claim(source, algorithm, _decoded(source, match[2]))]


def _decoded(source: str, text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as ex:
        raise _unreadable(source) from ex


def _unreadable(source: str) -> InvalidRequestError:
    return InvalidRequestError(
        f'{source} cannot be read; write it as in sha-256=:base64:, or leave it out.'
    )
