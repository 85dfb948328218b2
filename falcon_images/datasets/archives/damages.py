"""What is said of archives and entries that cannot be read."""

from falcon_images.errors import InvalidRequestError

DAMAGED = 'It is damaged, or cut off.'
LEADS_OUT = 'Its name leads out of the archive.'
_ARCHIVE = 'The archive is cut off or damaged; send it again.'


def damaged(text: str = _ARCHIVE) -> InvalidRequestError:
    """Make the error of an archive, or of one of its entries."""
    return InvalidRequestError(text)
