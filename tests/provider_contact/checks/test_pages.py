from uuid import UUID

import pytest

from provider_contact.checks.models import OutcomeCheck
from provider_contact.checks.service import drawing
from shared.contracts import AppealWithdrawn, CaseReopened, OutcomeConfirmed, OutcomeVerified
from shared.ids import derived
from shared.web.session import COOKIE
from tests.provider_contact.checks.service.test_drawing import codes
from tests.provider_contact.conftest import FIFTEENTH, appeal_id, registered
from tests.provider_contact.outcomes import SECRET, answered, proposed

PHONE = "+77010000055"


def cookie(world, role="operator", **claims):
    token = world.token(role, **claims)["Authorization"].removeprefix("Bearer ")
    return {"Cookie": f"{COOKIE}={token}", "Accept": "text/html"}


async def seen(world, path="", headers=None, lang="ru"):
    return await world.client.get(f"/provider-contact/checks{path}?lang={lang}", headers=headers or cookie(world))


async def send(world, check_id, headers=None, **fields):
    return await world.client.post(f"/provider-contact/checks/{check_id}?lang=ru", headers=headers or cookie(world), data=fields)


@pytest.fixture
async def withdrawn(listed):
    """A drawn withdrawal about a provider of the directory; returns the world and the check."""
    provider = (await listed.providers())[FIFTEENTH]
    await listed.consume(registered(1, provider_id=provider))
    await listed.consume(AppealWithdrawn(appeal_id=appeal_id(1), reason="PRESSURE"))
    listed.intake.contents_by_purpose["outcome-check", appeal_id(1)] = {"applicant": {"full_name": "Сынақ Азамат", "phone": PHONE}}
    [check] = await listed.rows(OutcomeCheck)
    return listed, check.check_id


class TestList:
    async def test_an_empty_list_says_so(self, world):
        assert "Никто не ждёт этого звонка" in (await seen(world)).text

    async def test_it_names_the_organisation_and_never_the_applicant(self, withdrawn):
        world, check_id = withdrawn
        page = (await seen(world)).text
        assert FIFTEENTH in page
        assert str(check_id) in page
        assert PHONE not in page
        assert world.intake.asked == []

    async def test_nobody_is_sent_to_sign_in_and_a_provider_is_refused(self, world):
        assert (
            (await world.client.get("/provider-contact/checks", headers={"Accept": "text/html"})).headers["location"].startswith("/sign-in")
        )
        assert (await seen(world, headers=cookie(world, "provider"))).status_code == 403


class TestCall:
    @pytest.mark.parametrize("lang", ["kk", "ru", "en"])
    async def test_the_number_and_what_to_say_are_shown_and_the_read_is_audited(self, withdrawn, lang):
        world, check_id = withdrawn
        page = (await seen(world, f"/{check_id}", lang=lang)).text
        assert PHONE in page
        assert "{provider}" not in page
        [asked] = world.intake.asked
        assert (asked.purpose, asked.ids, asked.role) == ("outcome-check", [appeal_id(1)], "operator")

    async def test_what_the_organisation_proposed_is_shown_with_a_confirmation(self, world):
        proposal_id = await proposed(world)
        await world.consume(answered(proposal_id))
        assert SECRET in (await seen(world, f"/{derived(proposal_id, 'check')}")).text

    async def test_without_intake_the_page_says_that_the_number_cannot_be_read(self, withdrawn):
        world, check_id = withdrawn
        world.intake.down = True
        assert "Номер сейчас прочитать нельзя" in (await seen(world, f"/{check_id}")).text

    async def test_a_result_is_saved_and_leads_back_to_the_list(self, withdrawn):
        world, check_id = withdrawn
        answer = await send(world, check_id, result="REFUTED", text="Жұмыстан шығарамыз деген.")
        assert (answer.status_code, answer.headers["location"]) == (303, "/provider-contact/checks?flash=check-saved")
        assert [event.result for event in await world.emitted(OutcomeVerified)] == ["REFUTED"]
        again = await send(world, check_id, result="VERIFIED", text="Тағы")
        assert again.headers["location"].endswith("flash=check-ended")
        assert (await seen(world, f"/{check_id}")).headers["location"].endswith("flash=check-ended")

    async def test_who_is_not_reached_waits_further_down_the_list(self, withdrawn):
        world, check_id = withdrawn
        assert (await send(world, check_id, result="UNREACHED", text="Алмады")).headers["location"].endswith("flash=check-again")
        page = (await seen(world)).text
        assert "Позвонить ещё раз позже" in page
        assert "звонили 1 раз" in page

    async def test_a_form_without_a_result_comes_back_with_what_was_typed(self, withdrawn):
        world, check_id = withdrawn
        answer = await send(world, check_id, result="", text="Алмады")
        assert answer.status_code == 422
        assert "Алмады" in answer.text
        assert "Выберите, чем закончился звонок." in answer.text

    async def test_only_staff_who_see_the_case_and_only_from_this_site(self, withdrawn):
        world, check_id = withdrawn
        fields = {"result": "VERIFIED", "text": "x"}
        assert (await send(world, check_id, cookie(world, "specialist", region="KZ-75"), **fields)).status_code == 404
        assert (await send(world, check_id, cookie(world, "admin"), **fields)).status_code == 403
        assert (await send(world, check_id, cookie(world) | {"Sec-Fetch-Site": "cross-site"}, **fields)).status_code == 403
        assert (await seen(world, f"/{check_id}", cookie(world, "specialist", region="KZ-75"))).status_code == 404


