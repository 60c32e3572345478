"""The page on which the staff of the Fund withdraws a consent at the applicant's word, as a browser without JavaScript posts it."""

import re

import pytest

from intake.register.models import ContentRead
from tests.intake.offers import offered
from tests.intake.register.pages.test_withdrawals import cookie
from tests.intake.register.service.test_consents import GIVEN, disclosed
from tests.intake.register.test_applicant_api import emitted

PATH = "/intake/consents"


async def seen(desk, case, headers=None):
    return await desk.client.get(f"{PATH}/{case.id}", headers=headers or cookie(desk))


async def post(desk, case, headers=None, **fields):
    return await desk.client.post(f"{PATH}/{case.id}", data=fields, headers=headers or cookie(desk, "operator", subject="clerk-7"))


class TestPage:
    async def test_a_clerk_withdraws_it_and_the_page_says_so(self, desk):
        case = await offered(desk, **GIVEN)
        page = (await seen(desk, case)).text
        key = re.search(r'name="key" value="([^"]+)"', page)[1]
        for _ in range(2):
            done = await post(desk, case, key=key, sure="yes")
            assert (done.status_code, done.headers["location"]) == (303, f"{PATH}/{case.id}?flash=consent-withdrawn")
        assert "Согласие отозвано" in (await seen(desk, case)).text
        assert await disclosed(case) is False
        [event] = await emitted(desk, "consent-withdrawn")
        assert b"CALL" in event.value
        assert [access.reader for access in await desk.rows(ContentRead) if access.purpose == "consent-withdrawal"] == ["clerk-7"]

    async def test_it_asks_whether_the_applicant_said_so(self, desk):
        case = await offered(desk, **GIVEN)
        page = await post(desk, case, key="")
        assert (page.status_code, "Отметьте, что заявитель сказал это лично" in page.text) == (422, True)
        assert await disclosed(case) is True

    async def test_without_a_consent_there_is_no_form(self, desk):
        case = await offered(desk)
        assert "Согласия нет" in (await seen(desk, case)).text
        assert (await post(desk, case, sure="yes")).headers["location"].endswith("flash=consent-none")

    @pytest.mark.parametrize("role", ["provider", "admin", "analyst", "applicant"])
    async def test_only_staff_opens_it(self, desk, role):
        case = await offered(desk, **GIVEN)
        claims = {"provider_id": str(case.id)} if role == "provider" else {}
        assert (await seen(desk, case, cookie(desk, role, **claims))).status_code == 403
        assert (await post(desk, case, cookie(desk, role, **claims), sure="yes")).status_code == 403

    async def test_other_regions_see_none_of_it_and_only_this_site_posts(self, desk):
        case = await offered(desk, **GIVEN)
        elsewhere = cookie(desk, "specialist", region="KZ-75")
        assert (await seen(desk, case, elsewhere)).status_code == 404
        assert (await post(desk, case, elsewhere, sure="yes")).status_code == 404
        assert (await post(desk, case, cookie(desk) | {"Sec-Fetch-Site": "cross-site"}, sure="yes")).status_code == 403
        assert await disclosed(case) is True


class TestTrackPage:
    async def test_the_applicant_withdraws_it_on_the_page_of_the_appeal(self, desk):
        case = await offered(desk, **GIVEN)
        opened = {"number": case.number, "pin": case.pin}
        page = (await desk.client.post("/intake/track?lang=ru", data=opened)).text
        assert 'action="/intake/track/consent"' in page
        key = re.search(r'name="key" value="([^"]+)"', page)[1]
        done = (await desk.client.post("/intake/track/consent?lang=ru", data=opened | {"key": key})).text
        assert "Согласие отозвано: медорганизации больше не видят ваших данных" in done
        assert 'action="/intake/track/consent"' not in done
        assert await disclosed(case) is False
