"""What a request to the service can fail with; each text is a sentence for people."""

from http import HTTPStatus

import requests


class ClientError(Exception):
    """A request that did not do what it should."""


class UnreachableError(ClientError):
    """No answer came, or only ones that ask to try again, for as long as was waited."""


class AnswerError(ClientError):
    """The service refused a request.

    Args:
        status: of the answer.
        description: what the service says.
    """

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


def error_of(answer: requests.Response) -> AnswerError:
    """Return the error that an answer of 300 and above is."""
    status = answer.status_code
    if answer.is_redirect:
        where = answer.headers.get('Location', '')
        return AnswerError(status, f'The address has moved to {where}; use that one.')
    return AnswerError(status, _description(answer) or _phrase(status))


def _description(answer: requests.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return ''
    if not isinstance(found, dict):
        return ''
    return str(found.get('description') or found.get('title') or '')


def _phrase(status: int) -> str:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = 'unknown'
    return f'The server answered with {status} ({phrase}).'
