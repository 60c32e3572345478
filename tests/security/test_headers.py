"""Header fields made to cost: each is answered in linear time, and more than the limit is refused before it is read."""

import time
from ipaddress import ip_network

import httpx
import pytest
import structlog
from fastapi import Request

from shared import server
from shared.client_address import client_address
from shared.header_fields import entries_of, filename_of, media_type_of, options_of, parse_cookies
from shared.logging import configure_logging
from shared.request_limits import HEADER_LIMIT, TARGET_LIMIT
from shared.service import Foundation
from shared.settings import BadSettings, ServiceSettings
from shared.web.languages import language_of
from suite.home import create_home
from tests.security.processor_time import measured

BOUND = 0.05  # seconds of processor time
LONG = 1_000_000
PROXIES = (ip_network("10.0.0.0/8"),)


@pytest.fixture
async def home(tmp_path):
    """The home pages: cookies, languages, forms and errors as every service has them, without a database."""
    settings = ServiceSettings(data=tmp_path)
    foundation = Foundation.build(settings)
    app = create_home(settings, foundation)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://aryz.example") as client:
        await client.get("/sign-in")  # compiles the page
        yield client
    await foundation.stop()


def seconds(work, *given):
    began = time.thread_time()
    work(*given)
    return time.thread_time() - began


def connection(*headers, query=b""):
    return Request(
        {"type": "http", "path": "/", "method": "GET", "query_string": query, "headers": list(headers), "client": ("10.0.0.1", 1)}
    )


class TestHeaderBlock:
    @pytest.mark.parametrize(
        "headers",
        [
            {"cookie": 'a="' + "\\" * 50_000 + '"'},
            {"accept-language": "ru," * 330_000},
            {"content-disposition": ";" * 100_000},
            {f"x-{number}": "x" * 100 for number in range(200)},
        ],
        ids=["cookie", "accept-language", "content-disposition", "many"],
    )
    async def test_more_than_the_limit_is_431_at_once(self, home, headers):
        answer, spent = await measured(home.get("/sign-in", headers=headers))
        assert (answer.status_code, answer.json()["code"]) == (431, "headers-too-large")
        assert spent.step < BOUND

    async def test_a_reader_gets_a_page_in_their_language(self, home):
        sent = {"accept": "text/html", "accept-language": "ru", "cookie": "x" * HEADER_LIMIT}
        page = await home.get("/", headers=sent)
        assert page.status_code == 431
        assert "Браузер отправляет" in page.text

    @pytest.mark.parametrize("value", ['a="' + "\\" * 14_000 + '"', 'a="' + "\\042" * 3_500 + '"', "=;" * 7_000, '"' * 14_000])
    async def test_what_the_limit_lets_through_is_linear(self, home, value):
        answer, spent = await measured(home.get("/sign-in", headers={"cookie": value}))
        assert answer.status_code == 200
        assert spent.step < BOUND

    def test_the_limit_is_a_setting_within_bounds(self, monkeypatch):
        assert ServiceSettings().header_bytes == HEADER_LIMIT
        monkeypatch.setenv("ARYZ_HEADER_BYTES", "100")
        with pytest.raises(BadSettings, match="ARYZ_HEADER_BYTES"):
            ServiceSettings()


