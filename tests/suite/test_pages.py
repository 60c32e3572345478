from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from shared.auth import ROLES
from shared.clock import SystemClock
from shared.domain.regions import regions
from shared.service import Foundation
from shared.settings import ServiceSettings
from shared.web.catalogs import missing_messages
from shared.web.doors import APP, BOT, WORK, landing_of, may_open
from shared.web.session import COOKIE
from suite.home import create_home
from suite.pages import demo_users

PACKAGE = Path(__file__).parents[2] / "deploy" / "suite"
LIVE = {
    "received_today": 3214,
    "received_yesterday_by_now": 3102,
    "answered_in_time_30d": {"value": 98.2, "n": 78940},
    "in_progress": 412,
    "urgent_open": 9,
    "as_of": "2026-02-02T09:15:00Z",
}


class House:
    """The home application, with an analytics that says `live`."""

    def __init__(self, folder):
        settings = ServiceSettings(data=folder, demo=True)
        self.live = LIVE
        self.asked_as = []
        self.foundation = Foundation.build(settings, clock=SystemClock())
        analytics = FastAPI()
        analytics.get("/analytics/v1/live", response_model=None)(self._respond)
        self.foundation.local_apps["analytics"] = analytics
        self.app = create_home(settings, self.foundation)

    async def _respond(self, request: Request):
        self.asked_as.append(await self.foundation.tokens.verify(request.headers["authorization"].removeprefix("Bearer ")))
        return self.live

    async def get(self, path, role=None):
        cookies = {COOKIE: self.foundation.issuer.issue(role, subject=role)} if role else {}
        return await self._call("GET", path, cookies)

    async def post(self, path, data, headers=None):
        return await self._call("POST", path, {}, data=data, headers=headers)

    async def _call(self, method, path, cookies, **given):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://aryz.example", cookies=cookies) as client:
            return await client.request(method, path, **given)


@pytest.fixture
async def house(tmp_path):
    house = House(tmp_path)
    yield house
    await house.foundation.outside.aclose()


class TestHome:
    @pytest.mark.parametrize(
        ("language", "title"),
        [("kk", "Өтінішіңіз жоғалмайды"), ("ru", "Ваше обращение не потеряется"), ("en", "Your appeal will not get lost")],
    )
    async def test_it_says_what_it_is_and_shows_citizens_their_doors_alone(self, house, language, title):
        page = await house.get(f"/?lang={language}")
        assert page.status_code == 200
        assert f"<h1>{title}</h1>" in page.text
        for door in ("/intake/", "/intake/track", "/intake/peoples-control", "tel:103", "tel:1414", BOT, APP.replace("&", "&amp;")):
            assert f'href="{door}"' in page.text
        assert not any(f'href="{door.path}"' in page.text for door in WORK)

    @pytest.mark.parametrize("role", sorted(ROLES))
    async def test_no_door_is_shown_that_its_reader_may_not_open(self, house, role):
        page = await house.get("/", role)
        offered = {door.path for door in WORK if f'href="{door.path}"' in page.text}
        assert offered == {door.path for door in WORK if role in door.roles}

    async def test_staff_see_their_work_and_how_it_stands_now(self, house):
        page = await house.get("/?lang=ru", "specialist")
        assert '<h1 id="work">Ваша работа</h1>' in page.text
        assert "412" in page.text
        assert [each.role for each in house.asked_as] == ["specialist"]

    @pytest.mark.parametrize("role", [None, "applicant", "partner", "provider", "channel"])
    async def test_strangers_see_no_figures(self, house, role):
        page = await house.get("/?lang=ru", role)
        assert page.status_code == 200
        assert "Прямо сейчас" not in page.text
        assert house.asked_as == []

    async def test_in_production_strangers_are_led_to_no_description_of_the_api(self, house):
        assert 'href="/intake/docs"' in (await house.get("/")).text
        house.foundation.settings = house.foundation.settings.model_copy(update={"env": "production"})
        assert 'href="/intake/docs"' not in (await house.get("/")).text

    @pytest.mark.parametrize("figures", [{}, {"received_today": "many"}, None])
    async def test_without_figures_it_still_opens(self, house, figures):
        house.live = figures
        page = await house.get("/?lang=ru", "analyst")
        assert page.status_code == 200
        assert "Прямо сейчас" not in page.text

    async def test_without_analytics_in_this_process_it_still_opens(self, house):
        del house.foundation.local_apps["analytics"]
        assert (await house.get("/", "analyst")).status_code == 200

    async def test_a_share_of_nothing_is_left_out(self, house):
        house.live = LIVE | {"answered_in_time_30d": {"value": None, "n": 0}}
        page = await house.get("/?lang=ru", "analyst")
        assert "Ответ дан в срок" not in page.text
        assert "На рассмотрении" in page.text


