"""Orders and answers between the service and the process that draws for it."""

import json
from dataclasses import asdict, dataclass
from typing import BinaryIO, Literal

# Larger than any thumbnail: an answer that announces more is an error.
_MAX_LINE_BYTES = 64 * 1024
_MAX_CONTENT_BYTES = 16 * 1024**2

State = Literal['ready', 'ok', 'unavailable', 'damaged', 'large', 'gone', 'unreadable']


@dataclass(frozen=True)
class Order:
    """A thumbnail that is to be drawn.

    Args:
        key: what the file is called in the log.
        path: where the file is.
        device: of the file, with `inode`; another file at that path is not drawn.
        longest_side: of the thumbnail, in pixels.
        max_pixels: an image of more is not drawn.
        allows_large: an image that takes much memory is drawn.
        seconds: what it may take of time, and of processor time.
    """

    key: str
    path: str
    device: int
    inode: int
    longest_side: int
    max_pixels: int
    allows_large: bool = False
    seconds: float = 0


@dataclass(frozen=True)
class Answer:
    """The answer to an order; it has a thumbnail only if the state is `ok`.

    `ready` is said once, before the first order; `large`: it takes much memory, and was
    not to; `gone`: the file is; `unreadable`: the disk refused with an error number.
    """

    state: State
    content: bytes = b''
    error_number: int = 0


def send_order(stream: BinaryIO, order: Order) -> None:
    """Send an order; raise `OSError` if nobody takes it."""
    stream.write(json.dumps(asdict(order)).encode() + b'\n')
    stream.flush()


def parse_order(line: bytes) -> Order:
    """Return the order that a line holds."""
    return Order(**json.loads(line))


def send_answer(stream: BinaryIO, answer: Answer) -> None:
    """Send an answer; raise `OSError` if nobody takes it."""
    head = [answer.state, answer.error_number, len(answer.content)]
    stream.write(json.dumps(head).encode() + b'\n' + answer.content)
    stream.flush()


def receive_answer(stream: BinaryIO) -> Answer:
    """Wait for an answer; raise `OSError` or `ValueError` if none came whole."""
    line = stream.readline(_MAX_LINE_BYTES)
    state, error_number, size = json.loads(line)
    if not 0 <= size <= _MAX_CONTENT_BYTES:
        raise ValueError('No thumbnail is so large.')
    content = stream.read(size)
    if len(content) < size:
        raise ValueError('The answer ends early.')
    return Answer(state, content, error_number)
