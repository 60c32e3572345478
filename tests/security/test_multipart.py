"""Forms made to cost or to break: refused in time and memory that do not grow with what is sent, and never a 500."""

import tempfile

import httpx
import pytest
from fastapi import Request
from fastapi.routing import APIRoute, iter_route_contexts

from shared.clock import SystemClock
from shared.forms import BOUNDARY_LIMIT, FIELD_LIMIT, FIELDS_LIMIT, MalformedForm, parts_of, read_fields
from shared.service import Foundation
from shared.settings import ServiceSettings
from suite.app import create_suite
from suite.home import create_home
from tests.security.processor_time import measured

STEP = 0.05  # seconds of processor time on the loop
MB = 2**20
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}
HEAD = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n'


def multipart(boundary="b"):
    return {"content-type": f"multipart/form-data; boundary={boundary}"}


def request(body, content_type="multipart/form-data; boundary=b"):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [(b"content-type", content_type.encode())]}, receive)


async def read_all(body, *, limit=25 * MB, content_type="multipart/form-data; boundary=b"):
    found = []
    async for part in parts_of(request(body, content_type), limit=limit):
        size = 0
        async for chunk in part.chunks:
            size += len(chunk)
        found.append((part.name, part.filename, size))
    return found


@pytest.fixture(params=["local issuer", "OIDC"])
async def home(tmp_path, request):
    oidc = {"oidc_issuer": "https://id.example", "oidc_jwks_url": "https://id.example/keys"} if request.param == "OIDC" else {}
    settings = ServiceSettings(data=tmp_path, **oidc)
    foundation = Foundation.build(settings, clock=SystemClock())
    app = create_home(settings, foundation)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aryz.example") as client:
        client.has_issuer = not oidc
        yield client
    await foundation.stop()


class TestSignIn:
    @pytest.fixture(autouse=True)
    def _no_files(self, monkeypatch):
        def refuse(*_given, **_options):
            raise AssertionError("a form was written to a file")

        monkeypatch.setattr(tempfile, "SpooledTemporaryFile", refuse)
        monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", refuse)

    async def _post(self, home, headers, piece):
        """At most 300 MB, and how much of it was taken."""
        sent = 0

        async def body():
            nonlocal sent
            for _ in range(300):
                sent += len(piece)
                yield piece

        answer = await home.post("/sign-in", content=body(), headers=headers)
        return answer.status_code, sent

    async def test_a_large_file_is_not_read(self, home):
        status, sent = await self._post(home, multipart(), HEAD % (b"subject", b'; filename="a"') + b"x" * MB)
        assert status == (415 if home.has_issuer else 404)
        assert sent <= MB * 2

    async def test_a_long_form_is_not_read(self, home):
        status, sent = await self._post(home, URLENCODED, b"subject=" + b"x" * MB)
        assert status == (413 if home.has_issuer else 404)
        assert sent <= MB * 3

    async def test_many_fields_are_refused(self, home):
        status, _ = await self._post(home, {**URLENCODED, "content-length": "4000"}, b"a=&" * 1000)
        assert status in ({400, 413} if home.has_issuer else {404})


