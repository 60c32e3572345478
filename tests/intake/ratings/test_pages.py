"""The page to rate: find the organisation, rate it, confirm the phone number."""

import re
from uuid import UUID

import pytest

from intake.ratings.models import Rating
from shared.web.session import COOKIE
from tests.intake.ratings.rosters import DOCTOR, OTHER, STRANGER, many, serve_rosters
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


class TestDoctors:
    async def test_the_organisation_as_a_whole_is_preselected_and_its_doctors_are_listed(self, rated):
        serve_rosters(rated)
        page = (await post(rated, "find", **FOUND)).text
        assert re.search(r'name="doctor_id" value="" checked', page)
        assert f'value="{DOCTOR}"' in page
        assert str(STRANGER) not in page
        assert "Сынаков Азамат, терапевт" in page
        assert 'name="doctor_query"' not in page.replace('type="hidden" name="doctor_query"', "")

    async def test_a_doctor_is_rated(self, rated):
        serve_rosters(rated)
        asked = await post(rated, "send", **RATED, doctor_id=str(DOCTOR))
        assert f'name="doctor_id" value="{DOCTOR}"' in asked.text
        done = await post(rated, "rate", **RATED, doctor_id=str(DOCTOR), code=await code_for(rated))
        assert (done.status_code, "оценка принята" in done.text) == (200, True)
        assert [row.doctor_id for row in await rated.rows(Rating)] == [DOCTOR]

    @pytest.mark.parametrize("step", ["send", "rate"])
    async def test_a_doctor_of_another_organisation_is_refused_before_a_code_is_sent(self, rated, step):
        serve_rosters(rated)
        for doctor_id in (str(STRANGER), "x"):
            page = await post(rated, step, **RATED, doctor_id=doctor_id, code="000000")
            assert (page.status_code, "Выберите врача из списка" in page.text) == (422, True)

    async def test_several_organisations_are_chosen_from_first(self, rated):
        serve_rosters(rated)
        await apply(rated, recorded(OTHER, "№24 емхана"))
        page = (await post(rated, "find", region="KZ-43", query="поликлиника")).text
        assert str(DOCTOR) not in page
        assert 'name="score"' not in page
        page = (await post(rated, "provider", region="KZ-43", query="поликлиника", provider_id=str(OTHER))).text
        assert (str(STRANGER) in page, str(DOCTOR) in page, 'name="score"' in page) == (True, False, True)

    async def test_a_long_roster_is_searched_by_name(self, rated):
        serve_rosters(rated, {PROVIDER: many(60)})
        page = (await post(rated, "find", **FOUND)).text
        assert str(DOCTOR) not in page
        assert re.search(r'name="doctor_id" value="" checked', page)
        chosen = FOUND | {"provider_id": str(PROVIDER)}
        assert str(DOCTOR) in (await post(rated, "provider", **chosen, doctor_query="сынак")).text
        many_found = (await post(rated, "provider", **chosen, doctor_query="образцов")).text
        assert (many_found.count('name="doctor_id"'), "Найдено ещё 39 врачей" in many_found) == (21, True)
        unknown = await post(rated, "provider", **chosen, doctor_query="Никто")
        assert (unknown.status_code, "не найден" in unknown.text, 'name="score"' in unknown.text) == (422, True, True)

    async def test_an_error_keeps_the_doctor_that_was_found(self, rated):
        serve_rosters(rated, {PROVIDER: many(60)})
        page = await post(rated, "send", **(RATED | {"phone": "12"}), doctor_id=str(DOCTOR))
        assert re.search(rf'name="doctor_id" value="{DOCTOR}" checked', page.text)

    async def test_without_the_roster_the_organisation_alone_is_offered_with_a_sentence(self, rated):
        serve_rosters(rated).status = 503
        page = (await post(rated, "find", **FOUND)).text
        assert "Список врачей сейчас не открывается" in page
        assert 'type="radio" name="doctor_id"' not in page.replace("\n", " ")
        assert 'name="score"' in page

    async def test_an_organisation_without_a_roster_is_rated_as_before(self, rated):
        serve_rosters(rated, {})
        page = (await post(rated, "find", **FOUND)).text
        assert ("Список врачей" in page, 'name="doctor_id"' in page, 'name="score"' in page) == (False, False, True)
