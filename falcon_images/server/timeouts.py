"""How long the server waits for its clients."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """How many seconds the server waits for a client.

    Args:
        header_seconds: for the headers, from the first byte, or from the connection's
            start if it is the first request.
        request_seconds: for a request with its body, from its first byte.
        quiet_seconds: for any next byte, be it to send or to be read by the client,
            and for the next request.
        least_bytes_per_second: that a client reads of its answer, on an average of
            `quiet_seconds`.
        refused_seconds: for the rest of a body that is refused.
        body_bytes_per_second: that a client sends of its body, on an average of
            `body_seconds`; 0 is no limit.
    """

    header_seconds: float
    request_seconds: float
    quiet_seconds: float = 120.0
    least_bytes_per_second: float = 4096.0
    refused_seconds: float = 30.0
    body_bytes_per_second: float = 0.0
    body_seconds: float = 30.0
