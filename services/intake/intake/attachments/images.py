"""Pictures are drawn anew: what is left is what can be seen, without EXIF, places, comments, thumbnails or anything appended."""

import math
from typing import Any, BinaryIO, Final

from PIL import Image, ImageOps, UnidentifiedImageError

from intake.attachments.policy import Broken, ImageTooLarge, Limits

JPEG_SCALES: Final = (1, 2, 4, 8)  # in which a JPEG can be read smaller than it is (libjpeg)
SAVING: Final[dict[str, dict[str, Any]]] = {"JPEG": {"quality": 85, "optimize": False}, "PNG": {}, "WEBP": {"quality": 85}}


def redraw(source: BinaryIO, target: BinaryIO, code: str, limits: Limits) -> None:
    """The picture in `source`, turned as its EXIF says and stripped of it, written to `target` in the same format.

    Raises ImageTooLarge for more pixels than may be held or a result that is larger than a file may be, Broken for what cannot be read.
    """
    try:
        with Image.open(source, formats=[code]) as picture:
            _fit(picture, code, limits)
            drawn = _plain(ImageOps.exif_transpose(picture), code)
            drawn.save(target, code, **SAVING[code])
    except (OverflowError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, MemoryError):
        raise Broken from None  # Pillow's decoders raise any of these for damaged data


def _fit(picture: Image.Image, code: str, limits: Limits) -> None:
    if math.prod(picture.size) > (limits.jpeg_pixels if code == "JPEG" else limits.pixels):
        raise ImageTooLarge
    if code == "JPEG":
        scale = next(one for one in JPEG_SCALES if math.prod(picture.size) <= limits.pixels * one**2)
        picture.draft(None, (picture.width // scale, picture.height // scale))


def _plain(picture: Image.Image, code: str) -> Image.Image:
    """Only the pixels, in a mode that the format knows."""
    transparent = code != "JPEG" and picture.has_transparency_data
    wanted = "RGBA" if transparent else "L" if picture.mode in {"1", "L"} and code != "WEBP" else "RGB"
    drawn = picture if picture.mode == wanted else picture.convert(wanted)
    drawn.info = {}
    return drawn
