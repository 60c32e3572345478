"""The counter's page over HTTP, as a browser without JavaScript posts it."""

import html
import re
from uuid import uuid4

import pytest

from intake.attachments.models import Attachment
from intake.channels.counter.models import Receiver, Reception
from intake.channels.phone.models import OralRecord
from intake.register.models import Appeal, ContentRead
from shared.contracts import AppealRegistered
from shared.messaging import tables
from shared.web.session import COOKIE
from tests.intake.register.test_api import know_provider

NAME = "Сынақ Айгүл Маратқызы"
SCAN = ("хат.txt", "Хаттың мәтіні".encode(), "text/plain")
WRITTEN = {
    "way": "LETTER",
    "service": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Терапевт қабылдаудан бас тартты.",
    "language": "kk",
    "applicant.full_name": "Сынақ Азамат",
    "applicant.address": "Қызылорда, Сынақ көшесі, 1",
    "answer_by": "LETTER",
    "consents.PROCESSING": "yes",
}
ORAL = {**WRITTEN, "way": "ORAL"}


class Clerk:
    """The page as a signed-in clerk uses it."""

    def __init__(self, desk, role="specialist", *, region="KZ-43", name=NAME, language="ru", **claims):
        self.desk = desk
        token = desk.foundation.issuer.issue(role, subject=f"{role}-1", region=region, name=name, **claims)
        self.headers = {"Cookie": f"{COOKIE}={token}; aryz_lang={language}"}

    async def get(self, path="", **query):
        return await self.desk.client.get(f"/intake/counter{path}", headers=self.headers, params=query)

    async def post(self, fields, *, step="send", key=None, files=()):
        sent = {**fields, "step": step, "key": key or str(uuid4())}
        parts = [("file", one) for one in files] or {"none": ("", b"")}
        return await self.desk.client.post("/intake/counter", data=sent, files=parts, headers=self.headers)


@pytest.fixture
def clerk(desk):
    return Clerk(desk)


async def the_only(desk, table):
    [row] = await desk.rows(table)
    return row


def text_of(answer):
    return html.unescape(answer.text)


def wrong(answer):
    assert answer.status_code == 422, answer.text
    return set(re.findall(r'href="#f-([\w-]+)"', answer.text))


class TestAccess:
    async def test_errors_address_the_clerk_and_not_the_applicant(self, clerk):
        refused = await clerk.post(WRITTEN | {"consents.PROCESSING": "", "applicant.address": ""})
        assert refused.status_code == 422
        assert "только с его согласия. Отметьте согласие" in refused.text
        assert "с вашего согласия" not in refused.text

    async def test_an_anonymous_visitor_is_sent_to_sign_in(self, desk):
        answer = await desk.client.get("/intake/counter")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fintake%2Fcounter")
        assert (await desk.client.post("/intake/counter", data=WRITTEN)).status_code == 401

    @pytest.mark.parametrize(
        ("role", "region", "status"),
        [("operator", None, 200), ("head", "KZ-43", 200), ("specialist", None, 403), ("expert", "KZ-43", 403), ("admin", None, 403)],
    )
    async def test_it_is_for_clerks_in_their_region(self, desk, role, region, status):
        assert (await Clerk(desk, role, region=region).get()).status_code == status

    @pytest.mark.parametrize(
        ("claims", "advice"),
        [({"provider_id": uuid4()}, "Обратитесь в филиал Фонда вашего региона"), ({}, "Попросите администратора ваших учётных записей")],
        ids=["missing in the directory", "not named by the account"],
    )
    async def test_an_officer_of_an_unknown_organisation_reads_what_to_do(self, desk, claims, advice):
        officer = Clerk(desk, "provider", region=None, **claims)
        page = await officer.get()
        assert (page.status_code, advice in page.text, '<form method="post" action="/intake/counter' in page.text) == (200, True, False)
        assert (await officer.post(WRITTEN)).status_code == 403


