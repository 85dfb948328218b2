"""How documents are read from BSON."""

import datetime

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from falcon_images.metadata.documents import Document

# Times that Python does not know, and broken UTF-8, make no document unreadable.
DOCUMENTS: CodecOptions[Document] = CodecOptions(
    tz_aware=True,
    tzinfo=datetime.UTC,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
    unicode_decode_error_handler='replace',
)
# What clients send back must be what they were given.
STRICT = DOCUMENTS.with_options(unicode_decode_error_handler='strict')
# As bytes.
RAW: CodecOptions[RawBSONDocument] = CodecOptions(
    RawBSONDocument, tz_aware=True, unicode_decode_error_handler='replace'
)
