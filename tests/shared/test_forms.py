import pytest
from fastapi import Request

from shared.errors import PayloadTooLarge, UnsupportedMediaType
from shared.forms import MalformedForm, parts_of

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xd2\x9a\xd0\xb0\xd0\xb9\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xd0\xb0.txt"\r\nContent-Type: text/plain\r\n\r\n'
    + b"0123456789" * 50
    + b"\r\n--b--\r\n"
)


def request(body, *, step=7, media_type="multipart/form-data; boundary=b", announced=None):
    steps = [body[start : start + step] for start in range(0, len(body), step)] or [b""]

    async def receive():
        chunk = steps.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(steps)}

    headers = [(b"content-type", media_type.encode())] + ([(b"content-length", str(announced).encode())] if announced else [])
    return Request({"type": "http", "headers": headers}, receive)


class TestPartsOf:
    @pytest.mark.parametrize("step", [1, 7, 10_000])
    async def test_parts_come_in_order_whatever_pieces_they_come_in(self, step):
        found = []
        async for part in parts_of(request(FORM, step=step), limit=10_000):
            content = b"".join([chunk async for chunk in part.chunks]) if part.filename else await part.text()
            found.append((part.name, part.filename, part.media_type, content))
        assert found == [("text", None, None, "Қай"), ("file", "а.txt", "text/plain", b"0123456789" * 50)]

    async def test_a_part_left_unread_is_passed_over(self):
        assert [part.name async for part in parts_of(request(FORM), limit=10_000)] == ["text", "file"]

    @pytest.mark.parametrize(
        ("sent", "refusal"),
        [
            (request(FORM, announced=20_000), PayloadTooLarge),
            (request(FORM + b"x" * 10_000), PayloadTooLarge),
            (request(FORM, media_type="text/plain"), UnsupportedMediaType),
            (request(FORM, media_type="multipart/form-data"), UnsupportedMediaType),
            (request(b"no form at all"), MalformedForm),
            (request(b"--b\r\nContent-Disposition: inline\r\n\r\nx\r\n--b--\r\n"), MalformedForm),
        ],
    )
    async def test_what_is_no_form_is_refused(self, sent, refusal):
        with pytest.raises(refusal):
            [part async for part in parts_of(sent, limit=10_000)]
