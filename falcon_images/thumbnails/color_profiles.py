"""Color profiles (ICC): what their colors are in sRGB, which thumbnails are in."""

import io

from PIL import Image, ImageCms

# Those of printers have some two megabytes.
_MAX_BYTES = 8 * 1024**2
_SPACES = {'L': 'GRAY', 'RGB': 'RGB', 'CMYK': 'CMYK'}
_SRGB = ImageCms.createProfile('sRGB')


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture as RGB; a profile that does not fit it changes nothing."""
    space = _SPACES.get(picture.mode)
    if not profile or space is None or len(profile) > _MAX_BYTES:
        return picture.convert('RGB')
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != space:
            return picture.convert('RGB')
        shown = ImageCms.profileToProfile(picture, source, _SRGB, outputMode='RGB')
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture.convert('RGB')
    return shown or picture.convert('RGB')
