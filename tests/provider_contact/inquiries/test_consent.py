"""A provider asks to be told who the applicant is, a clerk has the applicant asked, and only a yes opens the applicant."""

from datetime import timedelta

import pytest

from provider_contact.deliveries.models import NoticeRoute
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.service import lock_inquiries
from shared import contracts
from tests.provider_contact.conftest import OTHER, PROVIDER, appeal_id, closed, corrected, registered, sent_inquiry
from tests.provider_contact.inquiries.service.test_actions import Exchange, offered
from tests.provider_contact.inquiries.test_requested import requested
from tests.provider_contact.portal.conftest import Person

REASON = "Құпия себеп: сол күні қырық пациент келді"
TEXT = "Жүрегім ауырады"


@pytest.fixture
async def exchange(world):
    world.intake.discloses(1, TEXT)
    return Exchange(world, await sent_inquiry(world, discloses=False))


async def answered(exchange, *, given, provider_id=PROVIDER):
    event = contracts.ConsentAnswered(
        appeal_id=appeal_id(1), inquiry_id=exchange.inquiry_id, provider_id=provider_id, given=given, method="TRACK"
    )
    await exchange.world.consume(event)
    exchange.version = (await exchange.row()).version


async def opened(exchange):
    """Whether the provider reads the text and the person, and whether intake was asked for them."""
    shown = await exchange.shown()
    return shown["text"] == TEXT and shown["applicant"] is not None, bool(exchange.world.intake.asked)


