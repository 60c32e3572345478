"""The applicant is asked whether a provider may know who appealed: only a yes opens the appeal to it, and a withdrawal closes it."""

from datetime import timedelta

import pytest

from intake.register.codes import AnswerMethod, OfferKind
from intake.register.models import Appeal, ProviderOffer
from intake.register.schemas.offers import OfferAnswer
from intake.register.service import consents, offers
from shared.contracts import CaseClosed
from tests.intake.offers import offered, stand_in_provider_contact
from tests.intake.register.test_applicant_api import emitted
from tests.keys import key_named

GIVEN = {"consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"]}


async def disclosed(case):
    """What provider-contact reads of the appeal for its provider."""
    asked = {"ids": [str(case.id)], "purpose": "provider-disclosure", "on_behalf_of": "officer-1"}
    headers = case.desk.token("service", subject="provider-contact")
    answer = await case.desk.client.post("/intake/internal/v1/contents", json=asked, headers=headers)
    [item] = answer.json()["items"]
    return item["found"]


class TestTheQuestion:
    async def test_it_is_on_the_page_and_timeline_and_needs_no_text_of_the_provider(self, desk):
        asked = stand_in_provider_contact(desk)
        case = await offered(desk)
        request_id = await case.consent_requested()
        seen = await case.seen()
        [request] = seen["consent_requests"]
        assert (request["request_id"], request["status"], request["answer"]) == (str(request_id), "REQUESTED", None)
        assert "consent-answers" in seen["actions"]
        assert "consent-requested" in [entry["type"] for entry in seen["timeline"]]
        assert asked == []
        assert await disclosed(case) is False

    async def test_strangers_do_not_see_it(self, desk):
        case = await offered(desk)
        await case.consent_requested()
        seen = (await desk.client.get(f"/intake/v1/appeals/{case.number}", headers=desk.token("specialist", region="KZ-43"))).json()
        assert seen.get("consent_requests", []) == []