class TestWithoutProvider:
    @pytest.fixture
    async def drawn(self, listed, monkeypatch):
        """A withdrawal and a confirmed answer without a provider, both drawn."""
        monkeypatch.setattr(drawing, "share_of", lambda **_given: 1000)
        await listed.consume(AppealWithdrawn(reason="OTHER", **codes(1)), OutcomeConfirmed(answer_id=UUID(int=9), **codes(2)))
        for number in (1, 2):
            listed.intake.contents_by_purpose["outcome-check", appeal_id(number)] = {"applicant": {"full_name": "Сынақ", "phone": PHONE}}
        return listed, {check.about: check.check_id for check in await listed.rows(OutcomeCheck)}

    async def test_the_list_and_the_calls_name_no_organisation(self, drawn):
        world, checks = drawn
        page = (await seen(world)).text
        assert ("Отозвано" in page, "Ответ Фонда подтверждён" in page, "без названия" in page) == (True, True, False)
        withdrawal = (await seen(world, f"/{checks['WITHDRAWAL']}")).text
        assert ("Ваше обращение в Фонд отозвано" in withdrawal, "не об организации" in withdrawal, PHONE in withdrawal) == (
            True,
            True,
            True,
        )
        answer = (await seen(world, f"/{checks['ANSWER']}")).text
        assert ("ответ Фонда решил ваш вопрос" in answer, "{provider}" in answer) == (True, False)

    async def test_the_result_of_an_answer_names_it(self, drawn):
        world, checks = drawn
        await send(world, checks["ANSWER"], result="REFUTED", text="Шешілмеген екен.")
        [event] = await world.emitted(OutcomeVerified)
        assert (event.about, event.answer_id, event.provider_id, event.result) == ("ANSWER", UUID(int=9), None, "REFUTED")

    async def test_nobody_is_called_about_the_earlier_end_of_a_reopened_case(self, drawn):
        world, checks = drawn
        for number in (1, 2):
            await world.consume(CaseReopened(appeal_id=appeal_id(number), tier=3, queue="KZ-43/3/kk", reason="PROMISE_BROKEN"))
        assert "Никто не ждёт этого звонка" in (await seen(world)).text
        await send(world, checks["ANSWER"], result="REFUTED", text="Шешілмеген екен.")
        assert ({row.status for row in await world.rows(OutcomeCheck)}, await world.emitted(OutcomeVerified)) == ({"SUPERSEDED"}, [])

    async def test_only_the_region_of_the_appeal_sees_it(self, drawn):
        world, checks = drawn
        assert (await seen(world, f"/{checks['ANSWER']}", cookie(world, "specialist", region="KZ-75"))).status_code == 404
        assert (await seen(world, f"/{checks['ANSWER']}", cookie(world, "specialist", region="KZ-43"))).status_code == 200
