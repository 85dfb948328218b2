"""Grafana's dashboard and the documentation ask for metrics that there are."""

import json
import re
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.documentation import DOCS, table
from tests.support.service import Service

DASHBOARD = DOCS / 'grafana.json'
SELECTOR = re.compile(r'\b((?:falcon_images|process)_\w+)\{([^}]*)\}')
LABEL = re.compile(r'(\w+)=~?"')
GROUPING = re.compile(r'by \(([^)]*)\)')
# What Prometheus adds itself.
ADDED = {'job', 'instance'}


@pytest.fixture
def told(service: Service) -> dict[str, set[str]]:
    """The names of all samples, and of each the labels that it has."""
    service.client.upload('c')
    page = service.client.simulate_get('/metrics').text
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def dashboard() -> Any:
    return json.loads(DASHBOARD.read_text(encoding='utf-8'))


def questions() -> list[str]:
    panels = dashboard()['panels']
    return [target['expr'] for panel in panels for target in panel['targets']]


def families(names: Iterable[str]) -> set[str]:
    """The names of ours; a histogram is one, whichever of its parts is meant."""
    ours = (name for name in names if name.startswith('falcon_images_'))
    return {re.sub('_(bucket|sum|count)$', '', name) for name in ours}


@pytest.mark.skipif(sys.platform != 'linux', reason='process_… is told on Linux alone')
def test_the_dashboard_asks_for_what_is_told(told: dict[str, set[str]]) -> None:
    for question in questions():
        selectors = SELECTOR.findall(question)
        assert selectors, question
        for name, condition in selectors:
            assert name in told, question
            asked = set(LABEL.findall(condition))
            for group in GROUPING.findall(question):
                asked |= set(group.split(', '))
            assert asked <= told[name] | ADDED, question


def test_all_of_ours_is_on_the_dashboard(told: dict[str, set[str]]) -> None:
    asked = {name for text in questions() for name, _ in SELECTOR.findall(text)}
    assert families(asked) == families(told)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()['panels']:
        at = panel['gridPos']
        cells = {
            (x, y)
            for x in range(at['x'], at['x'] + at['w'])
            for y in range(at['y'], at['y'] + at['h'])
        }
        assert not cells & taken, panel['title']
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_table_of_metrics_has_all_of_ours(told: dict[str, set[str]]) -> None:
    rows = ' '.join(row[0] for row in table('Metric'))
    assert set(re.findall(r'falcon_images_\w+', rows)) == families(told)
