"""Authentication: who may ask for collections, and where the token is looked for."""

import re
from concurrent.futures import Future

import falcon

from falcon_images.middleware.identification import (
    ANSWER_SECONDS,
    Caller,
    Identification,
    Identity,
    settled,
)
from falcon_images.query.names import TOKENS

# In the environment of a request: who sent it. The server finds that out before there
# is a request of Falcon's, so it cannot be in the record of one.
IDENTITY = 'falcon_images.identity'
PASSING = (Identity.NOT_NEEDED, Identity.KNOWN)

_TOKEN = re.compile(r'[\x21-\x7e]{1,8192}')
_RETRY_AFTER_SECONDS = 5
_PROTECTED = 'collections'
# Cookies or a query that are longer are not read: that takes as long as they are long.
MAX_SEARCHED_BYTES = 16 * 1024
_TOO_LONG = ' '


class AuthMiddleware:
    """Lets requests to collections pass only with a token that is known."""

    def __init__(self, identification: Identification) -> None:
        self._identification = identification

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Check the token of a request to anything below the protected path.

        It waits for the answer where the server has not done so; ours does.
        """
        caller = req.env.get(IDENTITY)
        if caller is None:
            caller = caller_of(self.identify(req), ANSWER_SECONDS)
            req.env[IDENTITY] = caller
        if caller.identity not in PASSING:
            raise _refusal(caller.identity)

    def identify(self, req: falcon.Request) -> 'Future[Caller]':
        """Begin to find out who sent a request; this waits for nothing."""
        # As the router reads it, which passes over slashes at the beginning.
        first = req.path.lstrip('/').partition('/')[0]
        if first != _PROTECTED or req.method == 'OPTIONS':
            return settled(Identity.NOT_NEEDED)
        token = _token(req)
        if not token:
            return settled(Identity.MISSING)
        if not _TOKEN.fullmatch(token):
            return settled(Identity.REFUSED)
        return self._identification.ask(token)


def caller_of(answer: 'Future[Caller]', seconds: float = 0) -> Caller:
    """Return what is known within some seconds."""
    try:
        return answer.result(seconds)
    except TimeoutError:
        return Caller(Identity.UNAVAILABLE)


def caller_name(req: falcon.Request) -> str:
    """Return the name of who sent a request; empty if nobody says it."""
    caller = req.env.get(IDENTITY)
    return caller.name if isinstance(caller, Caller) else ''


def _refusal(identity: Identity) -> falcon.HTTPError:
    if identity is Identity.MISSING:
        return falcon.HTTPUnauthorized(
            title='Token required',
            description='Send the header "Authorization: Bearer <token>".',
            challenges=['Bearer'],
        )
    if identity is Identity.REFUSED:
        return falcon.HTTPForbidden(
            title='Token refused',
            description='The token is not known; log in again to get another.',
        )
    return falcon.HTTPServiceUnavailable(
        title='Identification unavailable',
        description='Tokens cannot be checked now; try again in some seconds.',
        retry_after=_RETRY_AFTER_SECONDS,
    )


def _token(req: falcon.Request) -> str:
    words = (req.auth or '').split()
    if len(words) > 1:
        return words[1]
    # Cookies travel with requests that other sites make, so they may only read.
    if req.method not in ('GET', 'HEAD'):
        return ''
    candidates: list[str | None] = []
    if len(req.env.get('HTTP_COOKIE', '')) <= MAX_SEARCHED_BYTES:
        candidates += [req.cookies.get(name) for name in TOKENS]
    query = req.env.get('QUERY_STRING', '')
    if len(query) <= MAX_SEARCHED_BYTES:
        candidates += [req.get_param(name) for name in TOKENS]
    elif any(f'{name}=' in query for name in TOKENS):
        candidates.append(_TOO_LONG)
    return next((token for token in candidates if token), '')