class TestTheProvider:
    async def test_it_asks_with_its_reason_which_is_sealed_and_read_by_staff(self, exchange):
        asked = (await exchange.provides("ask-consent", reason=REASON)).json()
        assert (asked["consent"], "ask-consent" in offered(asked)) == ("ASKED", False)
        [event] = await exchange.world.emitted(contracts.ConsentAsked)
        assert event.model_dump(mode="json") == {
            "appeal_id": str(appeal_id(1)),
            "inquiry_id": str(exchange.inquiry_id),
            "provider_id": str(PROVIDER),
        }
        assert REASON in [entry["text"] for entry in (await exchange.shown(exchange.clerk))["history"]]
        assert "Құпия" not in await exchange.world.every_column()
        assert await opened(exchange) == (False, False)

    async def test_whoever_may_read_the_applicant_has_nothing_to_ask(self, world):
        exchange = Exchange(world, await sent_inquiry(world, discloses=True))
        assert (await exchange.provides("ask-consent", reason=REASON)).json()["code"] == "action-not-possible"

    async def test_of_an_appeal_that_protects_the_applicant_nobody_is_asked(self, world):
        exchange = Exchange(world, await sent_inquiry(world, discloses=False, category="ETHICS"))
        assert "ask-consent" not in offered(await exchange.shown()), "the category opens the text alone"
        assert (await exchange.provides("ask-consent", reason=REASON)).json()["code"] == "action-not-possible"

    async def test_a_provider_that_the_appeal_is_not_about_cannot_ask_for_it(self, world):
        await world.consume(registered(1, provider_id=PROVIDER))
        await world.consume(requested(provider_id=OTHER))
        [inquiry] = await world.rows(Inquiry)
        officer = world.token("provider", provider_id=OTHER, subject="x")
        shown = (await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", officer)).json()
        assert "respond" in offered(shown)
        assert "ask-consent" not in offered(shown)


class TestTheClerk:
    async def test_the_applicant_is_asked_once_until_a_day(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        asked = (await exchange.decides("request-consent")).json()
        assert (asked["consent"], {"request-consent", "decline-consent"} & set(offered(asked))) == ("REQUESTED", set())
        [event] = await exchange.world.emitted(contracts.ConsentRequested)
        assert (event.inquiry_id, event.answer_until.isoformat()) == (exchange.inquiry_id, "2026-02-10T18:59:59+00:00")
        assert "ask-consent" not in offered(await exchange.shown())
        assert await opened(exchange) == (False, False)

    async def test_a_declined_request_may_come_again_with_another_reason(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        declined = (await exchange.decides("decline-consent")).json()
        assert declined["consent"] is None
        assert len(await exchange.world.emitted(contracts.ConsentDeclined)) == 1
        assert (await exchange.provides("ask-consent", reason="Басқа себеп")).status_code == 200

    async def test_nobody_decides_what_was_not_asked_for_and_no_provider_decides(self, exchange):
        for action in ("request-consent", "decline-consent"):
            assert (await exchange.decides(action)).json()["code"] == "action-not-possible"
            assert (await exchange.provides(action)).status_code == 403
        stranger = exchange.world.token("provider", provider_id=OTHER, subject="x")
        assert (await exchange.call(stranger, "ask-consent", reason=REASON)).status_code == 404

    @pytest.mark.parametrize("category", ["EXTORTION", "ETHICS"])
    async def test_after_a_correction_to_a_category_that_protects_the_applicant_nobody_is_asked(self, exchange, category):
        await exchange.provides("ask-consent", reason=REASON)
        await exchange.world.consume(corrected(1, category=category))
        refused = await exchange.decides("request-consent")
        assert (refused.status_code, refused.json()["code"]) == (409, "action-not-possible")
        assert "request-consent" not in offered(await exchange.shown(exchange.clerk))
        assert await exchange.world.emitted(contracts.ConsentRequested) == []
        assert (await exchange.decides("decline-consent")).status_code == 200

    async def test_who_may_be_named_already_is_not_asked_about(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        async with exchange.world.parts.units.write() as work:
            inquiry = (await lock_inquiries(work, [exchange.inquiry_id]))[exchange.inquiry_id]
            inquiry.discloses = True
        assert (await exchange.decides("request-consent")).json()["code"] == "action-not-possible"

    async def test_the_desk_reads_the_request_and_its_two_buttons(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        asked = {"ids": [str(appeal_id(1))], "purpose": "desk-exchange", "on_behalf_of": "clerk-7"}
        headers = exchange.world.token("service", subject="routing")
        answer = await exchange.world.client.post("/provider-contact/internal/v1/contents", json=asked, headers=headers)
        [inquiry] = answer.json()["items"][0]["content"]["inquiries"]
        assert inquiry["consent"] == "ASKED"
        assert {"request-consent", "decline-consent"} <= {each["action"] for each in inquiry["actions"]}
        assert "Құпия" not in answer.text


class TestTheApplicant:
    @pytest.fixture
    async def requested(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        await exchange.decides("request-consent")
        return exchange

    async def test_a_yes_opens_the_applicant_to_this_provider(self, requested):
        await answered(requested, given=True)
        assert (await opened(requested))[0]
        assert (await requested.shown())["consent"] == "GIVEN"
        [appeal] = await requested.world.rows(Appeal)
        assert appeal.discloses, "later inquiries to the provider of the appeal disclose too"

    async def test_a_no_never_does_and_is_not_asked_again(self, requested):
        await answered(requested, given=False)
        assert await opened(requested) == (False, False)
        shown = await requested.shown()
        assert (shown["consent"], "ask-consent" in offered(shown)) == ("REFUSED", False)
        await answered(requested, given=True)
        assert await opened(requested) == (False, False), "the answer is given once"

    async def test_silence_never_does(self, requested):
        requested.world.clock.advance(timedelta(days=400))
        requested.provider = requested.world.token("provider", provider_id=PROVIDER, subject="p")
        assert await opened(requested) == (False, False)

    async def test_a_yes_that_nobody_asked_for_opens_nothing(self, exchange):
        await answered(exchange, given=True)
        assert await opened(exchange) == (False, False)

    async def test_the_same_answer_again_is_no_new_version(self, requested):
        await answered(requested, given=True)
        version = requested.version
        await answered(requested, given=True)
        assert requested.version == version

    async def test_after_the_end_of_the_case_nothing_is_read(self, requested):
        await requested.world.consume(closed(1))
        await answered(requested, given=True)
        assert await opened(requested) == (False, False)

    async def test_a_late_yes_does_not_open_a_cancelled_inquiry_nor_later_ones(self, requested):
        await requested.decides("cancel", reason="WRONG_PROVIDER")
        await answered(requested, given=True)
        assert await opened(requested) == (False, False)
        [appeal] = await requested.world.rows(Appeal)
        assert not appeal.discloses

    async def test_an_opened_applicant_is_closed_again_when_the_inquiry_is_cancelled(self, requested):
        await answered(requested, given=True)
        await requested.decides("cancel", reason="WRONG_PROVIDER")
        requested.world.intake.asked.clear()
        assert await opened(requested) == (False, False)
        assert (await requested.shown())["discloses"] is False

    @pytest.mark.parametrize("category", ["EXTORTION", "CORRUPTION", "PRIVACY"])
    async def test_a_corrected_category_that_protects_the_applicant_closes_what_was_opened(self, requested, category):
        await answered(requested, given=True)
        assert (await opened(requested))[0]
        await requested.world.consume(corrected(1, category=category))
        requested.world.intake.asked.clear()
        assert await opened(requested) == (False, False)

    async def test_of_a_corrected_category_a_late_yes_opens_the_text_alone_at_most(self, requested):
        await requested.world.consume(corrected(1, category="ETHICS"))
        await answered(requested, given=True)
        shown = await requested.shown()
        assert (shown["text"], shown["applicant"]) == (TEXT, None)


class TestTheAnswerReachesTheProvider:
    """A yes, a no and a declined request: a notice, an unread mark, and a line of the course."""

    async def decide(self, exchange, end):
        await exchange.provides("ask-consent", reason=REASON)
        if end == "declined":
            await exchange.decides("decline-consent")
        else:
            await exchange.decides("request-consent")
            await answered(exchange, given=end == "given")

    @pytest.mark.parametrize(
        ("end", "sentence"),
        [
            ("given", "Пациент дал согласие"),
            ("refused", "Пациент не дал согласия"),
            ("declined", "Фонд не запрашивает согласие пациента"),
        ],
    )
    async def test_it_is_notified_and_sees_it_unread_in_the_inbox_and_in_the_course(self, exchange, end, sentence):
        person = Person(exchange.world)
        await person.get(f"/inquiries/{exchange.inquiry_id}")
        await exchange.provides("acknowledge")
        await self.decide(exchange, end)
        routes = [row.notice for row in await exchange.world.rows(NoticeRoute) if row.notice.startswith("CONSENT")]
        assert routes == [f"CONSENT_{end.upper()}"]
        assert "Непрочитанные 1" in await person.page()
        assert f'<span class="step-text{" bad" if end == "refused" else ""}">{sentence}</span>' in await person.page(
            f"/inquiries/{exchange.inquiry_id}"
        )

    async def test_the_same_answer_again_is_not_notified_again(self, exchange):
        await self.decide(exchange, "given")
        await answered(exchange, given=True)
        assert [row.notice for row in await exchange.world.rows(NoticeRoute)].count("CONSENT_GIVEN") == 1
        assert [entry["type"] for entry in (await exchange.shown())["history"]].count("answer-consent") == 1

    async def test_after_the_end_of_the_case_nobody_is_notified(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        await exchange.decides("request-consent")
        await exchange.world.consume(closed(1))
        await answered(exchange, given=True)
        assert "CONSENT_GIVEN" not in [row.notice for row in await exchange.world.rows(NoticeRoute)]


class TestThePortal:
    @pytest.mark.parametrize(("category", "may_ask"), [("WAITING", True), ("ETHICS", False)])
    async def test_who_may_not_be_asked_about_is_not_offered_as_a_step(self, world, category, may_ask):
        inquiry_id = await sent_inquiry(world, discloses=False, category=category)
        page = await Person(world).page(f"/inquiries/{inquiry_id}")
        assert ("попросите Фонд получить согласие пациента" in page) is may_ask

    async def test_the_form_asks_and_the_page_says_how_far_the_request_is(self, exchange):
        person = Person(exchange.world)
        empty = await person.send(exchange.inquiry_id, "ask-consent", **{"ask-consent.reason": ""})
        assert empty.status_code == 422
        assert 'id="f-ask-consent-reason-error"' in empty.text
        assert (await person.send(exchange.inquiry_id, "ask-consent", **{"ask-consent.reason": REASON})).status_code == 303
        page = await person.page(f"/inquiries/{exchange.inquiry_id}")
        assert "Спрашивать ли пациента, решит специалист." in page
        assert 'action="/provider-contact/portal/inquiries/' + str(exchange.inquiry_id) + '/ask-consent"' not in page
        exchange.version = (await exchange.row()).version
        await exchange.decides("request-consent")
        assert "Пациента спрашивают." in await person.page(f"/inquiries/{exchange.inquiry_id}")
        await answered(exchange, given=False)
        assert "Пациент не согласился" in await person.page(f"/inquiries/{exchange.inquiry_id}")


async def withdrawn(exchange):
    await exchange.world.consume(contracts.ConsentWithdrawn(appeal_id=appeal_id(1), method="CALL"))
    exchange.version = (await exchange.row()).version


class TestWithdrawal:
    @pytest.fixture
    async def disclosing(self, world):
        world.intake.discloses(1, TEXT)
        exchange = Exchange(world, await sent_inquiry(world, discloses=True))
        assert await opened(exchange) == (True, True)
        world.intake.asked.clear()
        return exchange

    async def test_the_provider_reads_neither_text_nor_person_any_more_and_answers_without_them(self, disclosing):
        await withdrawn(disclosing)
        assert await opened(disclosing) == (False, False)
        shown = await disclosing.shown()
        assert (shown["consent"], "respond" in offered(shown)) == ("WITHDRAWN", True)
        assert (await disclosing.provides("respond", language="ru", code="EXPLANATION", text="По услуге и периоду.")).status_code == 200

    async def test_it_is_notified_once_and_the_course_says_so(self, disclosing):
        for _ in range(2):
            await withdrawn(disclosing)
        assert [row.notice for row in await disclosing.world.rows(NoticeRoute)].count("CONSENT_WITHDRAWN") == 1
        entries = [(entry["type"], entry["code"]) for entry in (await disclosing.shown())["history"]]
        assert entries.count(("answer-consent", "WITHDRAWN")) == 1
        page = await Person(disclosing.world).page(f"/inquiries/{disclosing.inquiry_id}")
        assert '<span class="step-text bad">Пациент отозвал согласие</span>' in page
        assert "использовать их для ответа нельзя" in page
        assert TEXT not in page

    async def test_an_inquiry_that_is_sent_later_discloses_nothing(self, disclosing):
        await withdrawn(disclosing)
        await disclosing.world.consume(requested(provider_id=PROVIDER))
        assert [row.discloses for row in await disclosing.world.rows(Inquiry)] == [False, False]
        assert [row.discloses for row in await disclosing.world.rows(Appeal)] == [False]

    async def test_a_second_consent_may_be_asked_for_and_opens_the_person_again(self, disclosing):
        await withdrawn(disclosing)
        assert (await disclosing.provides("ask-consent", reason=REASON)).status_code == 200
        assert (await disclosing.decides("request-consent")).json()["consent"] == "REQUESTED"
        assert await opened(disclosing) == (False, False)
        await answered(disclosing, given=True)
        assert await opened(disclosing) == (True, True)
        await withdrawn(disclosing)
        assert (await disclosing.shown())["consent"] == "WITHDRAWN"

    async def test_a_consent_that_a_clerk_asked_for_is_withdrawn_too(self, exchange):
        await exchange.provides("ask-consent", reason=REASON)
        await exchange.decides("request-consent")
        await answered(exchange, given=True)
        assert await opened(exchange) == (True, True)
        await withdrawn(exchange)
        assert await opened(exchange) == (False, True), "what was read before stays in the audit log"
        assert (await exchange.shown())["consent"] == "WITHDRAWN"

    async def test_after_the_end_of_the_case_nobody_is_notified(self, disclosing):
        await disclosing.world.consume(closed(1))
        await withdrawn(disclosing)
        assert "CONSENT_WITHDRAWN" not in [row.notice for row in await disclosing.world.rows(NoticeRoute)]

    async def test_an_appeal_without_an_inquiry_discloses_nothing_either(self, world):
        await world.consume(registered(1, provider_id=PROVIDER, discloses_to_provider=True))
        await world.consume(contracts.ConsentWithdrawn(appeal_id=appeal_id(1), method="TRACK"))
        await world.consume(contracts.ConsentWithdrawn(appeal_id=appeal_id(2), method="TRACK"))
        assert [row.discloses for row in await world.rows(Appeal)] == [False]
