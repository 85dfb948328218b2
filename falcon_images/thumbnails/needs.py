"""What it takes to decode an image: memory, and scans that each take all of it."""

from PIL import Image, JpegImagePlugin, TiffImagePlugin

# Bytes of a pixel as it is decoded, with the copies that drawing makes of it.
_PIXEL_BYTES = {'1': 2, 'L': 1, 'I;16': 2, 'I': 8, 'P': 9, 'PA': 12, 'LA': 8, 'RGBA': 8}
_OTHER_PIXEL_BYTES = 4
# What the decoders of some formats keep of all pixels beside that.
_DECODER_BYTES = {'AVIF': 12, 'JPEG2000': 16, 'WEBP': 12}
_COEFFICIENT_BYTES = 2
# Each takes as long as all of a picture; programs make some ten.
_MAX_SCANS = 300
_SCAN = b'\xff\xda'
_PIECE_BYTES = 1024**2
# Tags of TIFF 6.0.
_ROWS_PER_STRIP = 278
_TILE_WIDTH = 322
_TILE_LENGTH = 323


def needed_bytes(image: Image.Image, pixels: int) -> int:
    """Return what decoding takes, of pixels in all; those of a draft are fewer."""
    pixel_bytes = _PIXEL_BYTES.get(image.mode, _OTHER_PIXEL_BYTES)
    decoded = image.width * image.height * pixel_bytes
    return decoded + pixels * _decoder_bytes(image) + _strip_bytes(image)


def _decoder_bytes(image: Image.Image) -> int:
    if isinstance(image, JpegImagePlugin.JpegImageFile) and not _is_one_scan(image):
        # Those that follow refine or complete it, so all coefficients are kept.
        return _COEFFICIENT_BYTES * image.layers
    return _DECODER_BYTES.get(image.format or '', 0)


def _is_one_scan(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Return whether the first scan of a JPEG, read last, is all (ITU T.81)."""
    if 'progressive' in image.info or image.fp is None:
        return False
    scan = b'\xff\xda\0' + bytes((6 + 2 * image.layers, image.layers))
    end = image.fp.tell()
    image.fp.seek(max(end - scan[3] - 2, 0))
    found = image.fp.read(len(scan))
    image.fp.seek(end)
    return found == scan


def has_many_scans(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Return whether a JPEG has more scans than programs make."""
    if image.fp is None or _is_one_scan(image):
        return False
    end, scans, last = image.fp.tell(), 0, b''
    image.fp.seek(0)
    # These two bytes are nowhere in the data of a scan (ITU T.81, B.1.1.5).
    while scans <= _MAX_SCANS and (piece := image.fp.read(_PIECE_BYTES)):
        scans += (last + piece).count(_SCAN)
        last = piece[-1:]
    image.fp.seek(end)
    return scans > _MAX_SCANS


def _strip_bytes(image: Image.Image) -> int:
    """Return how much a reader of TIFF unpacks at once, which may be all."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile) or not image.tile:
        return 0
    if image.tile[0].codec_name != 'libtiff':
        return 0
    rows = image.tag_v2.get(_ROWS_PER_STRIP, image.tag_v2.get(_TILE_LENGTH, 0))
    width = image.tag_v2.get(_TILE_WIDTH, image.width)
    return int(width) * min(int(rows), image.height) * _OTHER_PIXEL_BYTES
