"""What a provider says it has solved or promises: on the page of the appeal, and behind the link of a mail or SMS."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from intake.register.models import Message
from intake.register.service.offers import link_token
from tests.intake.offers import TEXT, list_provider, offered, stand_in_provider_contact


async def open_page(case):
    return await case.desk.client.post("/intake/track?lang=kk", data={"number": case.number, "pin": case.pin})


async def answer(case, kind, offer_id, yes, **fields):
    said = {"number": case.number, "pin": case.pin, "key": str(uuid4()), "kind": kind, "offer": str(offer_id), "answer": yes}
    return await case.desk.client.post("/intake/track/offer?lang=kk", data=said | fields)


class TestPage:
    async def test_the_question_is_shown_with_the_text_of_the_provider(self, desk):
        stand_in_provider_contact(desk)
        case = await offered(desk)
        await case.proposed()
        page = await open_page(case)
        assert "Мәселеңіз шешілді ме?" in page.text
        assert TEXT in page.text

    async def test_an_appeal_without_offers_shows_nothing_of_them(self, desk):
        case = await offered(desk)
        assert "/intake/track/offer" not in (await open_page(case)).text

    async def test_a_slip_may_be_changed_and_then_counts(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        page = await answer(case, "PROPOSAL", proposal_id, "yes")
        assert page.status_code == 200
        assert "Бір минут ішінде өзгерте аласыз" in page.text
        assert "«Жоқ» деп өзгерту" in page.text
        changed = await answer(case, "PROPOSAL", proposal_id, "no")
        assert "Сіздің жауабыңыз: мәселе шешілмеді" in changed.text
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]
        late = await answer(case, "PROPOSAL", proposal_id, "yes")
        assert late.status_code == 409
        assert "өзгерту мүмкін емес" in late.text
        assert 'action="/intake/track/offer"' not in late.text

    async def test_a_form_sent_twice_answers_once(self, desk):
        case = await offered(desk)
        proposal_id, key = await case.proposed(), str(uuid4())
        for _ in range(2):
            assert (await answer(case, "PROPOSAL", proposal_id, "no", key=key, comment="Ешкім хабарласпады")).status_code == 200
        assert len(await desk.rows(Message)) == 1
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]

    async def test_what_is_typed_is_not_lost_when_nothing_is_chosen(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        page = await answer(case, "PROPOSAL", proposal_id, "", comment="Ешкім хабарласпады")
        assert page.status_code == 422
        assert "Ешкім хабарласпады" in page.text

    async def test_a_promise_is_asked_about_on_its_day(self, desk):
        case = await offered(desk)
        commitment_id = await case.promised()
        assert "Мерзімі келгенде" in (await open_page(case)).text
        await case.due(commitment_id)
        assert "Уәде орындалды ма?" in (await open_page(case)).text
        await answer(case, "COMMITMENT", commitment_id, "no")
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]

    async def test_a_wrong_pin_answers_nothing_and_is_refused_as_everywhere(self, desk):
        case = await offered(desk)
        proposal_id = await case.proposed()
        refused = await answer(case, "PROPOSAL", proposal_id, "yes", pin="00000000")
        usual = await desk.client.post("/intake/track?lang=kk", data={"number": case.number, "pin": "00000000"})
        assert (refused.status_code, refused.text.replace("/track/offer", "/track")) == (usual.status_code, usual.text)
        await case.minute_passes()
        assert await case.published() == []


class TestLink:
    async def path(self, case, offer_id):
        return f"/intake/answer/{link_token(case.desk.parts.pepper, offer_id)}?lang=ru"

    async def test_reading_changes_nothing_and_shows_nothing_of_the_content(self, desk):
        asked = stand_in_provider_contact(desk)
        case = await offered(desk)
        path = await self.path(case, await case.proposed())
        for _ in range(3):
            page = await desk.client.get(path)
            assert page.status_code == 200
        assert "Ваш вопрос решён?" in page.text
        assert case.number in page.text
        assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
        assert (asked, await case.published()) == ([], [])

    @pytest.mark.parametrize(("yes", "confirmed"), [("yes", True), ("no", False)])
    async def test_it_answers_once(self, desk, yes, confirmed):
        case = await offered(desk)
        path = await self.path(case, await case.proposed())
        first = await desk.client.post(path, data={"answer": yes})
        assert (first.status_code, "Спасибо, ответ записан" in first.text) == (200, True)
        again = await desk.client.post(path, data={"answer": "no" if confirmed else "yes"})
        assert (again.status_code, "Вы уже ответили" in again.text) == (409, True)
        assert (await desk.client.get(path)).status_code == 200
        assert await case.published() == [(confirmed, "LINK")]

    async def test_a_promise_is_answered_by_its_own_link(self, desk):
        case = await offered(desk)
        commitment_id = await case.promised()
        path = await self.path(case, commitment_id)
        assert (await desk.client.post(path, data={"answer": "yes"})).status_code == 409  # its day has not come
        await case.due(commitment_id)
        assert (await desk.client.post(path, data={"answer": "no"})).status_code == 200
        assert await case.published() == [(False, "LINK")]

    async def test_a_question_for_consent_names_who_gets_what(self, desk):
        await list_provider(desk)
        case = await offered(desk)
        page = await desk.client.get(await self.path(case, await case.consent_requested()))
        assert "Сынақ поликлиника №7" in page.text
        assert "имя, ИИН, дату рождения, контакты, текст обращения и документы" in page.text

    @pytest.mark.parametrize("token", ["x", "A" * 22, "%D0%B0" * 22, "A" * 5000])
    async def test_an_unknown_link_opens_nothing(self, desk, token):
        page = await desk.client.get(f"/intake/answer/{token}?lang=ru")
        assert (page.status_code, "Эта ссылка не работает" in page.text) == (404, True)
        assert (await desk.client.post(f"/intake/answer/{token}", data={"answer": "yes"})).status_code == 404

    async def test_an_old_link_is_like_an_unknown_one(self, desk):
        case = await offered(desk)
        path = await self.path(case, await case.proposed())
        unknown = await desk.client.get(f"/intake/answer/{'A' * 22}?lang=ru")
        desk.clock.advance(timedelta(days=3 + 14))
        old = await desk.client.get(path)
        masked = re.compile(r"/intake/answer/[\w-]+")
        assert (old.status_code, masked.sub("", old.text)) == (404, masked.sub("", unknown.text))
        assert (await desk.client.post(path, data={"answer": "yes"})).status_code == 404
        assert await case.published() == []

    async def test_a_post_without_an_answer_asks_again(self, desk):
        case = await offered(desk)
        path = await self.path(case, await case.proposed())
        page = await desk.client.post(path, data={"answer": "perhaps"})
        assert (page.status_code, "Ваш вопрос решён?" in page.text) == (200, True)
