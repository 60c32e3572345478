"""Notices by mail through a real SMTP server: to the contact by role, in its language, and none delays another."""

from datetime import timedelta
from uuid import UUID

import pytest

from provider_contact.deliveries.models import Delivery, ReplyLink
from provider_contact.deliveries.policy import delivery_policy
from shared.contracts import InquiryDelivered
from tests.provider_contact.deliveries.conftest import HEAD, SUPPORT, Exchange, link_in, read

HOUR = timedelta(hours=1)
MAIL = delivery_policy().mail


@pytest.fixture
async def exchanges(world):
    """Eight providers, each with a mailbox: full1, good1 … good6, full2."""
    found = {}
    for index, name in enumerate(["full1", *(f"good{each}" for each in range(1, 7)), "full2"]):
        found[name] = Exchange(world, UUID(int=700 + index))
        await found[name].add_contact("PATIENT_SUPPORT", email=f"{name}@emhana.example", phone="+77010000003")
    return found


async def ask_all(exchanges):
    inquiries = {name: await exchange.ask(number) for number, (name, exchange) in enumerate(exchanges.items(), start=1)}
    await next(iter(exchanges.values())).steps()
    return inquiries


async def states(exchanges, inquiries):
    return {name: [entry[1:] for entry in await exchange.deliveries(inquiries[name])] for name, exchange in exchanges.items()}


class TestContent:
    async def test_a_mail_goes_to_patient_support_with_number_term_and_link_alone(self, exchange, mail_server):
        await exchange.ask()
        async with mail_server.serving():
            await exchange.run(mail_server)
        [envelope] = mail_server.mails
        mail, text = read(envelope), read(envelope).get_content()
        assert envelope.rcpt_tos == [SUPPORT]
        assert mail["Subject"].startswith("№ 2026-43-0000001-0: Қордың сұрауы")
        assert "Ұйымыңызға қатысты" in text
        assert "В отношении вашей организации" in text
        assert "2026-43-0000001-0" in text
        assert link_in(envelope)
        assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")

    async def test_a_contact_with_one_language_is_written_to_in_it(self, world, mail_server):
        exchange = Exchange(world)
        await exchange.add_contact("PATIENT_SUPPORT", email=SUPPORT, languages=("ru", "en"))
        await exchange.ask()
        async with mail_server.serving():
            await exchange.run(mail_server)
        text = read(mail_server.mails[0]).get_content()
        assert "В отношении" in text
        assert "Ұйымыңызға" not in text

    async def test_an_overdue_answer_is_put_to_the_head_physician(self, exchange, mail_server):
        inquiry_id = await exchange.ask()
        await exchange.notify(inquiry_id, "OVERDUE")
        async with mail_server.serving():
            await exchange.run(mail_server)
        assert sorted(mail.rcpt_tos[0] for mail in mail_server.mails) == [HEAD, SUPPORT]

    async def test_the_same_mail_sent_again_has_the_same_id_and_link(self, exchange, mail_server):
        await exchange.ask()
        await exchange.steps()
        mail_server.on_data = {"qoldau": "451 try later"}
        async with mail_server.serving():
            await exchange.mails(mail_server)
            [waiting] = [row for row in await exchange.world.rows(Delivery) if row.channel == "EMAIL"]
            assert (waiting.state, waiting.last_error, waiting.attempts) == ("WAITING", "deferred", 1)
            mail_server.on_data = {}
            exchange.world.clock.set(waiting.next_at)
            await exchange.mails(mail_server)
        [envelope] = mail_server.mails
        assert read(envelope)["Message-ID"] == f"<{waiting.delivery_id}@aryz.example>"

    async def test_no_token_and_no_mailbox_is_stored_in_the_open(self, exchange, mail_server):
        await exchange.ask()
        async with mail_server.serving():
            await exchange.steps()
            await exchange.mails(mail_server)
        token = link_in(mail_server.mails[0]).rpartition("/")[2]
        stored = await exchange.world.every_column()
        assert token not in stored
        assert SUPPORT not in stored
        assert [link.token for link in await exchange.world.rows(ReplyLink)] == [None]


