"""The private MongoDB takes its part of the memory that there is."""

from pathlib import Path
from typing import Any

import psutil
import pymongo
import pytest

from falcon_images.embedded.memory import default_cache_bytes, usable_memory_bytes
from falcon_images.embedded.mongod import EmbeddedMongo

MIB = 1024**2
MACHINE = psutil.virtual_memory().total


def limit(root: Path, group: str, name: str, text: str) -> None:
    folder = root / 'sys/fs/cgroup' / group
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def own_groups(root: Path, text: str) -> None:
    (root / 'proc/self').mkdir(parents=True)
    (root / 'proc/self/cgroup').write_text(text)


@pytest.mark.parametrize(
    ('memory', 'cache'),
    [(MIB, 256), (1024 * MIB, 256), (2048 * MIB, 512), (64 * 1024 * MIB, 1024)],
)
def test_a_quarter_of_the_memory_is_for_the_cache(memory: int, cache: int) -> None:
    assert default_cache_bytes(memory) == cache * MIB


def test_without_groups_the_memory_is_that_of_the_machine(tmp_path: Path) -> None:
    assert usable_memory_bytes(tmp_path) == MACHINE


def test_a_container_has_the_memory_of_its_group(tmp_path: Path) -> None:
    own_groups(tmp_path, '0::/\n')
    limit(tmp_path, '', 'memory.max', f'{64 * MIB}\n')
    assert usable_memory_bytes(tmp_path) == 64 * MIB


def test_a_unit_has_no_more_memory_than_the_groups_above_it(tmp_path: Path) -> None:
    own_groups(tmp_path, '0::/system.slice/images.service\n')
    limit(tmp_path, 'system.slice/images.service', 'memory.max', 'max\n')
    limit(tmp_path, 'system.slice', 'memory.max', f'{96 * MIB}\n')
    assert usable_memory_bytes(tmp_path) == 96 * MIB


def test_groups_of_the_first_version_have_limits_too(tmp_path: Path) -> None:
    own_groups(tmp_path, '5:cpu:/other\n9:memory:/docker/1f\n1:name=systemd:/\n')
    limit(tmp_path, 'memory/docker/1f', 'memory.limit_in_bytes', f'{32 * MIB}\n')
    limit(tmp_path, 'memory', 'memory.limit_in_bytes', '9223372036854771712\n')
    assert usable_memory_bytes(tmp_path) == 32 * MIB


def test_mongod_has_the_cache_that_is_asked_for(tmp_path: Path) -> None:
    mongo = EmbeddedMongo(tmp_path / 'mongodb', 300 * MIB)
    try:
        mongo.wait_until_ready()
        with pymongo.MongoClient[dict[str, Any]](mongo.url) as client:
            options = client.admin.command('getCmdLineOpts')['parsed']
    finally:
        mongo.stop()
    gigabytes = options['storage']['wiredTiger']['engineConfig']['cacheSizeGB']
    assert gigabytes * 1024 == pytest.approx(300, rel=0.01)
