"""Signing in at an OIDC provider: the code flow, and what the person reads when it fails."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import structlog

from shared.auth.page_sessions import ATTEMPT_COOKIE, ATTEMPT_LIFE, ATTEMPTS
from shared.service import Foundation
from shared.settings import MissingSetting, ServiceSettings
from shared.web.session import COOKIE, IDENTITY_COOKIE, REFRESH_COOKIE
from tests.oidc_provider import ISSUER, LIFE, NOW, PAGES, SETTINGS, shown


class TestSignIn:
    async def test_it_leads_to_the_provider_with_pkce_and_secrets_of_this_browser(self, house):
        browser = house.browser()
        answer = await browser.get("/sign-in?next=/routing/desk")
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        assert answer.headers["location"].startswith(f"{ISSUER}/auth?")
        assert {name: query[name] for name in ("response_type", "client_id", "redirect_uri", "scope", "code_challenge_method")} == {
            "response_type": ["code"],
            "client_id": ["aryz-pages"],
            "redirect_uri": [f"{PAGES}/sign-in/callback"],
            "scope": ["openid"],
            "code_challenge_method": ["S256"],
        }
        attributes = answer.headers["set-cookie"].lower().split("; ")
        assert {"httponly", "secure", "samesite=lax", "path=/sign-in", f"max-age={ATTEMPT_LIFE}"} <= set(attributes)
        assert query["nonce"][0] not in answer.headers["set-cookie"]

    async def test_the_person_comes_back_to_the_page_with_the_role_of_the_token(self, house):
        browser = house.browser()
        query = await house.sent_to_provider(browser, "/routing/desk?scope=mine")
        with structlog.testing.capture_logs() as logged:
            answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert answer.headers["location"] == "/routing/desk?scope=mine"
        cookies = {each.partition("=")[0]: each for each in answer.headers.get_list("set-cookie")}
        assert all("httponly" in each.lower() and "samesite=lax" in each.lower() and "secure" in each.lower() for each in cookies.values())
        assert "r0" not in cookies[REFRESH_COOKIE]  # the refresh token is sealed
        assert "path=/sign-out" in cookies[IDENTITY_COOKIE].lower()
        assert await shown(browser) == "operator"
        [line] = [each for each in logged if each["event"] == "signed-in"]
        assert (line["role"], line["region"]) == ("operator", "KZ-43")
        assert "u1" not in line["pseudonym"]
        assert "Айгүл" not in str(logged)

    @pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "evil"])
    async def test_no_other_site_is_opened_afterwards(self, house, target):
        browser = house.browser()
        query = await house.sent_to_provider(browser, target)
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert answer.headers["location"] == "/intake/call"  # the operator's own page

    @pytest.mark.parametrize(
        ("target", "opened"),
        [
            ("/intake/call?q=" + "\U0001f600" * 600, "/intake/call"),
            ("/intake/call?q=" + "\x01" * 900, "/intake/call"),
            ("/intake/call?q=" + "a" * 900, "/intake/call?q=" + "a" * 900),
            ("/intake/call/" + "ә" * 900 + "?q=1", "/intake/call"),
        ],
    )
    async def test_a_long_page_to_come_back_to_costs_no_sign_in(self, house, target, opened):
        browser = house.browser()
        begun = await browser.get("/sign-in", params={"next": target})
        assert len(begun.headers["set-cookie"]) < 4096  # a browser drops a longer one
        query = await house.sent_to_provider(browser, target)
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert answer.headers["location"] == opened

    async def test_a_process_whose_clock_is_behind_completes_what_another_began(self, house, clock):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        clock.advance(timedelta(seconds=-5))
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert answer.headers["location"] == "/routing/desk"

    async def test_several_tabs_sign_in_at_once_and_their_number_is_bounded(self, house, provider):
        browser = house.browser()
        first = await house.sent_to_provider(browser, "/intake/call?tab=1")
        expected = provider.nonce, provider.challenge
        for _ in range(ATTEMPTS - 1):
            await house.sent_to_provider(browser)
        provider.nonce, provider.challenge = expected
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": first["state"]})
        assert answer.headers["location"] == "/intake/call?tab=1"
        for _ in range(2 * ATTEMPTS):
            await house.sent_to_provider(browser)
        assert sum(name.startswith(ATTEMPT_COOKIE) for name in browser.cookies) == ATTEMPTS

    async def test_a_person_without_a_role_reads_whom_to_ask(self, house, provider):
        provider.person["roles"] = ["king", "offline_access"]
        browser = await house.signed_in("/")
        page = await browser.get("/?flash=no-role&lang=ru")
        assert "у Вас пока нет роли" in page.text

    async def test_a_session_that_somebody_planted_before_does_not_outlive_the_sign_in(self, house):
        other = await house.signed_in()
        browser = house.browser()
        browser.cookies.set(COOKIE, other.cookies[COOKIE], domain="aryz.example")
        house.provider.person = {"sub": "u2", "roles": ["supervisor"], "region": "KZ-43"}
        query = await house.sent_to_provider(browser)
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert answer.cookies[COOKIE] != other.cookies[COOKIE]

    @pytest.mark.parametrize(
        ("part", "changed", "dropped"),
        [
            ("answer", {"refresh_token": None}, REFRESH_COOKIE),
            ("answer", {"refresh_token": "r" * 4000}, REFRESH_COOKIE),
            ("access", {"groups": "g" * 4000}, COOKIE),
        ],
    )
    async def test_nobody_goes_on_as_the_person_who_was_signed_in_before(self, house, clock, provider, part, changed, dropped):
        browser = await house.signed_in()
        provider.person = provider.person | {"sub": "u2", "roles": ["supervisor"]}
        provider.changed[part] = changed  # what no browser stores leaves the former cookie in place
        query = await house.sent_to_provider(browser)
        answer = await browser.get("/sign-in/callback", params={"code": "good", "state": query["state"]})
        assert all(len(each) < 4096 for each in answer.headers.get_list("set-cookie"))
        assert dropped not in browser.cookies
        assert await shown(browser) == "supervisor"
        clock.advance(timedelta(seconds=LIFE + 61))
        assert await shown(browser) in {"supervisor", None}

    def test_a_setting_that_is_missing_is_named(self, tmp_path):
        given = SETTINGS | {"oidc_end_session_url": None, "pages_url": None}
        with pytest.raises(MissingSetting, match="ARYZ_OIDC_END_SESSION_URL, ARYZ_PAGES_URL"):
            Foundation.build(ServiceSettings(data=tmp_path, **given))

    async def test_without_a_client_of_the_pages_nobody_signs_in(self, start):
        house = start(oidc_pages_client_id=None)
        for path in ("/sign-in", "/sign-in/callback", "/signed-out"):
            assert (await house.browser().get(path)).status_code == 404
        assert (await house.browser().post("/sign-out/back-channel", data={"logout_token": "x"})).status_code == 404


class TestTrouble:
    """Every failure is a page in the reader's language that leads to another attempt for the same page, and no session."""

    async def expect(self, browser, params, status, kk, ru):
        for language, title in (("kk", kk), ("ru", ru)):
            page = await browser.get("/sign-in/callback", params={**params, "lang": language})
            assert (page.status_code, f"<h1>{title}</h1>" in page.text) == (status, True), page.text
            assert COOKIE not in page.cookies
        return page

    @pytest.mark.parametrize("error", ["access_denied", "consent_required"])
    async def test_refused_by_the_provider(self, house, error):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        params = {"error": error, "error_description": "<b>x</b>", "state": query["state"]}
        page = await self.expect(browser, params, 403, "Сіз кірген жоқсыз", "Вы не вошли")
        assert 'href="/sign-in?next=/routing/desk"' in page.text
        assert "<b>x" not in page.text

    @pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
    async def test_the_provider_is_in_trouble(self, house, error):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        params = {"error": error, "state": query["state"]}
        page = await self.expect(browser, params, 503, "Қазір кіру мүмкін емес", "Сейчас войти нельзя")
        assert page.headers["retry-after"] == "60"

    async def test_the_provider_does_not_answer_when_the_code_comes_back(self, house, provider):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        provider.is_down = True
        await self.expect(browser, {"code": "good", "state": query["state"]}, 503, "Қазір кіру мүмкін емес", "Сейчас войти нельзя")

    async def test_the_provider_does_not_answer_at_the_beginning(self, house, provider):
        provider.is_down = True
        page = await house.browser().get("/sign-in?next=/intake/call&lang=ru")
        assert (page.status_code, page.headers["retry-after"]) == (503, "60")
        assert "Сейчас войти нельзя" in page.text
        assert 'href="/sign-in?next=/intake/call"' in page.text

    @pytest.mark.parametrize("change", ["no state", "other state", "other browser", "other issuer", "no code", "wrong code", "late"])
    async def test_an_answer_that_does_not_belong_to_a_sign_in_of_this_browser(self, house, clock, change):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        params = {"code": "good", "state": query["state"]}
        match change:
            case "no state":
                params.pop("state")
            case "other state":
                params["state"] = (await house.sent_to_provider(house.browser()))["state"]
            case "other browser":
                browser = house.browser()
            case "other issuer":
                params["iss"] = "https://evil.example"
            case "no code":
                params.pop("code")
            case "wrong code":
                params["code"] = "bad"
            case _:
                clock.advance(timedelta(seconds=ATTEMPT_LIFE + 1))
        await self.expect(browser, params, 400, "Кіруді қайта бастау керек", "Вход нужно начать заново")

    @pytest.mark.parametrize(
        ("token", "changed"),
        [
            ("id", {"nonce": "another"}),
            ("id", {"aud": "another"}),
            ("id", {"azp": "another"}),
            ("id", {"iss": "https://evil.example"}),
            ("id", {"exp": int(NOW.timestamp()) - 61}),
            ("id", {"sub": "u2"}),
            ("access", {"aud": "another"}),
            ("access", {"sub": "u2"}),
        ],
    )
    async def test_tokens_that_are_not_for_this_sign_in(self, house, provider, token, changed):
        browser = house.browser()
        query = await house.sent_to_provider(browser)
        provider.changed[token] = changed
        await self.expect(browser, {"code": "good", "state": query["state"]}, 400, "Кіруді қайта бастау керек", "Вход нужно начать заново")
