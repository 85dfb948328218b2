"""The uploads folder, opened as the service begins."""

from pathlib import Path

from falcon_images.files.folder import UploadsFolder
from falcon_images.settings import SettingsError


def open_folder(uploads_directory: Path) -> UploadsFolder:
    """Open the uploads folder; raise `SettingsError` if it cannot be written."""
    folder = UploadsFolder(uploads_directory)
    try:
        folder.prepare()
    except OSError as ex:
        raise SettingsError(
            f'UPLOADS_DIRECTORY {uploads_directory} cannot be written '
            f'({ex.strerror}); give the service the right to, or choose another folder.'
        ) from ex
    return folder
