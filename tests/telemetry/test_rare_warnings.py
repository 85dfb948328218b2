"""Warnings that come again and again are written once a minute."""

import logging

import pytest

from falcon_images.telemetry.rare_warnings import RareWarnings

logger = logging.getLogger('falcon_images.tests')


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_of_a_kind_is_written_in_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    warnings = RareWarnings(logger, clock)
    for second in range(125):
        clock.now = second
        warnings.warn('full', 'The disk is full (%d)', second)
    assert caplog.messages == [
        f'The disk is full ({second})' for second in (0, 60, 120)
    ]


def test_each_kind_is_written(caplog: pytest.LogCaptureFixture) -> None:
    warnings = RareWarnings(logger, Clock())
    for kind in ('full', 'broken', 'full'):
        warnings.warn(kind, kind)
    assert caplog.messages == ['full', 'broken']
