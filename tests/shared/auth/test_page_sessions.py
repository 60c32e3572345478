"""Sessions of people who signed in at an OIDC provider: refresh, logout in both directions."""

import asyncio
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from starlette.responses import Response

from shared.auth import InvalidToken
from shared.auth.answers import ANSWER_BYTES
from shared.auth.provider import LOGOUT_EVENT
from shared.auth.revocation import FILE, SESSION_LIMIT
from shared.web.session import COOKIE, REFRESH_COOKIE
from tests.oidc_provider import ISSUER, KEYS, LIFE, NOW, PAGES, header_of, shown


class TestRefresh:
    async def test_a_changed_role_counts_before_the_access_token_has_expired(self, house, clock, provider):
        browser = await house.signed_in()
        provider.person["roles"] = ["supervisor"]
        clock.advance(timedelta(seconds=LIFE - 61))
        assert (await shown(browser), provider.refreshes) == ("operator", 0)
        clock.advance(timedelta(seconds=1))
        page = await browser.get("/")
        assert page.headers["cache-control"] == "no-store"
        assert (await shown(browser), provider.refreshes) == ("supervisor", 1)

    async def test_an_expired_token_is_refreshed_and_the_clerk_notices_nothing(self, house, clock, provider):
        browser = await house.signed_in()
        for _ in range(3):
            clock.advance(timedelta(minutes=50))
            assert await shown(browser) == "operator"
        assert provider.refreshes == 3

    async def test_requests_of_one_page_share_a_refresh(self, house, clock, provider):
        browser = await house.signed_in()
        clock.advance(timedelta(seconds=LIFE))
        cookies = dict(browser.cookies)
        pages = await asyncio.gather(*(house.browser().get("/", headers={"cookie": header_of(cookies)}) for _ in range(5)))
        assert provider.refreshes == 1
        assert all(COOKIE in page.cookies for page in pages)

    async def test_a_disabled_person_is_out_and_the_cookies_are_taken_back(self, house, clock, provider):
        browser = await house.signed_in()
        provider.has_ended = True
        clock.advance(timedelta(seconds=LIFE))
        assert await shown(browser) is None
        assert not {COOKIE, REFRESH_COOKIE} & set(browser.cookies)

    async def test_a_refresh_token_that_another_process_has_just_used_ends_no_session(self, house, start, clock, provider):
        browser, other = await house.signed_in(), start()
        cookies = header_of(dict(browser.cookies))
        clock.advance(timedelta(seconds=LIFE - 60))
        assert await shown(browser) == "operator"
        provider.has_ended = True  # to the provider the second use is one of a stolen token
        late = await other.browser().get("/", headers={"cookie": cookies})
        assert ("viewer" in late.text, "set-cookie" in late.headers) == (True, False)

    async def test_a_provider_that_is_down_ends_nothing(self, house, clock, provider):
        browser = await house.signed_in()
        provider.is_down = True
        clock.advance(timedelta(seconds=LIFE - 30))
        assert await shown(browser) == "operator"
        clock.advance(timedelta(minutes=5))
        page = await browser.get("/?lang=ru")
        assert page.status_code == 503
        assert REFRESH_COOKIE in browser.cookies
        provider.is_down = False
        clock.advance(timedelta(seconds=6))
        assert await shown(browser) == "operator"

    @pytest.mark.parametrize(
        "refusal",
        [
            httpx.Response(400, json={"error": "invalid_client"}),
            httpx.Response(400, json={"error": "unauthorized_client"}),
            httpx.Response(400, json={"error": ["invalid_grant"]}),
            httpx.Response(400, text="Bad Request"),
            httpx.Response(401, json={"error": "invalid_grant"}),
            httpx.Response(200, json={"access_token": "x" * ANSWER_BYTES}),
        ],
        ids=["client", "rights", "form", "proxy", "status", "length"],
    )
    async def test_an_answer_that_is_no_word_about_the_session_ends_nothing(self, house, clock, provider, refusal):
        browser = await house.signed_in()
        provider.has_ended, provider.refusal = True, refusal
        clock.advance(timedelta(seconds=LIFE - 30))
        assert await shown(browser) == "operator"
        clock.advance(timedelta(minutes=5))
        assert (await browser.get("/?lang=ru")).status_code == 503
        provider.has_ended = False
        clock.advance(timedelta(seconds=6))
        assert await shown(browser) == "operator"

    async def test_after_a_working_day_the_session_is_over(self, house, clock):
        browser = await house.signed_in()
        for _ in range(13):
            clock.advance(timedelta(minutes=55))
            assert await shown(browser) == "operator"
        clock.advance(SESSION_LIMIT - timedelta(minutes=55 * 13) + timedelta(seconds=1))
        assert await shown(browser) is None

    async def test_a_refresh_token_of_somebody_else_is_not_accepted(self, house, clock, provider):
        browser = await house.signed_in()
        provider.person["sub"] = "u2"
        clock.advance(timedelta(seconds=LIFE))
        assert await shown(browser) is None

    @pytest.mark.parametrize("value", ["x", "\u00e9", "AQJrMQ", ""])
    async def test_a_cookie_that_is_none_of_ours_opens_nothing(self, house, value):
        page = await house.browser().get("/", headers={"cookie": f"{REFRESH_COOKIE}={value}".encode()})
        assert page.status_code == 200
        assert "viewer" not in page.text

    async def test_new_keys_of_the_provider_end_no_session(self, house, clock, provider):
        browser = await house.signed_in()
        clock.advance(timedelta(seconds=LIFE))
        await shown(browser)
        provider.key = KEYS[1]
        clock.advance(timedelta(seconds=LIFE))
        assert await shown(browser) == "operator"
        assert await shown(await house.signed_in()) == "operator"  # at once, although the keys were read a moment ago

    async def test_no_cache_stores_a_public_page_with_the_cookies_of_a_reader(self, house, clock):
        async def figures(_request):
            return Response("figures", headers={"cache-control": "public, max-age=300"})

        house.app.add_route("/figures", figures)
        browser = await house.signed_in()
        assert (await browser.get("/figures")).headers["cache-control"] == "public, max-age=300"
        clock.advance(timedelta(seconds=LIFE))
        page = await browser.get("/figures")
        assert (page.headers["cache-control"], COOKIE in page.cookies) == ("no-store", True)

    async def test_api_calls_ignore_the_session(self, house, clock, provider):
        browser = await house.signed_in()
        clock.advance(timedelta(seconds=LIFE))
        await browser.get("/intake/v1/services")
        assert provider.refreshes == 0


