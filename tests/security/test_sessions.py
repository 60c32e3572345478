"""Signing in and out: demo users on request alone, sessions that end on the server, cookies that follow the scheme."""

import asyncio
import base64
import sqlite3
import stat
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI

from shared.auth import InvalidToken, LocalIssuer, PagePrincipalDep, RevokedTokens, revocation
from shared.clock import FakeClock
from shared.errors import Unavailable
from shared.service import Foundation
from shared.settings import ServiceSettings
from shared.web.security import SecurityHeaders
from shared.web.session import COOKIE
from suite.home import create_home

NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)
ADMIN = {"subject": "admin", "next": "/routing/desk"}


class Home:
    """The home pages of one process over a data folder."""

    def __init__(self, folder, clock, **settings):
        self.foundation = Foundation.build(ServiceSettings(data=folder, **settings), clock=clock)
        self.app = create_home(self.foundation.settings, self.foundation)

    async def send(self, method, path, *, scheme="http", cookie=None, **given):
        headers = {**({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}), **given.pop("headers", {})}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=f"{scheme}://aryz.example") as client:
            return await client.request(method, path, headers=headers, **given)

    async def knows(self, token):
        try:
            await self.foundation.tokens.verify(token)
        except InvalidToken:
            return False
        return "viewer" in (await self.send("GET", "/", cookie=token)).text


@pytest.fixture
def clock():
    return FakeClock(NOW)


@pytest.fixture
async def start(tmp_path, clock):
    """Start the home pages over one data folder, as often as wanted."""
    started = []

    def make(**settings):
        started.append(Home(tmp_path, clock, **settings))
        return started[-1]

    yield make
    for home in started:
        await home.foundation.outside.aclose()


class TestSignIn:
    async def test_without_demo_nobody_signs_in_as_a_demo_user(self, start):
        home = start()
        for language, sentence in (("kk", "токен"), ("ru", "токену"), ("en", "You sign in with a token")):
            page = await home.send("GET", f"/sign-in?lang={language}")
            assert page.status_code == 200
            assert sentence in page.text
            assert "aryz token --role" in page.text
            assert 'name="subject"' not in page.text
        answer = await home.send("POST", "/sign-in", data=ADMIN)
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers

    async def test_a_token_of_this_machine_signs_its_holder_in(self, start):
        home = start()
        token = home.foundation.issuer.issue("operator", name="Сынақ Айгүл")
        answer = await home.send("POST", "/sign-in", data={"token": f" {token}\n", "next": "/intake/call"})
        assert (answer.status_code, answer.headers["location"], answer.cookies[COOKIE]) == (303, "/intake/call", token)
        assert "Сынақ Айгүл" in (await home.send("GET", "/", cookie=token)).text

    @pytest.mark.parametrize("token", ["", "x.y.z", "токен", "a" * 9_000])
    async def test_what_is_no_token_is_said_on_the_page(self, start, token):
        answer = await start().send("POST", "/sign-in", data={"token": token})
        assert answer.status_code == 422
        assert "set-cookie" not in answer.headers
        assert "a" * 1000 not in answer.text

    async def test_with_demo_the_users_are_there_and_tokens_are_not_asked_for(self, start):
        home = start(demo=True)
        assert 'value="admin"' in (await home.send("GET", "/sign-in")).text
        assert (await home.send("POST", "/sign-in", data=ADMIN)).status_code == 303
        assert (await home.send("POST", "/sign-in", data={"token": home.foundation.issuer.issue("admin")})).status_code == 404


