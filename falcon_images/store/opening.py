"""Uploads folder and database, compared as the service begins."""

import logging
import signal

from falcon_images.errors import DatabaseUnavailableError, StorageError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.mark import DamagedMarkError
from falcon_images.metadata.client import create_client
from falcon_images.metadata.mongo import MongoDatabase
from falcon_images.metadata.store_ids import StoreIds
from falcon_images.settings import Settings, SettingsError
from falcon_images.store.identity import IdentityError, StoreIdentity

logger = logging.getLogger(__name__)


def compare_identity(settings: Settings) -> None:
    """Raise `SettingsError` if the database answers and the folder is another's.

    If it does not answer, they are compared later.
    """
    folder = UploadsFolder(settings.uploads_directory)
    with create_client(settings.mongodb_url, settings.query_timeout_seconds) as client:
        mongo = MongoDatabase(
            client, settings.mongodb_db, settings.query_timeout_seconds
        )
        try:
            StoreIdentity(folder.mark, StoreIds(mongo), mongo.name).agree()
        except (IdentityError, DamagedMarkError) as ex:
            raise SettingsError(str(ex)) from ex
        except (DatabaseUnavailableError, StorageError) as ex:
            logger.debug('Uploads folder and database are compared later: %s', ex)


def end_process(ex: IdentityError) -> None:
    """Log why this process may not go on, and have it end."""
    logger.critical('%s', ex)
    signal.raise_signal(signal.SIGTERM)
