"""The log says once when the private MongoDB has more images than it is meant for."""

import pytest

from falcon_images.maintenance.capacity import PrivateCapacity
from tests.support.service import Service


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.levelname == 'WARNING']


def test_more_images_than_are_meant_are_told_once(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr('falcon_images.maintenance.capacity._PAUSE_SECONDS', 0)
    capacity = PrivateCapacity(service.parts.mongo, 3 * 256)
    service.database.a.insert_many({} for _ in range(2))
    service.database.b.insert_one({})
    capacity.warn()
    assert warnings_of(caplog) == []
    service.database.b.insert_one({})
    capacity.warn()
    capacity.warn()
    [warning] = warnings_of(caplog)
    assert '4 images' in warning
    assert 'meant for 3' in warning


def test_nothing_is_told_of_the_database_of_others(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.database.a.insert_one({})
    PrivateCapacity(service.parts.mongo, 0).warn()
    assert warnings_of(caplog) == []
