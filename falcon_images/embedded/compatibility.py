"""The form of a private MongoDB's data, kept as new as the program that has opened it.

Data that stays in the form of an older version (its feature compatibility version) is
refused by the next version but one, with all images in it.
"""

import logging
import socket

from falcon_images.embedded.commands import ANSWER_ERRORS, ask

_SECONDS = 60.0
# From this version on, the command must have `confirm`.
_CONFIRMED_SINCE = (7, 0)

logger = logging.getLogger(__name__)


def raise_compatibility(connection: socket.socket) -> None:
    """Bring the data to the version of the `mongod` at the other end, if it is older.

    Older programs cannot open it any more then. What fails is only logged:
    the database works as it is.
    """
    connection.settimeout(_SECONDS)
    try:
        program = tuple(ask(connection, {'buildInfo': 1})['versionArray'][:2])
        name = 'featureCompatibilityVersion'
        stored = ask(connection, {'getParameter': 1, name: 1})[name]['version']
        if tuple(map(int, stored.split('.'))) >= program:
            return
        version = '{}.{}'.format(*program)
        confirmed = {'confirm': True} if program >= _CONFIRMED_SINCE else {}
        ask(connection, {'setFeatureCompatibilityVersion': version} | confirmed)
    except ANSWER_ERRORS as ex:
        logger.warning(
            'The private MongoDB keeps its data in the form of an older version (%s)',
            ex,
        )
        return
    logger.info('The data of the private MongoDB is now that of version %s', version)