class TestCookies:
    @pytest.mark.parametrize("value", ["\\" * LONG, '"' * LONG, ";" * LONG, "=" * LONG, "a=1;" * (LONG // 4), 'a="' + "\\" * LONG + '"'])
    def test_the_parser_is_linear(self, value):
        assert seconds(parse_cookies, value) < BOUND

    def test_it_is_what_every_request_is_read_by(self):
        assert connection((b"cookie", b'a="\\"b"; c=d; e')).cookies == {"a": '\\"b', "c": "d", "": "e"}

    def test_cookies_are_read_as_browsers_send_them(self):
        assert parse_cookies('aryz_lang=ru; aryz_session=a.b-c_d; quoted="x y"; empty=; two=a=b') == {
            "aryz_lang": "ru",
            "aryz_session": "a.b-c_d",
            "quoted": "x y",
            "empty": "",
            "two": "a=b",
        }


class TestFields:
    @pytest.mark.parametrize(
        "value", [";" * LONG, '"' * LONG, "\\" * LONG, ";a=" * LONG, ';a="' * LONG, ";filename*=" * LONG, " " * LONG, "=" * LONG]
    )
    def test_parameters_are_read_in_bounded_time(self, value):
        assert seconds(options_of, "attachment" + value) < BOUND
        assert seconds(filename_of, "attachment" + value) < BOUND

    @pytest.mark.parametrize(
        ("field", "name"),
        [
            ("attachment", None),
            ("", None),
            ('attachment; filename="a.pdf"', "a.pdf"),
            ("attachment; FileName=a.pdf", "a.pdf"),
            ('attachment; filename="a \\"b\\".pdf"', 'a "b".pdf'),
            ("attachment; filename*=UTF-8''%D0%B0.pdf; filename=\"a.pdf\"", "а.pdf"),
            ("attachment; filename*=utf-8'kk'%D2%9B.pdf", "қ.pdf"),
            ("attachment; filename*=iso-8859-1''%E9.pdf", "é.pdf"),
            ("attachment; filename*=punycode''a; filename=b.pdf", "b.pdf"),
            ("attachment; filename*=idna''xn--%ff; filename=b.pdf", "b.pdf"),
            ("attachment; filename*=no-such-charset''a; filename=b.pdf", "b.pdf"),
            ("attachment; filename*=UTF-8''%zz; filename=b.pdf", "b.pdf"),
            ("attachment; filename*=UTF-8''%ff; filename=b.pdf", "b.pdf"),
            ("attachment; filename*=UTF-8''%ff", None),
            ('attachment; filename="unfinished', '"unfinished'),
            ("Ð°ttachment; filename=Ð°.pdf", "а.pdf"),
            ("attachment; ;; ; =x; filename=c.pdf", "c.pdf"),
        ],
    )
    def test_a_files_name_is_read_tolerantly(self, field, name):
        assert filename_of(field) == name

    def test_of_a_parameter_sent_twice_the_first_counts(self):
        assert options_of("Multipart/Form-Data; Boundary=a; boundary=b") == ("multipart/form-data", {"boundary": "a"})

    @pytest.mark.parametrize("value", ["," * LONG, "ru;q=" * 200_000, "ru;q=" + "9" * LONG, "ru;q=nan, en;q=inf", "-" * LONG])
    def test_languages_are_chosen_in_bounded_time(self, value):
        asking = connection((b"accept-language", value.encode()))
        assert seconds(language_of, asking) < BOUND
        assert language_of(asking) == "kk"

    @pytest.mark.parametrize("value", ["," * LONG, "10.0.0.1," * 100_000, "10.0.0.1:" * 100_000])
    def test_forwarded_addresses_are_read_in_bounded_time(self, value):
        assert seconds(client_address, connection((b"x-forwarded-for", value.encode())), PROXIES) < BOUND

    def test_the_last_hop_that_is_no_proxy_is_still_the_client(self):
        chain = "192.0.2.9, " + "10.0.0.2, " * 5 + "10.0.0.3"
        assert client_address(connection((b"x-forwarded-for", chain.encode())), PROXIES) == "192.0.2.9"

    def test_lists_and_media_types_are_read_in_bounded_time(self):
        assert seconds(entries_of, "," * LONG) < BOUND
        assert seconds(media_type_of, connection((b"content-type", b";" * LONG))) < BOUND

    @pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//", "\\", "http://" + "[" * 1000])
    async def test_an_origin_that_is_no_address_is_another_site(self, home, origin):
        answer = await home.post("/sign-in", data={"subject": "x"}, headers={"origin": origin})
        assert answer.status_code == 403

    @pytest.mark.parametrize("host", ["[", "a b", "[::1", "x" * 1000, "<script>", "a:b", "a:99999999"])
    async def test_any_host_is_answered(self, home, host):
        page = await home.get("/sign-in", headers={"host": host, "accept": "text/html"})
        assert page.status_code < 500


class TestTarget:
    async def test_a_long_query_is_414(self, home):
        assert (await home.get("/sign-in?next=" + "x" * (TARGET_LIMIT - 20))).status_code == 200
        answer, spent = await measured(home.get("/sign-in?" + "a=1&" * 15_000))
        assert (answer.status_code, answer.json()["code"]) == (414, "uri-too-long")
        assert spent.step < BOUND

    async def test_a_long_path_is_414_as_a_page_too(self, home):
        page = await home.get("/" + "x" * TARGET_LIMIT, headers={"accept": "text/html", "accept-language": "ru"})
        assert page.status_code == 414
        assert "Слишком длинный адрес" in page.text

    async def test_bytes_that_are_no_ascii_are_400(self, home):
        scope = {"type": "http", "method": "GET", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"next=\xff", "headers": []}
        sent = []

        async def send(message):
            sent.append(message)

        await home._transport.app({**scope, "scheme": "http", "server": ("a", 80), "client": None, "http_version": "1.1"}, None, send)
        assert sent[0]["status"] == 400


class TestPython:
    @pytest.mark.parametrize(("running", "warned"), [((3, 11, 7), True), ((3, 11, 10), False), ((3, 12, 0), False)])
    def test_a_patch_level_without_security_fixes_is_warned_of(self, running, warned):
        configure_logging("INFO")  # an earlier test of this process may have set a level above warnings
        with structlog.testing.capture_logs() as lines:
            server.warn_of_old_python(running)
        assert [line["log_level"] for line in lines] == (["warning"] if warned else [])
