"""What can go wrong, without HTTP: `resources/errors.py` has the table of statuses.

The text of each is a full sentence that a client may read: it names no path, no host
and nothing that a database said.
"""


class NotFoundError(Exception):
    """The collection, image or file that was asked for does not exist."""


class InvalidRequestError(Exception):
    """A name, an id, a form, a property or a query that cannot be accepted."""


class PreconditionFailedError(Exception):
    """The document is not, or no more, the one that the client means."""


class ConflictError(Exception):
    """What is asked for cannot be done in the state that things are in."""


class LeaseLostError(Exception):
    """Another process has done, meanwhile, what was to be done."""


class DuplicateKeyError(Exception):
    """Another image came with this idempotency key."""


class KeyReusedError(Exception):
    """An idempotency key was used before, for another upload."""


class DamagedFileError(NotFoundError):
    """The file of an image is missing, or is not the one that was stored."""


class TooManyUploadsError(Exception):
    """As many uploads are worked on as the settings allow."""


class TooManyFieldCountsError(Exception):
    """As many countings of fields are waited for as the settings allow."""


class TooManyThumbnailsError(Exception):
    """As many requests wait for a thumbnail to be drawn as may."""


class TooBusyError(Exception):
    """As much slow work is done, or as many bytes wait to be sent, as may be."""


class TooLargeError(Exception):
    """More bytes than a limit of the settings allows."""


class NotAnImageError(Exception):
    """The bytes that were sent are not an image of a known format."""


class NotWholeError(Exception):
    """The image that was sent is cut off, and only a whole one is wanted."""


class NotAnArchiveError(Exception):
    """The bytes that were sent are not an archive that can be read."""


class DatabaseUnavailableError(Exception):
    """The database did not answer in time, or refused to."""


class CursorLostError(DatabaseUnavailableError):
    """What was being read is no more, such as a collection that was dropped."""


class UncertainInsertError(DatabaseUnavailableError):
    """The insert was sent, but nobody knows whether it was, or will be, applied."""


class QueryTimeoutError(Exception):
    """A query took longer than the settings allow."""


class StorageError(Exception):
    """The disk did not do what it was asked."""


class StorageFullError(StorageError):
    """The disk, or the quota on it, is full."""


class StorageUnavailableError(StorageError):
    """The disk refused to read or write, for another reason than being full."""
