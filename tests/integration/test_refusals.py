"""A database that refuses the user of the service: what is said of it."""

from collections.abc import Callable

from tests.support.serving import Serving


def test_a_user_that_is_not_known_is_told(
    start: Callable[..., Serving], mongodb_url: str
) -> None:
    url = mongodb_url.replace('://', '://line3:geheim@', 1)
    serving = start(MONGODB_URL=url).ready()
    answers = [serving.get('/collections') for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert 'MONGODB_URL' in answers[0].json()['description']
    told = [line for line in serving.lines if 'database refused' in line]
    # One for each process that serves.
    assert 1 <= len(told) <= len(serving.pids)
    assert 'Authentication failed. (18 AuthenticationFailed)' in told[0]
    assert 'geheim' not in serving.log
