"""Redrawing of pictures: only the pixels are stored, without EXIF, positions, comments, thumbnails or appended data.

Of an animation only the first picture is stored.
"""

import io
import math
from collections.abc import Mapping
from typing import Final

from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from shared.files.inspection.limits import InspectionLimits
from shared.files.inspection.rejection import Rejected, RejectionReason

JPEG_SCALES: Final = (1, 2, 4, 8)  # by which libjpeg can scale a JPEG down while reading it
SAVING: Final[Mapping[str, Mapping[str, int]]] = {"JPEG": {"quality": 85, "optimize": False}, "PNG": {}, "WEBP": {"quality": 85}}
SIXTEEN_BITS: Final = frozenset({"I;16", "I;16L", "I;16B", "I;16N"})
GREYS: Final = frozenset({"1", "L"})


def redraw(content: bytes, code: str, limits: InspectionLimits) -> bytes:
    """Return the picture, turned as its EXIF says and stripped of it, in the same format at eight bits a channel.

    Raises Rejected: IMAGE_TOO_LARGE for too many pixels or a too large result, BROKEN for a picture that cannot be read.
    """
    target = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=[code]) as picture:
            _fit(picture, code, limits)
            drawn = _plain(ImageOps.exif_transpose(picture), code)
            drawn.save(target, code, **SAVING[code])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Rejected(RejectionReason.IMAGE_TOO_LARGE) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, OverflowError):
        raise Rejected(RejectionReason.BROKEN) from None  # Pillow's decoders raise any of these for damaged data
    if target.tell() > limits.file_bytes:
        raise Rejected(RejectionReason.IMAGE_TOO_LARGE)
    return target.getvalue()


def _fit(picture: Image.Image, code: str, limits: InspectionLimits) -> None:
    if math.prod(picture.size) > (limits.jpeg_pixels if code == "JPEG" else limits.pixels):
        raise Rejected(RejectionReason.IMAGE_TOO_LARGE)
    if code == "JPEG":
        scale = next(scale for scale in JPEG_SCALES if math.prod(picture.size) <= limits.pixels * scale**2)
        picture.draft(None, (picture.width // scale, picture.height // scale))


def _plain(picture: Image.Image, code: str) -> Image.Image:
    """Return the pixels alone, in a mode that the format supports."""
    if picture.mode in SIXTEEN_BITS:
        return _eight_bits(picture)
    if picture.mode not in GREYS | {"LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr"}:
        raise Rejected(RejectionReason.BROKEN)  # the range of other modes is unknown: a conversion would clip it
    transparent = code != "JPEG" and picture.has_transparency_data
    wanted = "RGBA" if transparent else "L" if picture.mode in GREYS and code != "WEBP" else "RGB"
    drawn = picture if picture.mode == wanted else picture.convert(wanted)
    drawn.info = {}
    return drawn


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Return the high byte of each 16-bit sample, as libpng's `png_set_strip_16` takes it; one value may be transparent (PNG 11.3.2.1)."""
    data = picture.tobytes()
    is_big = picture.mode.endswith("B")
    high = Image.frombytes("L", picture.size, data[0 if is_big else 1 :: 2])
    clear = picture.info.get("transparency")
    if not isinstance(clear, int):
        return high
    low = Image.frombytes("L", picture.size, data[1 if is_big else 0 :: 2])
    matches = ImageChops.darker(_equal(high, clear >> 8), _equal(low, clear & 0xFF))
    return Image.merge("LA", (high, ImageChops.invert(matches))).convert("RGBA")


def _equal(samples: Image.Image, value: int) -> Image.Image:
    """Return a mask: white where a sample has the value, black elsewhere."""
    return samples.point([255 if sample == value else 0 for sample in range(256)])
