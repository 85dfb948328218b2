"""The client of the database, with the times after which it gives a request up."""

import pymongo

from falcon_images.metadata.documents import Document
from falcon_images.settings import SettingsError

_ENCODING_HINT = (
    ' Characters of a user or a password other than letters, digits and - . _ ~ must '
    'be percent-encoded in it: @ is %40, : is %3A, / is %2F, % is %25.'
)
_SERVER_SELECTION_MS = 3000
# Beyond the time that a query may take, so that the database can say so itself.
_SOCKET_MARGIN_MS = 1000
_MAX_POOL_SIZE = 100
_HEARTBEAT_MS = 2000


def create_client(
    mongodb_url: str, query_timeout_seconds: int
) -> pymongo.MongoClient[Document]:
    """Make the client of the database, which connects when it is used.

    Raises:
        SettingsError: the URL is not one of a MongoDB.
    """
    try:
        return pymongo.MongoClient(
            mongodb_url,
            appname='falcon_images',
            connect=False,
            serverSelectionTimeoutMS=_SERVER_SELECTION_MS,
            connectTimeoutMS=_SERVER_SELECTION_MS,
            socketTimeoutMS=query_timeout_seconds * 1000 + _SOCKET_MARGIN_MS,
            waitQueueTimeoutMS=_SERVER_SELECTION_MS,
            heartbeatFrequencyMS=_HEARTBEAT_MS,
            maxPoolSize=_MAX_POOL_SIZE,
            retryWrites=True,
        )
    except (pymongo.errors.PyMongoError, ValueError) as ex:
        # The URL may hold a password, and the error the URL.
        hint = _ENCODING_HINT if '@' in mongodb_url else ''
        raise SettingsError(
            'MONGODB_URL is not the URL of a MongoDB, such as '
            f'mongodb://localhost:27017.{hint}'
        ) from ex