class TestFailures:
    @pytest.mark.parametrize("refusal", ["452 4.2.2 mailbox full", "450 greylisted", None], ids=["452", "450", "hangs up"])
    async def test_a_mailbox_that_cannot_be_served_delays_no_other(self, exchanges, mail_server, refusal):
        inquiries = await ask_all(exchanges)
        mail_server.refusals = {"full": refusal}
        one = exchanges["good1"]
        async with mail_server.serving():
            await one.mails(mail_server)
            assert sorted(mail_server.offered) == sorted(f"{name}@emhana.example" for name in exchanges)
            found = await states(exchanges, inquiries)
            assert {name for name, entries in found.items() if entries[0][1] == "DELIVERED"} == {f"good{each}" for each in range(1, 7)}
            assert found["full1"] == [("EMAIL", "WAITING", 1, "deferred")]
            mail_server.refusals = {}
            one.world.clock.advance(timedelta(seconds=MAIL.retries_seconds[0]))
            await one.mails(mail_server)
        assert {entries[0][1] for entries in (await states(exchanges, inquiries)).values()} == {"DELIVERED"}

    async def test_a_mailbox_that_is_refused_leads_to_a_call_at_once(self, exchanges, mail_server):
        inquiries = await ask_all(exchanges)
        mail_server.refusals = {"full1": "550 no such mailbox"}
        async with mail_server.serving():
            await exchanges["full1"].mails(mail_server)
        await exchanges["full1"].steps()
        found = await states(exchanges, inquiries)
        assert found["full1"] == [("EMAIL", "FAILED", 1, "refused-mailbox"), ("TELEPHONE", "BY_PERSON", 0, None)]
        assert found["full2"] == [("EMAIL", "DELIVERED", 1, None)]
        assert len(await exchanges["full1"].world.emitted(InquiryDelivered)) == 7

    async def test_a_server_that_is_away_uses_up_no_attempts_but_those_made(self, exchanges, mail_server):
        inquiries = await ask_all(exchanges)
        async with mail_server.serving():
            pass
        await exchanges["good1"].mails(mail_server)
        entries = [entries[0] for entries in (await states(exchanges, inquiries)).values()]
        assert {entry[3] for entry in entries} == {"server-unavailable"}
        assert sum(entry[2] for entry in entries) <= 4
        exchanges["good1"].world.clock.advance(HOUR)
        async with mail_server.serving():
            await exchanges["good1"].mails(mail_server)
        assert len(mail_server.mails) == 8

    async def test_a_mail_that_is_delayed_for_a_day_leads_to_a_call_and_still_goes(self, exchange, mail_server):
        inquiry_id = await exchange.ask()
        async with mail_server.serving():
            pass
        for _ in range(25):
            await exchange.steps()
            await exchange.mails(mail_server)
            exchange.world.clock.advance(HOUR)
        assert [entry[1:3] for entry in await exchange.deliveries(inquiry_id)] == [("EMAIL", "WAITING"), ("TELEPHONE", "BY_PERSON")]
        exchange.world.clock.advance(12 * HOUR)
        async with mail_server.serving():
            await exchange.mails(mail_server)
        assert [mail.rcpt_tos for mail in mail_server.mails] == [[SUPPORT]]

    async def test_nobody_is_written_to_about_an_inquiry_that_was_answered(self, exchange, mail_server):
        inquiry_id = await exchange.ask()
        await exchange.steps()
        given = {"expected_version": 1, "language": "ru", "code": "EXPLANATION", "text": "Пациент принят."}
        assert (await exchange.world.post(f"/v1/inquiries/{inquiry_id}/actions/respond", exchange.headers, given)).status_code == 200
        async with mail_server.serving():
            await exchange.run(mail_server)
        assert mail_server.offered == []
        assert [entry[1:3] for entry in await exchange.deliveries(inquiry_id)] == [("EMAIL", "DROPPED")]


class TestCalls:
    async def test_a_recorded_call_is_the_delivery_and_is_published_once(self, other_exchange):
        inquiry_id = await other_exchange.ask()
        await other_exchange.steps()
        clerk = other_exchange.world.token("specialist", region="KZ-43", subject="s")
        call = {"expected_version": 1, "spoken_to": "Сынақ Дәрігер", "position": "тіркеуші", "text": "Хабарланды."}
        path = f"/v1/inquiries/{inquiry_id}/actions/record-call"
        answer = await other_exchange.world.post(path, clerk, call)
        assert answer.status_code == 200, answer.text
        again = await other_exchange.world.post(path, clerk, call | {"expected_version": answer.json()["version"]})
        assert again.status_code == 200, again.text
        assert await other_exchange.deliveries(inquiry_id) == [("INQUIRY", "TELEPHONE", "DELIVERED", 1, None)]
        assert [event.method for event in await other_exchange.world.emitted(InquiryDelivered)] == ["TELEPHONE"]

    async def test_a_call_to_the_provider_is_no_call_to_the_body_above_it(self, other_exchange):
        inquiry_id = await other_exchange.ask()
        await other_exchange.notify(inquiry_id, "ESCALATION", body="HEALTH_DEPARTMENT")
        await other_exchange.steps()
        clerk = other_exchange.world.token("specialist", region="KZ-43", subject="s")
        call = {"expected_version": 1, "spoken_to": "Сынақ Дәрігер", "position": "тіркеуші", "text": "Хабарланды."}
        path = f"/v1/inquiries/{inquiry_id}/actions/record-call"
        found = []
        for version in (1, 2):
            answer = await other_exchange.world.post(path, clerk, call | {"expected_version": version})
            assert answer.status_code == 200, answer.text
            found.append({(entry[0], entry[2]) for entry in await other_exchange.deliveries(inquiry_id)})
        assert found == [
            {("INQUIRY", "DELIVERED"), ("ESCALATION", "BY_PERSON")},
            {("INQUIRY", "DELIVERED"), ("ESCALATION", "DELIVERED")},
        ]

    async def test_nobody_has_to_call_about_an_inquiry_that_was_answered(self, other_exchange):
        inquiry_id = await other_exchange.ask()
        await other_exchange.steps()
        given = {"expected_version": 1, "language": "ru", "code": "EXPLANATION", "text": "Пациент принят."}
        path = f"/v1/inquiries/{inquiry_id}"
        assert (await other_exchange.world.post(f"{path}/actions/respond", other_exchange.headers, given)).status_code == 200
        read = (await other_exchange.world.get(path, other_exchange.headers)).json()
        assert [(entry["method"], entry["state"]) for entry in read["deliveries"]] == [("PORTAL", "DELIVERED"), ("TELEPHONE", "DROPPED")]
