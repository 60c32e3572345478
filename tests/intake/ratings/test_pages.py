"""The page to rate: find the organisation, rate it, confirm the phone number."""

import re
from uuid import UUID

import pytest

from intake.ratings.models import Rating
from shared.web.session import COOKIE
from tests.intake.ratings.test_api import code_for, published
from tests.intake.register.test_handlers import apply, recorded

PROVIDER = UUID(int=23)
PHONE = "8 701 000 00 07"
FOUND = {"region": "KZ-43", "query": "23 поликлиника"}
RATED = FOUND | {"provider_id": str(PROVIDER), "score": "4", "phone": PHONE, "aspects.ACCESS": "2"}


@pytest.fixture
async def rated(desk):
    await apply(desk, recorded(PROVIDER))
    return desk


async def post(desk, step, headers=None, **fields):
    return await desk.client.post("/intake/rate?lang=ru", data={"step": step} | fields, headers=headers)


class TestPage:
    async def test_an_organisation_is_found_rated_and_the_phone_confirmed(self, rated):
        assert "Обращение не нужно" in (await rated.client.get("/intake/rate?lang=ru")).text
        found = await post(rated, "find", **FOUND)
        assert (found.status_code, "Поликлиника №23" in found.text) == (200, True)
        asked = await post(rated, "send", **RATED)
        assert (asked.status_code, 'name="code"' in asked.text) == (200, True)
        assert re.search(r'name="aspects.ACCESS" value="2"', asked.text)
        done = await post(rated, "rate", **RATED, code=await code_for(rated))
        assert (done.status_code, "оценка принята" in done.text) == (200, True)
        [(*_, event)] = await published(rated)
        assert (event["score"], event["aspects"], event["channel"]) == (4, {"ACCESS": 2}, "WEB")

    async def test_a_citizen_who_is_signed_in_needs_no_phone(self, rated):
        me = {"Cookie": f"{COOKIE}={rated.foundation.issuer.issue('applicant', subject='a')}"}
        found = await post(rated, "find", me, **FOUND)
        assert 'name="phone"' not in found.text
        done = await post(rated, "rate", me, **{name: value for name, value in RATED.items() if name != "phone"})
        assert (done.status_code, len(await rated.rows(Rating))) == (200, 1)

    async def test_a_wrong_code_keeps_what_was_chosen(self, rated):
        await post(rated, "send", **RATED)
        page = await post(rated, "rate", **RATED, code="000000")
        assert page.status_code == 422
        assert f'value="{PROVIDER}"' in page.text
        assert await rated.rows(Rating) == []

    @pytest.mark.parametrize(
        ("step", "changed", "message"),
        [
            ("find", {"region": ""}, "Выберите регион"),
            ("find", {"region": "KZ-00"}, "Выберите регион"),
            ("find", {"query": " "}, "Напишите название"),
            ("find", {"query": "Мүлде басқа"}, "не найдена"),
            ("send", {"provider_id": ""}, "Выберите организацию"),
            ("send", {"provider_id": "x"}, "Выберите организацию"),
            ("send", {"score": "9"}, "Выберите оценку"),
            ("send", {"phone": "12"}, "мобильный номер"),
            ("rate", {"code": ""}, "Код неверный"),
        ],
    )
    async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(self, rated, step, changed, message):
        page = await post(rated, step, **(RATED | changed))
        assert (page.status_code, message in page.text) == (422, True), page.text
        assert changed.get("query", FOUND["query"]).strip() in page.text
        assert await rated.rows(Rating) == []