class TestMultipart:
    @pytest.mark.parametrize("boundary", ["x" * (BOUNDARY_LIMIT + 1), "x" * 257, "x" * 3_000, "é" * 300, '"' + "\\" * 500 + '"'])
    async def test_a_long_boundary_is_400(self, boundary):
        with pytest.raises(MalformedForm):
            await read_all(b"", content_type=f"multipart/form-data; boundary={boundary}".encode().decode("latin-1"))

    @pytest.mark.parametrize(
        "parameter", ["filename*=punycode''a", "filename*=idna''%ff", "filename*=nowhere''a", "filename*=utf-8''%zz", "filename*"]
    )
    async def test_an_extended_name_is_passed_over_in_a_form(self, parameter):
        body = HEAD % (b"file", f'; filename="a.txt"; {parameter}'.encode()) + b"text\r\n--b--\r\n"
        assert await read_all(body) == [("file", "a.txt", 4)]

    @pytest.mark.parametrize(
        "disposition",
        [b";" * 4000, b'; name="a' * 400, b"; name=" + b'"' * 3000, b'; name="' + b"\\" * 3000 + b'"', b"; filename=a" * 300],
    )
    async def test_a_disposition_made_to_cost_is_read_in_time(self, disposition):
        body = b"--b\r\nContent-Disposition: form-data" + disposition + b"\r\n\r\nx\r\n--b--\r\n"

        async def read():
            try:
                return await read_all(body)
            except MalformedForm:
                return None

        _, spent = await measured(read())
        assert spent.step < STEP

    @pytest.mark.parametrize(
        "body",
        [
            b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\nx\r\n--b--\r\n",
            b"--b\r\nX: " + b"y" * MB + b"\r\n\r\nx\r\n--b--\r\n",
            b"--b\r\n" + b"X" * MB + b": y\r\n\r\nx\r\n--b--\r\n",
            (HEAD % (b"a" * 300, b"")) + b"x\r\n--b--\r\n",
            (HEAD % (b"a", b"") + b"x\r\n") * (FIELDS_LIMIT + 1) + b"--b--\r\n",
            b"x" * MB,
        ],
        ids=["many headers", "long value", "long header name", "long field name", "many parts", "no form"],
    )
    async def test_what_no_browser_sends_is_400_in_time(self, body):
        async def read():
            with pytest.raises(MalformedForm):
                await read_all(body)

        _, spent = await measured(read())
        assert spent.step < STEP

    @pytest.mark.parametrize("content", [b"\r", b"\r\n", b"\r\n-", b"\r\n--", b"-", b"\n", b"\r\n--a", b"\r\n--bb", b"\r\n--b-"])
    async def test_data_full_of_half_boundaries_never_holds_the_loop(self, content):
        whole = content * (4 * MB // len(content))
        read, spent = await measured(read_all(HEAD % (b"file", b'; filename="a"') + b"x" + whole + b"\r\n--b--\r\n"))
        assert read == [("file", "a", len(whole) + 1)]
        assert spent.step < STEP
        assert spent.whole < 8  # of 4 MB: uploads are bounded by their size

    @pytest.mark.parametrize("body", [b"", b"\r\n" * MB], ids=["nothing", "no boundary"])
    async def test_a_form_without_parts_has_none(self, body):
        read, spent = await measured(read_all(body))
        assert (read, spent.step < STEP) == ([], True)

    async def test_a_field_is_limited(self):
        body = HEAD % (b"text", b"") + b"x" * (FIELD_LIMIT + 1) + b"\r\n--b--\r\n"
        with pytest.raises(Exception, match="payload-too-large"):
            [await part.text() async for part in parts_of(request(body), limit=25 * MB)]


class TestUrlencoded:
    @pytest.mark.parametrize("content", [b"%D0%B0", b"a%D0%B0", b"%", b"+", b"%25", b"\\"])
    async def test_the_longest_form_never_holds_the_loop(self, content):
        body = b"text=" + content * (MB // len(content) - 6)
        read, spent = await measured(read_fields(request(body, "application/x-www-form-urlencoded"), limit=MB))
        assert read.keys() == {"text"}
        assert (spent.step, spent.whole) < (STEP, 0.5)

    @pytest.mark.parametrize("content", [b"&", b"a=&", b"=&", b";"])
    async def test_many_fields_are_refused_in_time(self, content):
        async def read():
            try:
                return await read_fields(request(content * (250_000 // len(content)), "application/x-www-form-urlencoded"))
            except Exception as error:  # noqa: BLE001 - whatever it is, in time
                return getattr(error, "status", None)

        answered, spent = await measured(read())
        assert answered == 400 or isinstance(answered, dict)
        assert spent.step < STEP


async def test_no_route_reads_a_form_or_a_body_by_itself(tmp_path):
    """FastAPI reads what a signature names by `Form`, `File`, `Body` or a model without any limit: none of our routes does."""
    suite = create_suite(tmp_path)
    routes = [route for app in (*suite._apps.values(), suite._home) for route in iter_route_contexts(app.routes)]
    found = [route.path_format for route in routes if isinstance(route.original_route, APIRoute) and route.original_route.body_field]
    await suite.foundation.stop()
    assert found == []