class TestSignIn:
    async def test_every_demo_user_can_be_chosen_and_is_then_known(self, house):
        page = await house.get("/sign-in?lang=ru&next=/routing/desk")
        for user in demo_users():
            assert f'value="{user.subject}"' in page.text
            answer = await house.post("/sign-in", {"subject": user.subject, "next": "/intake/track"})
            assert (answer.status_code, answer.headers["location"]) == (303, "/intake/track")
            principal = await house.foundation.tokens.verify(answer.cookies[COOKIE])
            assert (principal.role, principal.region, principal.name) == (user.role, user.region, user.name)
            assert user.name in (await house._call("GET", "/", {COOKIE: answer.cookies[COOKIE]})).text

    async def test_it_leads_nowhere_else(self, house):
        answer = await house.post("/sign-in", {"subject": "analyst", "next": "//elsewhere.example"})
        assert answer.headers["location"] == "/analytics/dashboard"

    async def test_each_role_lands_on_a_page_of_its_own(self, house):
        landed = {}
        for user in demo_users():
            landed[user.role] = (await house.post("/sign-in", {"subject": user.subject, "next": "/"})).headers["location"]
        assert {role: landing_of(role) for role in landed} == landed
        assert all(may_open(path, frozenset({role})) for role, path in landed.items())
        assert {"/intake/call", "/routing/desk", "/analytics/dashboard"} <= set(landed.values())

    async def test_a_page_that_is_closed_to_the_role_is_not_opened_after_signing_in(self, house):
        answer = await house.post("/sign-in", {"subject": "analyst", "next": "/routing/desk?queue=all"})
        assert answer.headers["location"] == "/analytics/dashboard"

    async def test_nobody_else_can_be_chosen(self, house):
        assert (await house.post("/sign-in", {"subject": "root"})).status_code == 404

    async def test_another_site_cannot_sign_anybody_in(self, house):
        answer = await house.post("/sign-in", {"subject": "analyst"}, {"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403
        assert COOKIE not in answer.cookies

    async def test_where_a_provider_of_identities_says_who_is_who_there_is_no_such_page(self, house):
        house.foundation.issuer = None
        assert (await house.get("/sign-in")).status_code == 404
        assert (await house.post("/sign-in", {"subject": "analyst"})).status_code == 404

    async def test_signing_out_ends_the_session(self, house):
        answer = await house.post("/sign-out", {})
        assert answer.headers["location"] == "/?flash=signed-out"
        assert 'aryz_session=""' in answer.headers["set-cookie"]


class TestErrorPages:
    @pytest.mark.parametrize("path", ["/nothing", "/static/nothing.css"])
    async def test_a_signed_in_reader_keeps_the_header_and_a_way_to_work(self, house, path):
        token = house.foundation.issuer.issue("specialist", region="KZ-43", subject="clerk-1", name="Сынақ Маман")
        page = await house._call("GET", path, {COOKIE: token}, headers={"accept": "text/html", "accept-language": "ru"})
        assert page.status_code == 404
        assert "Сынақ Маман" in page.text
        assert 'action="/sign-out"' in page.text
        assert '<a class="btn" href="/routing/desk">К моей работе: Рабочее место</a>' in page.text

    async def test_a_stranger_is_offered_the_tracker_and_to_sign_in(self, house):
        page = await house._call("GET", "/nothing", {}, headers={"accept": "text/html"})
        assert 'action="/sign-out"' not in page.text
        assert 'href="/intake/track"' in page.text

    async def test_a_session_that_has_ended_is_a_stranger(self, house):
        page = await house._call("GET", "/nothing", {COOKIE: "ended"}, headers={"accept": "text/html"})
        assert page.status_code == 404
        assert 'href="/sign-in?next=/nothing"' in page.text


class TestTheData:
    def test_demo_users_have_roles_and_regions_that_exist(self):
        assert all(user.role in ROLES and (user.region is None or user.region in regions()) for user in demo_users())
        assert len({user.subject for user in demo_users()}) == len(demo_users())

    def test_every_sentence_is_translated(self):
        assert missing_messages(PACKAGE) == []
