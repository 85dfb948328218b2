"""What the application is."""

import falcon

from falcon_images import __version__
from falcon_images.formats.json import dumps
from falcon_images.store.health import StoreHealth

_PING_SECONDS = 0.8
# Where a browser is led that was given the address of the service alone.
_PAGE = '/ui'
_TYPES = (falcon.MEDIA_JSON, falcon.MEDIA_HTML)


class Root:
    """What the application is, and whether its database answers.

    Args:
        url: that of the database, with no password in it.
        name: that of the database.
        has_authentication: requests need a token.
        login_url: the page that gives people one, or empty.
    """

    def __init__(
        self,
        health: StoreHealth,
        url: str,
        name: str,
        has_authentication: bool,
        login_url: str = '',
    ) -> None:
        self._health = health
        auth: dict[str, object] = {'enabled': has_authentication}
        if login_url:
            auth['login_url'] = login_url
        self._texts = {
            is_connected: dumps(
                {
                    'application_name': 'Image storage microservice',
                    'version': __version__,
                    'mongodb': {'url': url, 'db': name, 'connected': is_connected},
                    'auth': auth,
                }
            )
            for is_connected in (True, False)
        }

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.append_header('Vary', 'Accept')
        # Of two that are liked as much, the first: whoever takes all gets JSON.
        if req.client_prefers(_TYPES) == falcon.MEDIA_HTML:
            resp.status = falcon.HTTP_303
            resp.location = _PAGE
            return
        resp.data = self._texts[self._health.answers(_PING_SECONDS)]

    on_head = on_get


def public_url(url: str) -> str:
    """Make a MongoDB URL fit to be shown: no user, password, option or path."""
    scheme, _, rest = url.partition('://')
    hosts = rest.partition('/')[0].partition('?')[0].rpartition('@')[2]
    return f'{scheme}://{"localhost" if "%2f" in hosts.lower() else hosts}'
