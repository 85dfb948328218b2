"""Reading: a file that was sent, as rows of a sheet, whatever kind it is of."""

from typing import BinaryIO

from falcon_images.datasets.sheets.csv_rows import read_csv
from falcon_images.datasets.sheets.rows import SheetRows
from falcon_images.errors import InvalidRequestError

_ZIP = b'PK\3\4'
# How files of older programs begin, and those that are encrypted.
_COMPOUND = b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'


def read_sheet(file: BinaryIO, size: int, texts: BinaryIO) -> SheetRows:
    """Read a file as CSV or, if it is one, as a workbook.

    Args:
        texts: an empty file, for the texts of a workbook.

    Raises:
        InvalidRequestError: it is none of them, or damaged; the rows raise it too.
        TooLargeError: more is in it than may be.
    """
    file.seek(0)
    beginning = file.read(len(_COMPOUND))
    if beginning == _COMPOUND:
        raise InvalidRequestError(
            'The workbook is encrypted, or of an old kind (.xls); save it as .xlsx '
            'without a password, or as CSV. Nothing was changed.'
        )
    if beginning.startswith(_ZIP):
        # It takes long to import, and many a service never reads one.
        from falcon_images.datasets.sheets.workbook_rows import (  # noqa: PLC0415
            read_workbook,
        )

        return read_workbook(file, size, texts)
    return read_csv(file)
