"""The page of an inquiry: its forms, what is disclosed, drafts, and what happens when somebody else was quicker."""

import json

import pytest

from provider_contact.inquiries.models import Inquiry, ProviderResponse
from provider_contact.portal.models import ResponseDraft
from shared.contracts import InquiryAnswered, TimeAsked
from tests.provider_contact.conftest import ANSWER, OTHER, sent_inquiry
from tests.provider_contact.outcomes import answered, proposed

TEXT = "Құпия жауап: пациентпен хабарластық."
ANSWERED = {"code": "EXPLANATION", "language": "kk", "text": TEXT, "answers.CARE_GIVEN": "YES", "answers.APPOINTMENT": "2026-02-09"}


@pytest.fixture
async def inquiry(world):
    return await sent_inquiry(world)


async def draft_of(person, inquiry_id, **fields):
    return await person.post(f"/inquiries/{inquiry_id}/draft", expected_draft_version="0", **fields)


class TestTheAnswer:
    async def test_the_form_answers_the_inquiry_with_its_questions(self, world, manager, inquiry):
        page = await manager.page(f"/inquiries/{inquiry}")
        assert 'name="answers.CARE_GIVEN"' in page
        assert 'type="date"' in page
        answer = await manager.send(inquiry, "respond", **ANSWERED)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/provider-contact/portal/inquiries/{inquiry}?flash=respond")
        (event,) = await world.emitted(InquiryAnswered)
        assert (event.inquiry_id, event.code) == (inquiry, "EXPLANATION")
        page = await manager.page(f"/inquiries/{inquiry}")
        assert TEXT in page
        assert "Сынақ Жетекші" in page
        assert 'action="/provider-contact/portal/inquiries/' + str(inquiry) + '/respond"' not in page

    async def test_errors_stand_at_their_fields_and_nothing_typed_is_lost(self, world, manager, inquiry):
        for wrong, place in (({"code": ""}, "code"), ({"answers.APPOINTMENT": "tomorrow"}, "answers-APPOINTMENT")):
            answer = await manager.send(inquiry, "respond", **(ANSWERED | wrong))
            assert answer.status_code == 422
            assert TEXT in answer.text
            assert f'id="f-{place}-error"' in answer.text
        assert await world.rows(ProviderResponse) == []
        assert TEXT in await manager.page(f"/inquiries/{inquiry}")

    async def test_a_refusal_needs_its_legal_ground(self, manager, inquiry):
        answer = await manager.send(inquiry, "respond", **(ANSWERED | {"refusal.reason": "NOT_ATTACHED"}))
        assert answer.status_code == 422
        assert 'id="f-refusal-rule-error"' in answer.text

    async def test_send_and_open_the_next_leads_to_the_inquiry_that_is_due_first(self, world, manager, inquiry):
        following = await sent_inquiry(world, 2)
        answer = await manager.send(inquiry, "respond", **(ANSWERED | {"next": "yes"}))
        assert answer.headers["location"] == f"/provider-contact/portal/inquiries/{following}?flash=respond"

    async def test_time_is_asked_for_and_a_wrong_day_is_refused_at_its_field(self, world, manager, inquiry):
        asked = {"ask-time.until": "2026-02-05", "ask-time.reason": "Архивтегі карта керек."}
        answer = await manager.send(inquiry, "ask-time", **asked)
        assert answer.status_code == 422
        assert 'id="f-ask-time-until-error"' in answer.text
        assert (await manager.send(inquiry, "ask-time", **(asked | {"ask-time.until": "2026-02-13"}))).status_code == 303
        assert [str(event.until) for event in await world.emitted(TimeAsked)] == ["2026-02-13"]

    async def test_an_amount_is_read_as_people_write_it(self, world, manager):
        inquiry = await sent_inquiry(world, 3, category="PAID_CASHBOX")
        assert (
            await manager.send(inquiry, "respond", **(ANSWERED | {"answers.APPOINTMENT": "", "answers.MONEY_AMOUNT": "12 500,5"}))
        ).status_code == 303
        assert "12500.50" in await manager.page(f"/inquiries/{inquiry}")

    async def test_a_post_of_another_site_is_refused(self, world, manager, inquiry):
        headers = manager.headers | {"Sec-Fetch-Site": "cross-site"}
        answer = await world.client.post(f"/provider-contact/portal/inquiries/{inquiry}/acknowledge", headers=headers, data={})
        assert answer.status_code == 403


