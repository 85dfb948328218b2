"""TIFF: layouts that Pillow reads as something else, put right or refused."""

from typing import cast

from PIL import Image, ImageFile, ImageMath, TiffImagePlugin

from falcon_images.image_types.tiff import TiffLayout

_WHITE_IS_ZERO = 0
_YCBCR = 6
_SIGNED = 2
_OF_NUMBERS = ('I', 'I;16', 'I;16B', 'F')
_LOWEST = -(2**31)
# Unpacked, samples are in the order of the machine, and not in that of the file.
_NATIVE = {
    'I;16S': 'I;16NS',
    'I;16BS': 'I;16NS',
    'I;32S': 'I;32NS',
    'I;32BS': 'I;32NS',
    'I;32B': 'I;32N',
    'F;32F': 'F;32NF',
    'F;32BF': 'F;32NF',
}


def _add_layouts() -> None:
    """Let Pillow read numbers whose nought is white, which are turned here."""
    known = TiffImagePlugin.OPEN_INFO
    known.setdefault((b'MM', 1, (1,), 1, (32,), ()), ('I', 'I;32B'))
    for (order, photometric, *rest), modes in list(known.items()):
        if photometric == 1 and modes[0] in _OF_NUMBERS:
            known.setdefault((order, _WHITE_IS_ZERO, *rest), modes)  # type: ignore[arg-type]


_add_layouts()


def can_be_read(layout: TiffLayout, image: Image.Image) -> bool:
    """Return whether Pillow reads the pixels of such a TIFF as they are meant."""
    if not isinstance(image, ImageFile.ImageFile) or not image.tile:
        return True
    if image.tile[0].codec_name == 'libtiff':
        return True
    is_plain = set(layout.bits) <= {8}
    if layout.is_planar and not is_plain:
        return False
    return layout.photometric != _YCBCR or layout.subsampling == (1, 1)


def put_in_order(image: Image.Image) -> None:
    """Name the order of bytes that unpacked samples really have."""
    if not isinstance(image, ImageFile.ImageFile):
        return
    for number, tile in enumerate(image.tile):
        if tile.codec_name == 'libtiff' and isinstance(tile.args, tuple):
            mode, *rest = tile.args
            native = _NATIVE.get(str(mode), mode)
            image.tile[number] = tile._replace(args=(native, *rest))


def with_signs(layout: TiffLayout, image: Image.Image) -> Image.Image:
    """Return a picture of which larger numbers are larger.

    Pillow knows no bytes with a sign, and no integers of 32 bits without one.
    """
    is_signed = layout.sample_formats[0] == _SIGNED
    if image.mode == 'L' and is_signed:
        return image.point([value ^ 0x80 for value in range(256)])
    if image.mode != 'I' or is_signed or layout.bits[0] != 32:  # noqa: PLR2004
        return image
    moved = ImageMath.lambda_eval(lambda args: args['image'] ^ _LOWEST, image=image)
    return cast(Image.Image, moved)


def is_negative(layout: TiffLayout, image: Image.Image) -> bool:
    """Return whether the largest number is black; Pillow turns bytes itself."""
    return layout.photometric == _WHITE_IS_ZERO and image.mode in _OF_NUMBERS