class TestSignOut:
    async def test_it_ends_the_session_here_and_leads_to_the_provider(self, house, clock):
        browser = await house.signed_in()
        copy = header_of(dict(browser.cookies))
        answer = await browser.post("/sign-out", headers={"sec-fetch-site": "same-origin"})
        target = urlsplit(answer.headers["location"])
        query = parse_qs(target.query)
        assert answer.headers["location"].startswith(f"{ISSUER}/logout?")
        assert query["post_logout_redirect_uri"] == [f"{PAGES}/signed-out"]
        claims = jwt.decode(query["id_token_hint"][0], KEYS[0], algorithms=["RS256"]).claims
        assert claims["sid"] == "s1"
        assert not browser.cookies
        assert (await browser.get("/signed-out")).headers["location"] == "/?flash=signed-out"
        for _ in range(2):  # neither the access token nor the refresh token of a copy works
            page = await house.browser().get("/", headers={"cookie": copy})
            assert "viewer" not in page.text
            clock.advance(timedelta(seconds=LIFE))

    async def test_a_session_that_the_provider_gives_no_id_ends_too(self, house, clock, provider):
        provider.session = None
        browser = await house.signed_in()
        copy = header_of(dict(browser.cookies))
        await browser.post("/sign-out", headers={"sec-fetch-site": "same-origin"})
        for _ in range(2):  # the provider would refresh it still
            assert "viewer" not in (await house.browser().get("/", headers={"cookie": copy})).text
            clock.advance(timedelta(seconds=LIFE))

    async def test_a_refresh_under_way_does_not_bring_it_back(self, house, clock, provider):
        provider.session = None
        browser = await house.signed_in()
        copy = header_of(dict(browser.cookies))
        clock.advance(timedelta(seconds=LIFE))
        provider.gate.clear()
        page = asyncio.create_task(house.browser().get("/", headers={"cookie": copy}))
        while not provider.refreshes:
            await asyncio.sleep(0)
        await browser.post("/sign-out", headers={"sec-fetch-site": "same-origin"})
        provider.gate.set()
        assert not {COOKIE, REFRESH_COOKIE} & set((await page).cookies)

    async def test_another_site_signs_nobody_out(self, house):
        browser = await house.signed_in()
        assert (await browser.post("/sign-out", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert await shown(browser) == "operator"

    async def test_a_form_may_lead_to_the_provider_and_nowhere_else(self, house):
        page = await house.browser().get("/")
        assert "form-action 'self' https://id.example;" in page.headers["content-security-policy"]
        missing = await house.browser().get("/no-such-page")
        assert "form-action 'self' https://id.example;" in missing.headers["content-security-policy"]


class TestBackChannelLogout:
    async def test_the_provider_ends_a_session_at_once_in_every_process(self, house, start, clock, provider):
        browser, other = await house.signed_in(), start()
        cookies = header_of(dict(browser.cookies))
        provider.session = "s2"
        second = await house.signed_in()
        provider.session = "s1"
        answer = await other.browser().post("/sign-out/back-channel", data={"logout_token": provider.logout_token()})
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        clock.advance(timedelta(seconds=1))
        with pytest.raises(InvalidToken):
            await house.foundation.tokens.verify(browser.cookies[COOKIE])
        assert await shown(browser) is None
        assert "viewer" not in (await other.browser().get("/", headers={"cookie": cookies})).text
        assert await shown(second) == "operator"

    async def test_a_token_without_session_ends_all_of_the_person_that_began_before(self, house, clock, provider):
        browser = await house.signed_in()
        clock.advance(timedelta(seconds=10))
        token = provider.logout_token(sid=None)
        assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": token})).status_code == 200
        with pytest.raises(InvalidToken):
            await house.foundation.tokens.verify(browser.cookies[COOKIE])
        clock.advance(timedelta(seconds=1))
        assert await shown(browser) is None  # even if the provider would still refresh it
        assert await shown(await house.signed_in()) == "operator"

    async def test_an_earlier_logout_that_arrives_later_brings_no_session_back(self, house, clock, provider):
        earlier = provider.logout_token(sid=None, jti="l0")
        clock.advance(timedelta(seconds=10))
        browser = await house.signed_in()
        clock.advance(timedelta(seconds=10))
        for token in (provider.logout_token(sid=None), earlier):
            assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": token})).status_code == 200
        assert await shown(browser) is None

    @pytest.mark.parametrize(
        "changed",
        [
            {"events": {}},
            {"events": {LOGOUT_EVENT: None}},
            {"events": None},
            {"nonce": "n"},
            {"sub": None, "sid": None},
            {"jti": None},
            {"jti": "x" * 201},
            {"aud": "aryz"},
            {"iss": "https://evil.example"},
            {"exp": None},
            {"iat": None},
            {"exp": int(NOW.timestamp()) - 61},
            {"exp": int(NOW.timestamp()) + 3600},
            {"iat": int(NOW.timestamp()) + 61},
        ],
    )
    async def test_what_is_no_logout_token_ends_nothing(self, house, provider, changed):
        browser = await house.signed_in()
        token = provider.logout_token(**changed)
        answer = await house.browser().post("/sign-out/back-channel", data={"logout_token": token})
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
        assert await shown(browser) == "operator"

    async def test_an_access_token_or_another_key_ends_nothing(self, house, provider):
        browser = await house.signed_in()
        provider.key = KEYS[1]
        for token in (provider.logout_token(), browser.cookies[COOKIE], "", "x.y.z"):
            assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": token})).status_code == 400
        assert await shown(browser) == "operator"

    async def test_one_that_could_not_be_stored_may_be_sent_again(self, house, provider, tmp_path):
        token = provider.logout_token()
        (tmp_path / FILE).mkdir()
        assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": token})).status_code == 503
        (tmp_path / FILE).rmdir()
        assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": token})).status_code == 200

    async def test_a_token_counts_once(self, house, provider):
        await house.signed_in()
        token = provider.logout_token()
        answers = [await house.browser().post("/sign-out/back-channel", data={"logout_token": token}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 400]
