"""The operator's page over HTTP, as a browser without JavaScript posts it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from intake.channels.phone.jobs import ConsultationFiler
from intake.channels.phone.models import Call, OralRecord
from intake.register.models import Appeal, ContentRead, Tracking
from shared.contracts import AppealRegistered
from shared.messaging import tables
from shared.web.session import COOKIE
from tests.intake.channels.phone.test_api import ANSWERED, NUMBER, event, send
from tests.intake.conftest import NOW

OPERATOR = "operator-1414"
RING = NOW - timedelta(minutes=10)
TALKING = ANSWERED[:4]
WRITTEN = {
    "service": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Терапевт қабылдаудан бас тартты.",
    "language": "kk",
    "applicant.full_name": "Сынақ Азамат",
    "applicant.phone": NUMBER,
    "consents.PROCESSING": "yes",
}


async def over(desk):
    """Run the job once, when the wait of the consultations is over."""
    desk.clock.advance(timedelta(seconds=11))
    await ConsultationFiler(desk.parts.units, desk.app.state.intake).run()


class Screen:
    """A signed-in operator before the page."""

    def __init__(self, desk, subject=OPERATOR, role="operator", **claims):
        self.desk = desk
        token = desk.foundation.issuer.issue(role, subject=subject, name="Сынақ Айгүл", **claims)
        self.headers = {"Cookie": f"{COOKIE}={token}; aryz_lang=ru"}

    async def get(self, path=""):
        return await self.desk.client.get(f"/intake/call{path}", headers=self.headers)

    async def post(self, path, **fields):
        return await self.desk.client.post(f"/intake/call/{path}", data=fields, headers=self.headers)

    async def call(self):
        found = re.search(r'data-call="([^"]*)"', (await self.get()).text)
        return found[1]

    async def verified(self):
        return await self.post("verify", **{"call": await self.call(), "check.NAME": "yes", "check.IIN_DIGITS": "yes"})


@pytest.fixture
def screen(desk):
    return Screen(desk)


async def registered(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(tables.outbox.select().where(tables.outbox.c.type == AppealRegistered.TYPE))).all()
    return [AppealRegistered.model_validate_json(row.value) for row in rows]


class TestAccess:
    async def test_an_anonymous_visitor_is_sent_to_sign_in(self, desk):
        answer = await desk.client.get("/intake/call")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fintake%2Fcall")

    @pytest.mark.parametrize("role", ["specialist", "applicant", "channel", "admin"])
    async def test_other_roles_are_refused(self, desk, role):
        other = Screen(desk, "somebody", role)
        assert (await other.get()).status_code == 403
        assert (await other.post("close", topic="PAY_METHODS")).status_code == 403

    async def test_another_site_cannot_post(self, desk, screen):
        screen.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await screen.post("close", topic="STATUS_CHECK", **{"quick.region": "KZ-43"})).status_code == 403
        assert await desk.rows(Appeal) == []


class TestCurrentCall:
    async def test_the_number_is_masked_and_only_the_count_of_appeals_is_shown(self, desk, screen):
        receipt = (await desk.file()).json()
        await send(desk, TALKING)
        page = (await screen.get()).text
        assert "+7 7•• ••• •• 00" in page
        assert "С этого номера 1 открытое обращение" in page
        assert receipt["number"] not in page

    async def test_a_verified_callers_appeals_are_shown(self, desk, screen):
        receipt = (await desk.file()).json()
        await send(desk, TALKING)
        assert (await screen.verified()).status_code == 303
        assert receipt["number"] in (await screen.get()).text
        assert (await desk.rows(Call))[0].verified_by == ["NAME", "IIN_DIGITS"]

    @pytest.mark.parametrize("checks", [["NAME"], ["IIN_DIGITS", "ADDRESS"], []])
    async def test_too_few_checks_verify_nobody(self, desk, screen, checks):
        await send(desk, TALKING)
        refused = await screen.post("verify", call=await screen.call(), **{f"check.{code}": "yes" for code in checks})
        assert refused.status_code == 422
        assert not (await desk.rows(Call))[0].verified_by

    async def test_another_operators_call_is_out_of_reach(self, desk):
        await send(desk, TALKING)
        [call] = await desk.rows(Call)
        other = Screen(desk, "operator-2")
        assert await other.call() == ""
        refused = await other.post("verify", **{"call": str(call.id), "check.NAME": "yes", "check.ADDRESS": "yes"})
        assert refused.status_code == 404

    async def test_an_ended_call_stays_current_for_a_limited_time(self, desk, screen):
        await send(desk, ANSWERED)
        assert await screen.call()
        desk.clock.advance(timedelta(minutes=20))
        assert await screen.call() == ""

    async def test_the_live_figures_cover_the_whole_centre(self, desk, screen):
        await send(desk, TALKING)
        await send(desk, [event("offered", 0, call="w"), event("queued", 3, call="w", queue="1414-ru")])
        found = (await screen.get("/live")).json()
        assert (found["waiting"], found["longest"], found["answered"], found["abandoned"]) == (1, 597, 1, 0)


class TestConsultations:
    async def test_one_key_closes_a_consultation_by_its_topic(self, desk, screen):
        await send(desk, TALKING)
        key = str(uuid4())
        sent = {"topic": "PAY_METHODS", "key": key, "call": await screen.call(), "quick.region": "KZ-43", "quick.language": "kk"}
        for _ in range(2):
            assert (await screen.post("close", **sent)).headers["location"] == "/intake/call"
        assert await registered(desk) == []
        await over(desk)
        [appeal] = await registered(desk)
        assert (appeal.kind, appeal.topic, appeal.channel, appeal.has_text) == ("CONSULTATION", "PAY_METHODS", "CALL_1414", False)
        assert appeal.resolved_in_contact
        assert appeal.received_at == RING

    async def test_without_a_call_it_is_received_when_the_key_is_pressed(self, desk, screen):
        pressed = desk.clock.now()
        await screen.post("close", topic="PAY_METHODS", **{"quick.region": "KZ-43"})
        await over(desk)
        [appeal] = await registered(desk)
        assert appeal.received_at == pressed
        [row] = await desk.rows(Appeal)
        name = desk.parts.sealer.open("appeal", row.id, "received_by", row.received_by).decode()
        assert "Сынақ Айгүл" in name

    async def test_the_region_is_chosen_and_not_preset_to_the_central_office(self, desk, screen):
        page = (await screen.get()).text
        assert 'value="KZ-00" selected' not in page
        refused = await screen.post("close", topic="PAY_METHODS", key=str(uuid4()), **{"quick.region": ""})
        assert refused.status_code == 422
        assert 'id="f-quick-region"' in refused.text or "quick.region" in refused.text
        assert await desk.rows(Appeal) == []
        await screen.post("close", topic="PAY_METHODS", key=str(uuid4()), **{"quick.region": "KZ-00"})
        await over(desk)
        assert [appeal.region for appeal in await registered(desk)] == ["KZ-00"]

    async def test_the_region_of_the_callers_latest_appeal_is_offered(self, desk, screen):
        await desk.file(region="KZ-47", applicant={"phone": NUMBER})
        await send(desk, TALKING)
        assert 'value="KZ-47" selected' in (await screen.get()).text

    async def test_a_fixed_line_number_says_its_region_and_a_mobile_one_does_not(self, desk, screen):
        offered = event("offered", 0, **{"from": "+77242270000", "to": "1414"})
        await send(desk, [offered, *TALKING[1:]])
        page = (await screen.get()).text
        assert page.count('value="KZ-43" selected') == 2  # of the consultation and of the written appeal
        assert "По номеру звонящего; спросите, верно ли" in page

    async def test_without_a_hint_the_caller_is_asked_whatever_the_operators_own_region(self, desk):
        await send(desk, TALKING)
        screen = Screen(desk, region="KZ-75")
        page = (await screen.get()).text
        assert "Спросите у звонящего" in page
        assert 'value="KZ-75" selected' not in page

    async def test_of_two_keys_pressed_at_once_the_first_counts(self, desk, screen):
        sent = {"key": str(uuid4()), "quick.region": "KZ-43"}
        await screen.post("close", topic="PAY_METHODS", **sent)
        second = await screen.post("close", topic="PAY_DEBT", **sent)
        assert second.headers["location"].endswith("flash=closed-before")
        await over(desk)
        assert [appeal.topic for appeal in await registered(desk)] == ["PAY_METHODS"]

    async def test_only_topics_with_a_key_are_closed_by_key(self, desk, screen):
        assert (await screen.post("close", topic="FOREIGNERS", **{"quick.region": "KZ-43"})).status_code == 404
        assert (await screen.post("close", topic="PAY_METHODS", **{"quick.region": "XX"})).status_code == 422
        assert await desk.rows(Appeal) == []

    async def test_a_written_consultation_is_closed_without_reading_back(self, desk, screen):
        given = {"service": "CONSULTATION", "topic": "REFERRAL", "region": "KZ-43", "text": "Жолдама туралы", "answered": "yes"}
        assert (await screen.post("register", step="check", **given)).status_code == 303
        [appeal] = await registered(desk)
        assert (appeal.resolved_in_contact, appeal.has_text) == (True, True)

    async def test_a_complaint_is_not_closed_in_the_call(self, desk, screen):
        refused = await screen.post("register", step="check", answered="yes", **WRITTEN)
        assert refused.status_code == 422
        assert "В звонке закрывается только вопрос" in refused.text
        assert await desk.rows(Appeal) == []


class TestOralAppeal:
    async def test_it_is_read_back_confirmed_and_registered_from_the_first_ring(self, desk, screen):
        await send(desk, TALKING)
        call, key = await screen.call(), str(uuid4())
        read = await screen.post("register", step="check", call=call, key=key, **WRITTEN)
        assert read.status_code == 200
        assert "Сынақ Азамат" in read.text
        assert await desk.rows(Appeal) == []
        unconfirmed = await screen.post("register", step="send", call=call, key=key, **WRITTEN)
        assert unconfirmed.status_code == 422
        sent = await screen.post("register", step="send", call=call, key=key, confirmed="yes", **WRITTEN)
        assert sent.status_code == 201
        [appeal] = await desk.rows(Appeal)
        [record] = await desk.rows(OralRecord)
        assert (appeal.received_at, str(record.call_id), record.receiver) == (RING, call, OPERATOR)
        assert appeal.number in sent.text
        assert re.search(r"<dd>\d{4} \d{4}</dd>", sent.text), "the PIN is read out in two groups"

    async def test_sent_twice_it_is_registered_once(self, desk, screen):
        key = str(uuid4())
        pages = [await screen.post("register", step="send", key=key, confirmed="yes", **WRITTEN) for _ in range(2)]
        assert [page.status_code for page in pages] == [201, 201]
        assert len(await desk.rows(Appeal)) == len(await desk.rows(OralRecord)) == 1

    async def test_errors_are_shown_with_the_typed_text(self, desk, screen):
        refused = await screen.post("register", step="check", **WRITTEN | {"applicant.iin": "123", "consents.PROCESSING": ""})
        assert refused.status_code == 422
        assert "В ИИН ошибка. Проверьте все 12 цифр" in refused.text
        assert WRITTEN["text"] in refused.text
        nothing = await screen.post("register", step="check")
        assert "Выберите вид обращения" in nothing.text
        assert await desk.rows(Appeal) == []

    @pytest.mark.parametrize(
        ("entry", "to_operator", "to_applicant"),
        [
            ({"consents.PROCESSING": ""}, "только с его согласия. Отметьте согласие", "с вашего согласия"),
            ({"text": ""}, "Запишите, что случилось", "Напишите, что случилось"),
            ({"patient.iin": "991231501014"}, "Укажите пациента, за которого", "за кого вы пишете"),
        ],
        ids=["consent", "text", "patient"],
    )
    async def test_an_error_addresses_the_operator_and_not_the_applicant(self, screen, entry, to_operator, to_applicant):
        refused = await screen.post("register", step="check", **WRITTEN | entry)
        assert refused.status_code == 422
        assert to_operator in refused.text
        assert to_applicant not in refused.text

    async def test_the_record_is_printed_by_its_writer_and_the_access_is_recorded(self, desk, screen):
        await send(desk, ANSWERED)
        await screen.post("register", step="send", call=await screen.call(), confirmed="yes", **WRITTEN)
        [appeal] = await desk.rows(Appeal)
        page = await screen.get(f"/record/{appeal.id}")
        assert page.status_code == 200
        for part in (appeal.number, "Сынақ Айгүл", "Сынақ Азамат", WRITTEN["text"], "77010000000-17.wav"):
            assert part in page.text
        [access] = await desk.rows(ContentRead)
        assert (access.purpose, access.reader, access.ids) == ("oral-record", OPERATOR, [str(appeal.id)])
        assert (await Screen(desk, "operator-2").get(f"/record/{appeal.id}")).status_code == 404


class TestOutcome:
    @pytest.fixture
    async def answered(self, desk):
        receipt = (await desk.file(kind="CONSULTATION", topic="PAY_METHODS")).json()
        async with desk.parts.database.write() as session:
            changed = {"status": "ANSWERED", "answer_id": uuid4(), "answered_at": NOW}
            await session.execute(Tracking.__table__.update().values(changed))
        await send(desk, TALKING)
        return receipt

    async def post(self, screen, answered, outcome="RESOLVED", **more):
        return await screen.post("outcome", call=await screen.call(), appeal=answered["appeal_id"], outcome=outcome, **more)

    async def test_a_verified_caller_confirms_the_answer(self, desk, screen, answered):
        await screen.verified()
        assert "Решено" in (await screen.get()).text
        assert (await self.post(screen, answered)).headers["location"].endswith("flash=outcome-noted")
        assert (await desk.rows(Tracking))[0].verdict == "RESOLVED"
        assert [access.reader for access in await desk.rows(ContentRead) if access.purpose == "outcome-by-telephone"] == [OPERATOR]
        assert (await self.post(screen, answered)).headers["location"].endswith("flash=outcome-known")

    async def test_the_score_of_the_caller_is_stored(self, desk, screen, answered):
        await screen.verified()
        await self.post(screen, answered, score="4")
        row = (await desk.rows(Tracking))[0]
        assert (row.verdict, row.score) == ("RESOLVED", 4)

    async def test_the_number_and_pin_of_the_new_appeal_are_shown_to_be_dictated(self, desk, screen, answered):
        async with desk.parts.database.write() as session:
            await session.execute(Tracking.__table__.update().values(kind="COMPLAINT"))
        await screen.verified()
        page = await self.post(screen, answered, "NOT_RESOLVED", reason="Ақша қайтарылмады.", key=str(uuid4()))
        [new] = [appeal for appeal in await desk.rows(Appeal) if appeal.follows is not None]
        assert page.status_code == 201
        assert new.number in page.text
        assert f"/record/{new.id}" not in page.text

    async def test_an_unverified_caller_cannot_give_an_outcome(self, desk, screen, answered):
        assert (await self.post(screen, answered)).status_code == 403
        assert (await desk.rows(Tracking))[0].verdict is None

    async def test_an_appeal_of_another_phone_number_is_out_of_reach(self, desk, screen):
        await send(desk, TALKING)
        await screen.verified()
        other = (await desk.file(applicant={"phone": "+77010000002"})).json()
        assert (await self.post(screen, other)).status_code == 404