SENTENCES = {
    "VERIFIED": ("Пациент мәселенің шешілгенін телефонмен растады", "Пациент подтвердил по телефону: вопрос решён"),
    "REFUTED": ("Пациент мәселенің шешілмегенін телефонмен айтты", "Пациент сообщил по телефону: вопрос не решён"),
    "UNREACHED": ("Қор пациентке қоңырау шалды, бірақ байланыса алмады", "Фонд звонил пациенту, но не дозвонился"),
}


class TestACallToThePatient:
    """What was found stands in the course: that somebody called says nothing."""

    @pytest.mark.parametrize("language", ["kk", "ru"])
    @pytest.mark.parametrize("result", list(SENTENCES))
    async def test_the_provider_and_the_clerk_read_what_came_of_it(self, world, person, result, language):
        proposal = await proposed(world)
        await world.consume(answered(proposal))
        [row] = await world.rows(Inquiry)
        operator = world.token("operator")
        found = {"expected_version": row.version, "proposal_id": str(proposal), "result": result, "text": "Сөйлестік."}
        assert (await world.post(f"/v1/inquiries/{row.inquiry_id}/actions/verify", operator, found)).status_code == 200
        page = await person(language=language).page(f"/inquiries/{row.inquiry_id}")
        shown = [code for code, sentences in SENTENCES.items() if sentences[language == "ru"] in page]
        assert shown == [result]
        headers = person("clerk", None, "operator", language=language).headers
        desk = await world.client.get(f"/provider-contact/inquiries/{row.inquiry_id}", headers=headers)
        assert (SENTENCES[result][language == "ru"] in desk.text, desk.status_code) == (True, 200)


class TestTheDraft:
    async def test_it_is_saved_sealed_and_shown_to_its_author_alone(self, world, manager, officer, inquiry):
        assert (await draft_of(manager, inquiry, **ANSWERED)).status_code == 303
        assert TEXT in await manager.page(f"/inquiries/{inquiry}")
        assert TEXT not in await officer.page(f"/inquiries/{inquiry}")
        assert TEXT not in await world.every_column()

    async def test_the_script_gets_its_version(self, world, manager, inquiry):
        manager.headers["Accept"] = "application/json"
        answer = await draft_of(manager, inquiry, text=TEXT)
        assert answer.json()["draft_version"] == 1
        assert (await draft_of(manager, inquiry, text="басқа")).json()["draft_version"] is None
        assert len(await world.rows(ResponseDraft)) == 1

    async def test_a_second_window_does_not_overwrite_the_first(self, manager, inquiry):
        await draft_of(manager, inquiry, text="бірінші терезе")
        answer = await draft_of(manager, inquiry, text="екінші терезе")
        assert answer.status_code == 409
        assert "екінші терезе" in answer.text

    async def test_it_goes_with_the_answer_and_by_its_button(self, world, manager, inquiry):
        await draft_of(manager, inquiry, text="жоба")
        await manager.send(inquiry, "draft", delete="yes")
        assert await world.rows(ResponseDraft) == []
        await draft_of(manager, inquiry, text="жоба")
        await manager.send(inquiry, "respond", **ANSWERED)
        assert await world.rows(ResponseDraft) == []

    async def test_a_template_is_inserted_with_its_values(self, manager, inquiry):
        page = await manager.page(f"/inquiries/{inquiry}")
        assert "По обращению № 2026-43-0000001-0 поднимаем документы" in page
        await draft_of(manager, inquiry, text="Начало.", insert="Конец.")
        assert "Начало.\n\nКонец." in await manager.page(f"/inquiries/{inquiry}")


