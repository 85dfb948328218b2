"""The uploads folder, opened as the service begins."""

from pathlib import Path

from falcon_images.files.disk import DiskFiles
from falcon_images.settings import SettingsError


def open_files(uploads_directory: Path) -> DiskFiles:
    """Open the uploads folder; raise `SettingsError` if it cannot be written."""
    files = DiskFiles(uploads_directory)
    try:
        files.prepare()
    except OSError as ex:
        raise SettingsError(
            f'UPLOADS_DIRECTORY {uploads_directory} cannot be written '
            f'({ex.strerror}); give the service the right to, or choose another folder.'
        ) from ex
    return files
