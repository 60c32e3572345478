import io

import pytest
from PIL import Image

from shared.files.inspection.images import redraw
from shared.files.inspection.rejection import Rejected, RejectionReason
from shared.files.policy import policy
from tests.shared.files.samples import photograph, picture

LIMITS = policy().limits


def redrawn(content, code):
    return redraw(content, code, LIMITS)


def saved(image, code="PNG", **saving):
    target = io.BytesIO()
    image.save(target, code, **saving)
    return target.getvalue()


def opened(content):
    return Image.open(io.BytesIO(content))


def sixteen_bits(values):
    image = Image.new("I;16", (len(values), 1))
    for index, value in enumerate(values):
        image.putpixel((index, 0), value)
    return image


class TestRedraw:
    def test_a_photograph_loses_its_position_and_is_turned_upright(self):
        found = redrawn(photograph(size=(40, 30)) + b"TrailerOfAPhone", "JPEG")
        with Image.open(io.BytesIO(found)) as drawn:
            assert drawn.size == (30, 40)
            assert not drawn.getexif()
        for word in (b"Exif", b"SynaqCamera", b"SynaqComment", b"TrailerOfAPhone"):
            assert word not in found

    @pytest.mark.parametrize(
        ("code", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("WEBP", "RGBA"), ("JPEG", "CMYK")]
    )
    def test_every_mode_is_redrawn(self, code, mode):
        target = io.BytesIO()
        Image.new(mode, (20, 20)).save(target, code)
        with Image.open(io.BytesIO(redrawn(target.getvalue(), code))) as drawn:
            assert (drawn.format, drawn.size) == (code, (20, 20))

    def test_the_text_in_a_png_is_removed(self):
        from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

        info = PngInfo()
        info.add_text("Author", "SynaqAuthor")
        assert b"SynaqAuthor" not in redrawn(picture("PNG", pnginfo=info), "PNG")

    def test_a_large_photograph_is_made_smaller(self):
        found = redrawn(picture(size=(8000, 6000)), "JPEG")
        with Image.open(io.BytesIO(found)) as drawn:
            assert drawn.size == (4000, 3000)

    @pytest.mark.parametrize(("kind", "size"), [("PNG", (6000, 5000)), ("JPEG", (9000, 8000)), ("PNG", (20_000, 20_000))])
    def test_too_many_pixels_are_refused(self, kind, size):
        target = io.BytesIO()
        Image.new("1" if kind == "PNG" else "L", size).save(target, kind)
        with pytest.raises(Rejected, match=RejectionReason.IMAGE_TOO_LARGE):
            redrawn(target.getvalue(), kind)

    @pytest.mark.parametrize("content", [picture()[:300], picture()[:40] + bytes(400), b"\xff\xd8\xff\xe0"])
    def test_a_broken_picture_is_refused(self, content):
        with pytest.raises(Rejected, match=RejectionReason.BROKEN):
            redrawn(content, "JPEG")


class TestEightBits:
    def test_sixteen_bit_grey_keeps_its_shades(self):
        drawn = opened(redrawn(saved(sixteen_bits([1000 * x for x in range(64)])), "PNG"))
        assert drawn.mode == "L"
        assert [drawn.getpixel((x, 0)) for x in (0, 16, 32, 48, 63)] == [0, 62, 125, 187, 246]

    def test_the_transparent_value_of_sixteen_bit_grey_stays_transparent(self):
        drawn = opened(redrawn(saved(sixteen_bits([5000, 5001, 255, 65_535]), transparency=5000), "PNG"))
        assert [drawn.getpixel((x, 0)) for x in range(4)] == [(19, 19, 19, 0), (19, 19, 19, 255), (0, 0, 0, 255), (255, 255, 255, 255)]

    def test_sixteen_bit_grey_is_turned_as_its_exif_says(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        drawn = opened(redrawn(saved(sixteen_bits([0, 32_000, 65_535]), exif=exif), "PNG"))
        assert (drawn.size, [drawn.getpixel((0, y)) for y in range(3)]) == ((1, 3), [0, 125, 255])

    @pytest.mark.parametrize(("mode", "colour", "stored"), [
        ("1", 1, 255), ("1", 0, 0), ("L", 77, 77), ("LA", (77, 40), (77, 77, 77, 40)), ("RGB", (1, 2, 3), (1, 2, 3)),
        ("RGBA", (1, 2, 3, 4), (1, 2, 3, 4)),
    ])  # fmt: skip
    def test_every_mode_keeps_its_colours(self, mode, colour, stored):
        assert opened(redrawn(saved(Image.new(mode, (4, 4), colour)), "PNG")).getpixel((1, 1)) == stored

    @pytest.mark.parametrize(("code", "mode", "clear"), [("PNG", "RGB", (9, 9, 9)), ("PNG", "L", 9), ("PNG", "P", 0)])
    def test_a_colour_that_is_transparent_stays_transparent(self, code, mode, clear):
        image = Image.new(mode, (2, 1), clear)
        image.putpixel((1, 0), 200 if mode in "LP" else (200, 200, 200))
        drawn = opened(redrawn(saved(image, code, transparency=clear), code))
        assert [drawn.getpixel((x, 0))[3] for x in range(2)] == [0, 255]

    def test_a_palette_keeps_its_colours(self):
        image = Image.new("RGB", (2, 1), "red").quantize(2)
        assert opened(redrawn(saved(image), "PNG")).getpixel((0, 0)) == (255, 0, 0)

    def test_print_colours_become_screen_colours(self):
        found = opened(redrawn(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG"), "JPEG"))
        red, green, blue = found.getpixel((4, 4))
        assert (found.mode, red > 250, green < 5, blue < 5) == ("RGB", True, True, True)

    @pytest.mark.parametrize("code", ["PNG", "WEBP"])
    def test_of_an_animation_the_first_picture_is_stored(self, code):
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
        drawn = opened(redrawn(saved(frames[0], code, save_all=True, append_images=frames[1:]), code))
        assert getattr(drawn, "n_frames", 1) == 1
        assert drawn.convert("RGB").getpixel((3, 3))[0] > 250
