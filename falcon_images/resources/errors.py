"""The table of errors: which status and title of HTTP each of ours has."""

import logging
from typing import Any

import falcon

from falcon_images import errors
from falcon_images.formats import json as json_text
from falcon_images.middleware.record import record_of

_RETRY_AFTER_SECONDS = '5'
# What can go wrong, and what the client is told: status and title.
ERRORS: dict[type[Exception], tuple[str, str]] = {
    errors.InvalidRequestError: (falcon.HTTP_400, 'Invalid request'),
    errors.NotFoundError: (falcon.HTTP_404, 'Not found'),
    errors.ConflictError: (falcon.HTTP_409, 'Conflict'),
    errors.PreconditionFailedError: (falcon.HTTP_412, 'Precondition failed'),
    errors.TooLargeError: (falcon.HTTP_413, 'Too large'),
    errors.NotAnImageError: (falcon.HTTP_415, 'Not an image'),
    errors.NotAnArchiveError: (falcon.HTTP_415, 'Not an archive'),
    errors.KeyReusedError: (falcon.HTTP_422, 'Key used before'),
    errors.NotWholeError: (falcon.HTTP_422, 'Not whole'),
    errors.TooBusyError: (falcon.HTTP_503, 'Too busy'),
    errors.TooManyUploadsError: (falcon.HTTP_503, 'Too many uploads'),
    errors.TooManyFieldCountsError: (falcon.HTTP_503, 'Too many questions'),
    errors.TooManyThumbnailsError: (falcon.HTTP_503, 'Too many thumbnails'),
    errors.DatabaseUnavailableError: (falcon.HTTP_503, 'Database unavailable'),
    errors.QueryTimeoutError: (falcon.HTTP_503, 'Query too slow'),
    errors.StorageUnavailableError: (falcon.HTTP_503, 'Storage unavailable'),
    errors.StorageFullError: (falcon.HTTP_507, 'Disk full'),
}
_DESCRIPTIONS = {
    404: 'Nothing is at this address; images are at /collections/NAME/images.',
    405: 'This method is not for this address; the header "Allow" has those that are.',
    500: 'The service failed; its log tells why. Send the request again, or report it.',
}

logger = logging.getLogger(__name__)


def add_error_handlers(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Answer errors as the table says, and all others with 500; in JSON."""
    for error, (status, title) in ERRORS.items():
        app.add_error_handler(error, _error_handler(status, title))
    app.add_error_handler(Exception, _log_failure)
    app.set_error_serializer(_serialize_error)


def error_member(ex: Exception) -> dict[str, Any]:
    """Describe what went wrong with one of many, with the status that it has alone."""
    for error, (status, title) in ERRORS.items():
        if isinstance(ex, error):
            code = falcon.http_status_to_code(status)
            return {'status': code, 'title': title, 'description': str(ex)}
    return {
        'status': 500,
        'title': 'Internal server error',
        'description': _DESCRIPTIONS[500],
    }


def _error_handler(status: str, title: str) -> Any:
    headers = (
        {'Retry-After': _RETRY_AFTER_SECONDS} if status == falcon.HTTP_503 else None
    )

    def handle(
        req: falcon.Request,
        resp: falcon.Response,
        ex: Exception,
        params: dict[str, Any],
    ) -> None:
        raise falcon.HTTPError(
            status, title=title, description=str(ex), headers=headers
        ) from ex

    return handle


def _log_failure(
    req: falcon.Request,
    resp: falcon.Response,
    ex: Exception,
    params: dict[str, Any],
) -> None:
    # Falcon's own handler would log the query, and a token with it.
    logger.error('%s %s failed', req.method, record_of(req).id, exc_info=ex)
    raise falcon.HTTPInternalServerError(title='Internal server error') from ex


def _serialize_error(
    req: falcon.Request, resp: falcon.Response, ex: falcon.HTTPError
) -> None:
    resp.content_type = falcon.MEDIA_JSON
    resp.data = json_text.dumps(
        {
            'title': ex.title,
            'description': ex.description or _DESCRIPTIONS.get(ex.status_code, ''),
        }
    )
