import io

import pytest
from PIL import Image

from intake.attachments.images import redraw
from intake.attachments.policy import Broken, ImageTooLarge, policy
from tests.intake.attachments.samples import photograph, picture

LIMITS = policy().limits


def redrawn(content, code):
    target = io.BytesIO()
    redraw(io.BytesIO(content), target, code, LIMITS)
    return target.getvalue()


class TestRedraw:
    def test_a_photograph_loses_its_place_and_stands_upright(self):
        found = redrawn(photograph(size=(40, 30)) + b"TrailerOfAPhone", "JPEG")
        with Image.open(io.BytesIO(found)) as drawn:
            assert drawn.size == (30, 40)
            assert not drawn.getexif()
        for word in (b"Exif", b"SynaqCamera", b"SynaqComment", b"TrailerOfAPhone"):
            assert word not in found

    @pytest.mark.parametrize(
        ("code", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("WEBP", "RGBA"), ("JPEG", "CMYK")]
    )
    def test_every_mode_is_drawn(self, code, mode):
        target = io.BytesIO()
        Image.new(mode, (20, 20)).save(target, code)
        with Image.open(io.BytesIO(redrawn(target.getvalue(), code))) as drawn:
            assert (drawn.format, drawn.size) == (code, (20, 20))

    def test_words_in_a_png_are_gone(self):
        from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

        info = PngInfo()
        info.add_text("Author", "SynaqAuthor")
        assert b"SynaqAuthor" not in redrawn(picture("PNG", pnginfo=info), "PNG")

    def test_a_large_photograph_is_made_smaller(self):
        found = redrawn(picture(size=(8000, 6000)), "JPEG")
        with Image.open(io.BytesIO(found)) as drawn:
            assert drawn.size == (4000, 3000)

    @pytest.mark.parametrize(("kind", "size"), [("PNG", (6000, 5000)), ("JPEG", (9000, 8000)), ("PNG", (20_000, 20_000))])
    def test_more_pixels_than_may_be_held_are_refused(self, kind, size):
        target = io.BytesIO()
        Image.new("1" if kind == "PNG" else "L", size).save(target, kind)
        with pytest.raises(ImageTooLarge):
            redrawn(target.getvalue(), kind)

    @pytest.mark.parametrize("content", [picture()[:300], picture()[:40] + bytes(400), b"\xff\xd8\xff\xe0"])
    def test_a_broken_picture_is_refused(self, content):
        with pytest.raises(Broken):
            redrawn(content, "JPEG")