class TestAConflict:
    async def test_the_text_stays_and_the_page_says_who_did_what(self, world, manager, officer, inquiry):
        stale = await manager.version(inquiry)
        await officer.send(inquiry, "acknowledge")
        answer = await manager.post(
            f"/inquiries/{inquiry}/respond", expected_version=stale, read_until="2026-02-05T05:00:00+00:00", **ANSWERED
        )
        assert answer.status_code == 409
        assert "Пока вы писали, запрос изменился" in answer.text
        assert "Сынақ Маман" in answer.text
        assert TEXT in answer.text
        assert await world.rows(ProviderResponse) == []
        assert (await manager.send(inquiry, "respond", **ANSWERED)).status_code == 303

    async def test_an_answer_to_an_answered_inquiry_can_only_be_copied(self, world, manager, officer, inquiry):
        stale = await manager.version(inquiry)
        await world.post(f"/v1/inquiries/{inquiry}/actions/respond", officer.bearer, ANSWER | {"code": "EXPLANATION"})
        answer = await manager.post(f"/inquiries/{inquiry}/respond", expected_version=stale, **ANSWERED)
        assert answer.status_code == 409
        assert "Это больше невозможно" in answer.text
        assert TEXT in answer.text
        assert len(await world.rows(ProviderResponse)) == 1


class TestWhatIsDisclosed:
    async def test_the_text_and_the_person_are_shown_with_consent(self, world, manager, inquiry):
        world.intake.discloses(1, "Дәрігер қабылдамады.")
        page = await manager.page(f"/inquiries/{inquiry}")
        assert "Дәрігер қабылдамады." in page
        assert "Сынақ Азамат" in page

    async def test_without_consent_the_page_says_how_to_answer_and_asks_intake_for_nothing(self, world, manager):
        inquiry = await sent_inquiry(world, 2, discloses=False)
        world.intake.discloses(2, "Дәрігер қабылдамады.")
        world.intake.asked.clear()
        page = await manager.page(f"/inquiries/{inquiry}")
        assert "Пациент не назван: как ответить" in page
        assert "Попросить Фонд получить согласие пациента" in page
        assert "Регион: Кызылординская область. День обращения:" in page
        assert "Дәрігер қабылдамады." not in page
        assert world.intake.asked == []

    async def test_saving_a_draft_reads_nothing_of_the_appeal(self, world, manager, inquiry):
        world.intake.asked.clear()
        await draft_of(manager, inquiry, text=TEXT)
        assert world.intake.asked == []

    async def test_the_page_opens_while_intake_is_down(self, world, manager, inquiry):
        world.intake.down = True
        assert "сейчас не прочитать" in await manager.page(f"/inquiries/{inquiry}")

    async def test_another_provider_gets_the_answer_of_an_inquiry_that_does_not_exist(self, person, inquiry):
        other = person("elsewhere", provider_id=OTHER)
        for path in (f"/inquiries/{inquiry}", f"/inquiries/{inquiry}?show=all"):
            assert (await other.get(path)).status_code == 404
        for action in ("acknowledge", "respond", "draft", "assign", "ask-time"):
            assert (await other.post(f"/inquiries/{inquiry}/{action}", expected_version=1, **ANSWERED)).status_code == 404


async def test_nothing_of_the_provider_or_the_patient_is_logged_or_published(world, manager, inquiry):
    await manager.send(inquiry, "respond", **ANSWERED)
    events = json.dumps([event.model_dump(mode="json") for event in await world.emitted(InquiryAnswered)], ensure_ascii=False)
    assert TEXT not in events
    assert "Сынақ" not in events
    assert (await world.rows(Inquiry))[0].status == "RESPONDED"