class TestTheAnswer:
    @pytest.mark.parametrize(("given", "status", "line"), [(True, "GIVEN", "given"), (False, "REFUSED", "refused")])
    async def test_only_a_yes_opens_the_appeal_and_it_is_published_once(self, desk, given, status, line):
        case = await offered(desk)
        request_id = await case.consent_requested()
        assert (await case.consent(request_id, given=given)).status_code == 201
        again = await case.consent(request_id, given=not given)
        assert (again.status_code, again.json()["code"]) == (409, "consent-answered")
        assert await case.published() == [(given, "APP")]
        seen = await case.seen()
        assert seen["consent_requests"][0]["status"] == status
        assert "consent-answers" not in seen["actions"]
        assert [entry["type"] for entry in seen["timeline"]].count(f"consent-{line}") == 1
        assert await disclosed(case) is given

    async def test_silence_opens_nothing(self, desk):
        case = await offered(desk)
        await case.consent_requested()
        desk.clock.advance(timedelta(days=100))
        await case.publish()
        assert await case.published() == []
        assert await disclosed(case) is False

    async def test_an_answer_that_may_still_be_changed_opens_nothing_yet(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        for yes in (True, False):
            given = OfferAnswer(kind=OfferKind.CONSENT, offer_id=request_id, answer=yes, method=AnswerMethod.TRACK)
            async with desk.parts.units.write() as work:
                await offers.answer(work, case.id, given)
            assert await disclosed(case) is False
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]
        assert await disclosed(case) is False

    async def test_it_is_not_asked_any_more_once_the_appeal_is_finished(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        await case.consume(CaseClosed(appeal_id=case.id, outcome="JUSTIFIED", actor_role="specialist"))
        assert "consent-answers" not in (await case.seen())["actions"]
        assert (await case.consent(request_id, given=True)).json()["code"] == "appeal-finished"
        assert await disclosed(case) is False

    async def test_it_is_not_asked_any_more_once_its_inquiry_is_cancelled(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        await case.inquiry_cancelled(request_id)
        seen = await case.seen()
        assert "consent-answers" not in seen["actions"]
        assert seen["consent_requests"][0]["status"] == "EXCUSED"
        assert (await case.consent(request_id, given=True)).json()["code"] == "consent-answered"
        assert await disclosed(case) is False

    async def test_a_yes_that_may_still_be_changed_is_not_published_after_the_cancellation(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        given = OfferAnswer(kind=OfferKind.CONSENT, offer_id=request_id, answer=True, method=AnswerMethod.TRACK)
        async with desk.parts.units.write() as work:
            await offers.answer(work, case.id, given)
        await case.inquiry_cancelled(request_id)
        await case.minute_passes()
        assert await case.published() == []
        assert await disclosed(case) is False

    async def test_the_answer_to_another_appeal_counts_as_unknown(self, desk):
        case, other = await offered(desk), await offered(desk)
        assert (await other.consent(await case.consent_requested(), given=True)).status_code == 404
        assert await disclosed(case) is False


async def withdraw(case, **more):
    return await case.do("consent-withdrawal", {}, **more)


class TestWithdrawal:
    async def test_a_consent_of_the_appeal_is_withdrawn_once_and_the_appeal_goes_on(self, desk):
        case = await offered(desk, **GIVEN)
        before = await case.seen()
        assert ("consent-withdrawal" in before["actions"], await disclosed(case)) == (True, True)
        for _ in range(2):
            answer = await withdraw(case)
            assert (answer.status_code, answer.json()) == (201, {"number": case.number, "status": before["status"]})
        assert await disclosed(case) is False
        seen = await case.seen()
        assert (seen["status"], "consent-withdrawal" in seen["actions"]) == (before["status"], False)
        lines = [entry for entry in seen["timeline"] if entry["type"] == "consent-withdrawn"]
        assert len(lines) == 1
        assert ("қайтарып алдыңыз" in lines[0]["kk"], "отозвали согласие" in lines[0]["ru"]) == (True, True)
        [event] = await emitted(desk, "consent-withdrawn")
        assert b"APP" in event.value

    async def test_a_later_yes_is_withdrawn_with_the_first_and_may_be_asked_for_again(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        await case.consent(request_id, given=True)
        assert (await withdraw(case)).status_code == 201
        assert (await case.seen())["consent_requests"][0]["status"] == "WITHDRAWN"
        assert await disclosed(case) is False
        await case.consent_requested_again(request_id)
        seen = await case.seen()
        assert (seen["consent_requests"][0]["status"], "consent-answers" in seen["actions"]) == ("REQUESTED", True)
        assert await disclosed(case) is False
        assert (await case.consent(request_id, given=True)).status_code == 201
        assert await disclosed(case) is True
        assert (await withdraw(case)).status_code == 201
        assert (await disclosed(case), len(await emitted(desk, "consent-withdrawn"))) == (False, 2)

    async def test_what_was_unclear_about_the_earlier_question_is_not_about_the_new_one(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        async with desk.parts.units.write() as work:
            await offers.note_unclear(work, request_id)
        await case.consent(request_id, given=True)
        await withdraw(case)
        await case.consent_requested_again(request_id)
        assert [row.unclear_at for row in await desk.rows(ProviderOffer)] == [None]

    async def test_a_new_yes_after_the_withdrawal_opens_the_appeal_again(self, desk):
        case = await offered(desk, **GIVEN)
        await withdraw(case)
        await case.consent(await case.consent_requested(), given=True)
        assert await disclosed(case) is True

    async def test_a_yes_that_may_still_be_changed_becomes_a_no(self, desk):
        case = await offered(desk)
        request_id = await case.consent_requested()
        given = OfferAnswer(kind=OfferKind.CONSENT, offer_id=request_id, answer=True, method=AnswerMethod.TRACK)
        async with desk.parts.units.write() as work:
            await offers.answer(work, case.id, given)
        assert (await withdraw(case)).status_code == 201
        await case.minute_passes()
        assert await case.published() == [(False, "TRACK")]
        assert await disclosed(case) is False

    async def test_without_a_consent_there_is_nothing_to_withdraw(self, desk):
        case = await offered(desk)
        refused = await withdraw(case)
        assert (refused.status_code, refused.json()["code"]) == (409, "no-consent")
        assert "consent-withdrawal" not in (await case.seen())["actions"]
        assert await emitted(desk, "consent-withdrawn") == []

    async def test_only_the_applicant_withdraws_and_a_repeated_request_has_the_same_answer(self, desk):
        case = await offered(desk, **GIVEN)
        for headers in ({}, desk.token("specialist", region="KZ-43"), desk.token("provider", provider_id=str(case.id))):
            assert (await withdraw(case, headers=headers)).status_code == 404
        key = key_named("withdrawal of consent")
        first, again = await withdraw(case, key=key), await withdraw(case, key=key)
        assert (first.content, again.headers["Idempotency-Replayed"]) == (again.content, "true")

    async def test_an_appeal_that_continues_this_one_does_not_inherit_a_withdrawn_consent(self, desk):
        case, other = await offered(desk, **GIVEN), await offered(desk, **GIVEN)
        await withdraw(case)
        for each in (case, other):
            await each.consume(CaseClosed(appeal_id=each.id, outcome="JUSTIFIED", actor_role="specialist"))
            assert (await each.do("reopening", {"reason": "Жаңа дәлел бар"})).status_code == 201
        rows = {row.follows: row.consents for row in await desk.rows(Appeal) if row.follows}
        assert rows == {case.id: ["PROCESSING"], other.id: ["DISCLOSE_TO_PROVIDER", "PROCESSING"]}

    async def test_the_consent_of_another_appeal_stays(self, desk):
        case, other = await offered(desk, **GIVEN), await offered(desk, **GIVEN)
        await withdraw(case)
        async with desk.parts.units.read() as work:
            found = await consents.disclosing(work.session, {each.id: GIVEN["consents"] for each in (case, other)})
        assert found == {other.id}
