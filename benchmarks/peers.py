"""The peer: what a user would otherwise write in Node.js, beside the service."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace

from benchmarks.clients import ROOT
from benchmarks.measuring import Scenario, Side
from benchmarks.messages import delete

PEER = 'peer'
_FOLDER = ROOT / 'benchmarks' / 'peer'
PEER_COMMAND = ('node', str(_FOLDER / 'server.mjs'))
# Each drops a collection of its own.
_OWN = {delete('/collections/service'): delete(f'/collections/{PEER}')}


class NoPeerError(Exception):
    """The peer cannot be run here; the text says why."""


def install_peer() -> None:
    """Install the peer's packages, in the versions of its lock file.

    Raises:
        NoPeerError: Node.js or npm is missing, or npm failed.
    """
    npm = shutil.which('npm')
    if not npm or not shutil.which('node'):
        raise NoPeerError('The peer needs Node.js 18 or newer, with npm.')
    done = subprocess.run(
        [npm, 'ci', '--silent', '--no-audit', '--no-fund'],
        cwd=_FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoPeerError(f'npm could not install the peer:\n{done.stderr[-2000:]}')


def beside_peer(scenarios: Iterable[Scenario]) -> Iterator[Scenario]:
    """Put the peer in the place of the baselines, where these do the same work."""
    for scenario in scenarios:
        first, second = scenario.sides[:2]
        if (first.label, second.label) == ('service', 'baseline'):
            requests = tuple(_OWN.get(each, each) for each in first.requests)
            peer = Side(PEER, PEER, requests, first.connections)
            yield replace(scenario, sides=(first, peer))
