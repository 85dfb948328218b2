"""The form parser hands on every part as it was, whatever is in the parts around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.uploads.headers import PartHeader
from falcon_images.uploads.parser import PartParser

PIECES = [b'', b'-', b'--', b'\r', b'\n', b'\r\n', b'\r\n--', b'x', b'\x00' * 70]


class Recorded:
    """The parts that were handed on: their names, and what was in them."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, bytes]] = []

    def start(self, header: PartHeader) -> None:
        self._name, self._content = header.name, b''

    def take(self, content: bytes) -> None:
        self._content += content

    def end(self) -> None:
        self.parts.append((self._name, self._content))


def parsed(parts: list[list[bytes]]) -> list[tuple[str, bytes]]:
    recorded = Recorded()
    parser = PartParser(recorded)
    for number, pieces in enumerate(parts):
        parser.start(PartHeader(str(number)))
        for piece in pieces:
            parser.take(piece)
        parser.end()
    return recorded.parts


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=4), max_size=6))
def test_any_parts_arrive_as_they_were(parts: list[list[bytes]]) -> None:
    expected = [(str(n), b''.join(pieces)) for n, pieces in enumerate(parts)]
    assert parsed(parts) == expected


@pytest.mark.parametrize('first', [b'', b'a', b'-'])
@pytest.mark.parametrize('pieces', [[b'-'], [b'--'], [b'-', b'-'], [b'-', b'-x']])
def test_hyphens_behind_a_header_do_not_end_the_form(
    first: bytes, pieces: list[bytes]
) -> None:
    expected = [('0', first), ('1', b''.join(pieces)), ('2', b'x')]
    assert parsed([[first], pieces, [b'x']]) == expected
