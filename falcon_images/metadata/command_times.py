"""How long the database takes for each command, told as the client hears of it."""

from collections.abc import Callable

from pymongo import monitoring

_MICROSECONDS = 1e-6


class CommandTimes(monitoring.CommandListener):
    """Tells of each command its name, its time in seconds, and whether it failed."""

    def __init__(self, tell: Callable[[str, float, bool], None]) -> None:
        self._tell = tell

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._tell(event.command_name, event.duration_micros * _MICROSECONDS, False)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._tell(event.command_name, event.duration_micros * _MICROSECONDS, True)