class TestSignOut:
    async def test_the_session_ends_on_the_server_for_cookie_and_header_alike(self, start):
        home = start()
        token, other = (home.foundation.issuer.issue("admin") for _ in range(2))
        assert await home.knows(token)
        answer = await home.send("POST", "/sign-out", cookie=token)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?flash=signed-out")
        assert not await home.knows(token)
        assert await home.knows(other)  # of the same person, from the same second

    async def test_it_stays_ended_after_a_restart_and_in_other_processes(self, start, clock):
        here, elsewhere = start(), start()
        token = here.foundation.issuer.issue("operator")
        assert await elsewhere.knows(token)
        await here.send("POST", "/sign-out", cookie=token)
        clock.advance(timedelta(seconds=revocation.POLL_SECONDS))
        assert not await elsewhere.knows(token)
        assert not await start().knows(token)

    async def test_the_other_spelling_of_its_signature_does_not_count_either(self, start):
        home = start()
        token = home.foundation.issuer.issue("operator")
        await home.send("POST", "/sign-out", cookie=token)
        assert not await home.knows(other_signature(token))

    async def test_a_cookie_that_is_no_session_is_taken_back_and_leaves_nothing(self, start, tmp_path):
        for cookie in (None, "x.y.z"):
            assert (await start().send("POST", "/sign-out", cookie=cookie)).status_code == 303
        assert not (tmp_path / revocation.FILE).exists()

    async def test_another_site_signs_nobody_out(self, start):
        home = start()
        token = home.foundation.issuer.issue("operator")
        answer = await home.send("POST", "/sign-out", cookie=token, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert await home.knows(token)

    async def test_a_sign_out_that_cannot_be_stored_fails(self, start, tmp_path):
        home = start()
        token = home.foundation.issuer.issue("operator")
        (tmp_path / revocation.FILE).mkdir()
        assert (await home.send("POST", "/sign-out", cookie=token)).status_code == 503
        assert await home.knows(token)


class TestRevokedTokens:
    async def test_the_file_is_its_owners_and_holds_no_token(self, tmp_path):
        issuer = LocalIssuer(tmp_path, env="local", clock=FakeClock(NOW))
        path, token = tmp_path / revocation.FILE, issuer.issue("operator")
        await issuer.verifier(RevokedTokens(path)).revoke(token)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert token.split(".")[1].encode() not in path.read_bytes()

    async def test_what_would_have_ended_anyway_is_dropped_and_the_number_is_bounded(self, tmp_path, monkeypatch):
        monkeypatch.setattr(revocation, "LIMIT", 10)
        path = tmp_path / revocation.FILE
        revoked = RevokedTokens(path)
        await revoked.add(b"ended", until=100.5, now=100)
        for number in range(20):
            await revoked.add(bytes([number]), until=1000 + number, now=101)
        with sqlite3.connect(path) as connection:
            kept = {token for (token,) in connection.execute("SELECT token FROM revoked")}
        assert kept == {bytes([number]) for number in range(10, 20)}

    async def test_a_file_made_anew_is_read_from_its_beginning(self, tmp_path):
        path = tmp_path / "revoked.db"
        writer, reader = RevokedTokens(path), RevokedTokens(path)
        for token in (b"a", b"b"):
            await writer.add(token, until=1_000, now=1)
        assert reader.has(b"b", 2)
        path.unlink()
        await writer.add(b"c", until=1_000, now=3)
        assert reader.has(b"c", 4)

    async def test_many_processes_write_at_once(self, tmp_path):
        path = tmp_path / revocation.FILE
        writers = [RevokedTokens(path) for _ in range(8)]
        await asyncio.gather(*(one.add(bytes([number]), until=1000, now=1) for number, one in enumerate(writers)))
        assert all(RevokedTokens(path).has(bytes([number]), 2) for number in range(8))

    async def test_a_file_that_cannot_be_read_refuses_nobody_and_a_write_is_unavailable(self, tmp_path):
        path = tmp_path / revocation.FILE
        path.write_bytes(b"no database" * 100)
        revoked = RevokedTokens(path)
        assert not revoked.has(b"any", 1)
        with pytest.raises(Unavailable):
            await revoked.add(b"any", until=10, now=1)


class TestScheme:
    async def test_over_tls_cookies_are_secure_and_the_browser_is_held_to_it(self, start):
        home = start(demo=True)
        for scheme, is_secure in (("http", False), ("https", True)):
            signed_in = await home.send("POST", "/sign-in", data=ADMIN, scheme=scheme)
            signed_out = await home.send("POST", "/sign-out", scheme=scheme)
            chosen = await home.send("GET", "/?lang=ru", scheme=scheme)
            for answer in (signed_in, signed_out, chosen):
                attributes = answer.headers["set-cookie"].lower().split("; ")
                assert ("secure" in attributes) is is_secure
                assert {"httponly", "samesite=lax", "path=/"} <= set(attributes)
                assert ("strict-transport-security" in answer.headers) is is_secure

    @pytest.mark.parametrize(
        ("scheme", "origin", "status"),
        [
            ("https", "https://aryz.example", 303),
            ("https", "http://aryz.example", 403),
            ("http", "http://aryz.example", 303),
            ("https", "https://aryz.example.evil.example", 403),
            ("https", "null", 403),
        ],
    )
    async def test_an_older_browser_says_by_origin_where_a_form_comes_from(self, start, scheme, origin, status):
        answer = await start(demo=True).send("POST", "/sign-in", data=ADMIN, scheme=scheme, headers={"Origin": origin})
        assert answer.status_code == status

    async def test_the_cookie_opens_pages_and_no_call(self, start):
        home = start()
        app = FastAPI()
        app.state.parts = SimpleNamespace(tokens=home.foundation.tokens)
        app.add_middleware(SecurityHeaders)

        @app.get("/page")
        async def page(current: PagePrincipalDep) -> str:
            return current.subject

        token = home.foundation.issuer.issue("operator", subject="op")
        await home.foundation.tokens.revoke(token)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            assert (await client.get("/page", headers={"Cookie": f"{COOKIE}={token}"})).json() == ""


def other_signature(token):
    """The same token with the other signature that ECDSA allows: the order of P-256 minus `s`."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    mirrored = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    return f"{signed}.{base64.urlsafe_b64encode(mirrored).rstrip(b'=').decode()}"
