"""The process of a private MongoDB, as that itself tells of it."""

from typing import Any

import pymongo

# Not asked for: Wine is ended by some of it, where it stands for Windows.
_LEFT_OUT = (
    *('activeIndexBuilds', 'asserts', 'batchedDeletes', 'catalogStats', 'connections'),
    *('electionMetrics', 'extra_info', 'flowControl', 'freeMonitoring', 'globalLock'),
    *('indexBulkBuilder', 'indexStats', 'locks', 'logicalSessionRecordCache', 'mem'),
    *('metrics', 'network', 'opLatencies', 'opcounters', 'opcountersRepl'),
    *('readConcernCounters', 'scramCache', 'security', 'storageEngine', 'tcmalloc'),
    *('tenantMigrations', 'trafficRecording', 'transactions', 'transportSecurity'),
    *('twoPhaseCommitCoordinator', 'wiredTiger'),
)


def pid_of(url: str) -> int:
    with pymongo.MongoClient[dict[str, Any]](
        url, serverSelectionTimeoutMS=1000
    ) as client:
        status: dict[str, int] = {'serverStatus': 1} | dict.fromkeys(_LEFT_OUT, 0)
        return int(client.admin.command(status)['pid'])
