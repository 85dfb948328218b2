"""Bulk changes whose conditions are mistyped: they are refused, and change nothing."""

import falcon.testing
import pytest

from tests.support.bulk_changes import IMAGES, changes, dump
from tests.support.service import Service

METHODS = ['PATCH', 'DELETE']


@pytest.fixture(autouse=True)
def three_images(service: Service) -> None:
    for label in ('OK', 'NG', 'NG'):
        service.client.upload(label=label, work='200J')


def send(service: Service, method: str, query: str) -> falcon.testing.Result:
    return service.client.simulate_request(
        method, IMAGES, query_string=query, json={'seen': True}
    )


@pytest.mark.parametrize('end', ['', '&dry_run=true'])
@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize(
    ('query', 'told'),
    [
        ('label=NG&work=', "'work' has no value"),
        ('label=NG&label=', "'label' has no value"),
        ('label=NG&not_work=', "'not_work' has no value"),
        ('label=NG&from=', "'from' has no value"),
        ('label=NG&expect=', "'expect' has no value"),
        ('label=NG&=', "'' has no value"),
        ('label=NG&score<0.2', '\'score<0.2\' has no "="'),
        ('label=NG&score%3E0.2', '\'score>0.2\' has no "="'),
        ('label=NG&work', '\'work\' has no "="'),
        ('label=NG&limit=1', 'eq_limit'),
        ('label=NG&sort=time', 'eq_sort'),
        ('label=NG&format=csv', 'eq_format'),
        ('label=NG&token=x', 'eq_token'),
        ('label=NG&dedupe=true', 'eq_dedupe'),
        ('not_lable=OK', "'lable'"),
        ('label=NG&not_camera.gain=2', "'camera.gain'"),
        ('label=NG&not_work=%83L', 'percent-encoded UTF-8'),
    ],
)
def test_what_would_widen_it_is_refused(
    service: Service, method: str, query: str, told: str, end: str
) -> None:
    before = dump(service)
    answer = send(service, method, query + end)
    assert answer.status_code == 400
    assert told in answer.json['description']
    assert (dump(service), changes(service)) == (before, [])


@pytest.mark.parametrize('method', METHODS)
@pytest.mark.parametrize(
    ('query', 'matched'),
    [
        ('lable=NG', 0),
        ('label=NG&min_scroe=0.2', 0),
        ('in_lable=NG,OK', 0),
        ('like_lable=*', 0),
        ('has_lable=true', 0),
        ('has_lable=false', 3),
        ('not_label=OK', 2),
        ('not_label=OK&not_work=x', 2),
        ('not_label=unknown', 3),
        ('label=+', 0),
        ('size=large', 0),
        ('label=NG&&', 2),
    ],
)
def test_other_conditions_mean_what_they_say(
    service: Service, method: str, query: str, matched: int
) -> None:
    answer = send(service, method, query)
    assert answer.status_code == 200
    assert answer.json['matched'] == matched


@pytest.mark.parametrize('value', ['', None, False, 0, [], {}])
def test_a_property_is_one_whatever_it_holds(service: Service, value: object) -> None:
    service.client.upload(label='OK', json='{}')
    service.database['c'].update_one({'label': 'OK'}, {'$set': {'mark': value}})
    assert send(service, 'DELETE', 'not_mark=7').json['matched'] == 4


def test_one_image_that_has_the_property_is_enough(service: Service) -> None:
    service.client.upload(checked='yes')
    assert send(service, 'DELETE', 'not_checked=yes').json['matched'] == 3
