"""Health: whether the process lives, and whether it could do its work."""

import falcon

from falcon_images.errors import DatabaseUnavailableError, StorageError
from falcon_images.store.health import StoreHealth

_PING_SECONDS = 2.0
_RETRY_AFTER_SECONDS = 5


class Live:
    """Whether the process answers; nothing else is asked."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {'status': 'live'}

    on_head = on_get


class Ready:
    """Whether database and disk let the service work, else what is wrong."""

    def __init__(self, health: StoreHealth) -> None:
        self._health = health

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        checks = {'database': self._database(), 'store': self._store()}
        ready = all(result == 'ok' for result in checks.values())
        resp.media = {'status': 'ready' if ready else 'not ready', **checks}
        if not ready:
            wrong = {result for result in checks.values() if result != 'ok'}
            resp.media |= {'title': 'Not ready', 'description': ' '.join(wrong)}
            resp.status = falcon.HTTP_503
            resp.retry_after = _RETRY_AFTER_SECONDS

    on_head = on_get

    def _database(self) -> str:
        try:
            self._health.check_rights(_PING_SECONDS)
        except DatabaseUnavailableError as ex:
            return str(ex)
        return 'ok'

    def _store(self) -> str:
        try:
            self._health.check_writable()
        except StorageError as ex:
            return str(ex)
        return 'ok'