class TestALetter:
    async def test_it_is_received_on_the_day_of_the_envelope_and_its_talon_printed_in_its_language(self, desk, clerk):
        answer = await clerk.post({**WRITTEN, "received_on": "2026-01-30"}, files=[SCAN])
        assert answer.status_code == 201
        row, talon = await the_only(desk, Appeal), text_of(answer)
        assert (row.channel, row.region, row.received_at.isoformat()) == ("MAIL", "KZ-43", "2026-01-30T04:00:00+00:00")
        assert answer.headers["content-language"] == "kk"
        assert "Сынақ А. М., Филиал маманы" in talon
        assert row.number in talon
        assert re.search(r"<dd>\d{4} \d{4}</dd>", talon)
        assert (await the_only(desk, Attachment)).appeal_id == row.id
        assert await desk.rows(OralRecord) == []

    async def test_the_preview_registers_nothing_and_keeps_the_scan(self, desk, clerk):
        preview = await clerk.post({**WRITTEN, "received_on": "2026-01-30"}, step="preview", files=[SCAN])
        assert preview.status_code == 200
        assert "30.01.2026" in text_of(preview) or "30 января 2026" in text_of(preview)
        assert await desk.rows(Appeal) == []
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text_of(preview)))
        assert (await clerk.post(hidden, key=hidden["key"])).status_code == 201
        assert (await the_only(desk, Attachment)).appeal_id == (await the_only(desk, Appeal)).id

    async def test_sent_twice_it_is_registered_once_and_the_talon_is_the_same(self, desk, clerk):
        key = str(uuid4())
        first, second = [await clerk.post(WRITTEN, key=key) for _ in range(2)]
        assert first.text == second.text
        await the_only(desk, Reception)

    @pytest.mark.parametrize("day", ["2026-02-03", "1999-12-31", "30.01.2026"])
    async def test_an_impossible_day_of_receipt_is_named(self, clerk, day):
        assert wrong(await clerk.post({**WRITTEN, "received_on": day})) == {"received_on"}

    async def test_a_region_other_than_the_clerks_own_is_ignored(self, desk, clerk):
        await clerk.post({**WRITTEN, "region": "KZ-75"})
        assert (await the_only(desk, Appeal)).region == "KZ-43"

    async def test_errors_are_named_and_nothing_typed_is_lost(self, clerk):
        assert wrong(await clerk.post({**WRITTEN, "way": ""})) == {"way"}
        assert wrong(await clerk.post({**WRITTEN, "way": "", "service": ""})) == {"way", "service"}
        answer = await clerk.post({**WRITTEN, "text": "", "service": ""}, files=[SCAN])
        assert wrong(answer) == {"service"}
        assert "Сынақ көшесі, 1" in text_of(answer)
        assert "uploads.drop" in answer.text


class TestAVisit:
    async def test_an_oral_appeal_is_read_back_and_put_on_record(self, desk, clerk):
        assert wrong(await clerk.post(ORAL)) == {"confirmed"}
        assert await desk.rows(Appeal) == []
        answer = await clerk.post({**ORAL, "confirmed": "yes"})
        row = await the_only(desk, Appeal)
        assert (answer.status_code, row.channel) == (201, "BRANCH")
        path = re.search(r'href="/intake/counter(/record/[^"]+)"', answer.text)[1]
        record = text_of(await clerk.get(path))
        assert ORAL["text"] in record
        assert 'href="/intake/counter"' in record
        assert (await the_only(desk, ContentRead)).purpose == "oral-record"
        assert (await Clerk(desk, "head").get(path)).status_code == 404

    async def test_a_question_answered_at_the_counter_is_closed_in_it(self, desk, clerk):
        asked = {"way": "ORAL", "service": "CONSULTATION", "topic": "PAY_METHODS", "answered": "yes"}
        assert (await clerk.post(asked)).status_code == 303
        async with desk.parts.database.read() as session:
            event = (await session.execute(tables.outbox.select())).one()
        assert AppealRegistered.model_validate_json(event.value).resolved_in_contact

    async def test_a_letter_and_a_complaint_are_not_answered_on_the_spot(self, clerk):
        assert wrong(await clerk.post({**WRITTEN, "answered": "yes"})) == {"answered"}
        assert wrong(await clerk.post({**ORAL, "answered": "yes"})) == {"answered"}

    async def test_an_oral_appeal_has_no_earlier_day(self, clerk):
        assert wrong(await clerk.post({**ORAL, "received_on": "2026-01-30"})) == {"received_on"}


class TestTheReceiver:
    async def test_a_name_missing_in_the_token_is_asked_for_once_and_stored_sealed(self, desk):
        clerk = Clerk(desk, name=None)
        assert 'name="receiver"' in (await clerk.get()).text
        assert wrong(await clerk.post(WRITTEN)) == {"receiver"}
        assert "Синтетика Б. В." in text_of(await clerk.post({**WRITTEN, "receiver": "Синтетика Б. В."}))
        assert b"\xd0\xa1\xd0\xb8\xd0\xbd" not in (await the_only(desk, Receiver)).name
        assert 'name="receiver"' not in (await clerk.get()).text
        assert "Синтетика Б. В." in text_of(await clerk.post(WRITTEN))


class TestAProvidersCounter:
    async def test_a_written_statement_is_about_the_officers_organisation_and_the_talon_names_its_deadline(self, desk):
        provider_id = await know_provider(desk)
        officer = Clerk(desk, "provider", region=None, provider_id=provider_id)
        page = (await officer.get()).text
        assert 'name="region"' not in page
        assert 'name="provider.name"' not in page
        answer = await officer.post({**WRITTEN, "way": "SPP", "provider.name": "басқа", "region": "KZ-75", "language": "ru"})
        row, talon = await the_only(desk, Appeal), text_of(answer)
        assert (row.channel, row.region, row.provider_id, row.provider_name) == ("SPP", "KZ-43", provider_id, None)
        assert row.owner is None
        assert "Поликлиника №23" in talon
        assert "7 февраля 2026" in talon  # five calendar days after 2 February
        assert row.number in (await officer.get()).text

    async def test_it_does_not_have_the_intake_methods_of_a_branch(self, desk):
        officer = Clerk(desk, "provider", region=None, provider_id=await know_provider(desk))
        assert wrong(await officer.post(WRITTEN)) == {"way"}
        assert wrong(await Clerk(desk).post({**WRITTEN, "way": "SPP"})) == {"way"}
