"""The gallery where requests take long: what it asks for until images are seen."""

from playwright.sync_api import Page, expect

from tests.support.looking import fill, see
from tests.support.serving import Serving

# With 400 kbit/s and 400 ms, so many come in 1.9 s; four turns of requests are 1.6 s.
MOST_BYTES = 97_000
MOST_REQUESTS = 14


def test_images_are_seen_after_few_requests_of_few_bytes(
    page: Page, serving: Serving
) -> None:
    fill(serving, 4)
    # It comes when images are seen.
    page.route('**/ui/later.js?*', lambda route: route.abort())
    session = page.context.new_cdp_session(page)
    session.send('Network.enable')
    received: list[int] = []
    session.on(
        'Network.loadingFinished',
        lambda event: received.append(event['encodedDataLength']),
    )
    see(page, serving)
    expect(page.locator('.tile img[src^="blob:"]')).to_have_count(4)
    # What the page has made itself comes without bytes.
    assert len([size for size in received if size]) <= MOST_REQUESTS
    assert sum(received) <= MOST_BYTES
