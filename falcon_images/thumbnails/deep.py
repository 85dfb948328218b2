"""Colors of 16 bits: Pillow keeps the upper 8 of each, the lower are read apart."""

import sys

from PIL import Image, ImageFile, PpmImagePlugin

_ORDERS = ('L', 'B') if sys.byteorder == 'little' else ('B', 'L')
_OTHER = {'L': 'B', 'B': 'L', 'N': _ORDERS[1]}
# In these, a byte of one sample has no part in another.
_SEPARABLE = ('RGB;16', 'RGBX;16', 'RGBA;16')
_GREY_WITH_ALPHA = 'LA;16B'
_OF_PPM = 'RGB;16B'
_BYTE = 255
# Bytes of a pixel that both halves and what is made of them take.
PIXEL_BYTES = 20


def is_deep(image: Image.Image) -> bool:
    """Return whether colors have 16 bits, as far as the reader knows."""
    return isinstance(image, ImageFile.ImageFile) and ';16' in str(image.tile)


def read_as_bytes(image: Image.Image) -> None:
    """Let a PNM of 16 bits be read as other formats are, not scaled to 8."""
    if not has_large_values(image) or not isinstance(image, ImageFile.ImageFile):
        return
    tile = image.tile[0]
    if tile.codec_name == 'ppm':
        args = (_OF_PPM, 0, 1)
        image.tile = [tile._replace(codec_name='raw', args=args)]


def has_large_values(image: Image.Image) -> bool:
    """Return whether this is a PNM of colors of more than 8 bits."""
    if not isinstance(image, PpmImagePlugin.PpmImageFile) or image.mode != 'RGB':
        return False
    return bool(image.tile) and _most(image.tile[0]) > _BYTE


def _most(tile: ImageFile._Tile) -> int:
    if tile.codec_name.startswith('ppm') and isinstance(tile.args, tuple):
        return int(tile.args[-1])
    return 0


def lower_half(image: Image.Image) -> Image.Image | None:
    """Read the lower bytes of a picture that was opened anew; None if that fails."""
    if not isinstance(image, ImageFile.ImageFile):
        return None
    read_as_bytes(image)
    if [tile.args for tile in image.tile] == [_GREY_WITH_ALPHA]:
        return _lower_half_of_grey(image)
    tiles = [_swapped(tile) for tile in image.tile]
    if not tiles or None in tiles:
        return None
    image.tile = [tile for tile in tiles if tile]
    image.load()
    return image


def _lower_half_of_grey(image: ImageFile.ImageFile) -> Image.Image:
    # As colors of 8 bits: both bytes of the brightness, and both of the alpha.
    image.tile = [image.tile[0]._replace(args='RGBA')]
    image.load()
    return Image.merge('RGB', [image.getchannel('G')] * 3)


def _swapped(tile: ImageFile._Tile) -> ImageFile._Tile | None:
    """Return a tile whose reader takes the other byte of each two."""
    is_tuple = isinstance(tile.args, tuple)
    mode = str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)
    if mode[:-1] not in _SEPARABLE:
        return None
    other = mode[:-1] + _OTHER[mode[-1]]
    args = (other, *tile.args[1:]) if is_tuple and tile.args else other
    return tile._replace(args=args)


def joined(upper: Image.Image, lower: Image.Image) -> list[Image.Image]:
    """Return the three channels of 16 bits."""
    channels = []
    for name in 'RGB':
        halves = Image.merge('LA', (lower.getchannel(name), upper.getchannel(name)))
        channels.append(Image.frombytes('I;16', upper.size, halves.tobytes()))
    return channels
