"""The process that draws: here alone, the images of clients are decoded.

It takes one order after the other from its standard input, and ends when that does. A
decoder that crashes, or takes too much of anything, takes this process along at most.
"""

import logging
import os
import queue
import threading
from pathlib import Path
from typing import BinaryIO, NoReturn

from falcon_images.errors import TooLargeError
from falcon_images.image_types.internals import set_limits
from falcon_images.telemetry.log_lines import log_warnings
from falcon_images.thumbnails.drawing import Drawing, LargeImageError, UndrawableError
from falcon_images.thumbnails.limits import limit_memory, limit_time
from falcon_images.thumbnails.protocol import Answer, Order, parse_order, send_answer


def main(max_bytes: str) -> None:
    """Draw what is ordered until EOF, in `max_bytes` of memory at most."""
    limit_memory(int(max_bytes))
    set_limits()
    logging.basicConfig(format='%(message)s')
    log_warnings()
    answers = _answers()
    send_answer(answers, Answer('ready'))
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    # The service may die while a drawing is under way.
    threading.Thread(target=_receive, args=(orders,), daemon=True).start()
    while True:
        order = orders.get()
        limit_time(order.seconds)
        send_answer(answers, _answer(order))


def _answers() -> BinaryIO:
    """Return standard output; what libraries print goes to standard error."""
    stream = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)
    return stream


def _receive(orders: queue.SimpleQueue[Order]) -> NoReturn:
    with open(0, 'rb', closefd=False) as stream:
        for line in stream:
            orders.put(parse_order(line))
    os._exit(0)


def _answer(order: Order) -> Answer:
    drawing = Drawing(order.max_pixels, order.allows_large)
    try:
        with Path(order.path).open('rb') as file:
            status = os.fstat(file.fileno())
            if (status.st_dev, status.st_ino) != (order.device, order.inode):
                raise FileNotFoundError
            return Answer('ok', drawing.draw(file, order.longest_side))
    except LargeImageError:
        return Answer('large')
    except TooLargeError:
        return Answer('unavailable')
    except UndrawableError as ex:
        return Answer('damaged' if ex.is_damaged else 'unavailable')
    except FileNotFoundError:
        return Answer('gone')
    except OSError as ex:
        return Answer('unreadable', error_number=ex.errno or 0)
