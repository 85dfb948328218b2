"""What the application says of a request when its headers are there."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

# In the environment of a request: nothing of its body was taken.
NOT_TAKEN = 'falcon_images.body_not_taken'


@dataclass(frozen=True)
class Verdict:
    """What the server does with a request and its body.

    Args:
        max_body_bytes: a larger body is not taken, and the application answers
            without it.
        is_quick: the answer needs neither the body nor a wait for anything, so it does
            not wait for a free thread either.
        awaited: nothing more is read before this is done, or some seconds have passed;
            then the application is asked again.
    """

    max_body_bytes: int
    is_quick: bool = False
    awaited: 'Future[Any] | None' = None


# Called with the environment that the application will get, and whether there is a
# body, by the thread that serves all connections: it must not wait for anything.
Admit = Callable[[dict[str, Any], bool], Verdict]
