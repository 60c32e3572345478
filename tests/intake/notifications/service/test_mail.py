import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from uuid import uuid4

import pytest

from intake.notifications.policy import policy
from intake.notifications.service.dispatch import Dispatcher
from intake.notifications.service.planning import send_code
from shared.outgoing.mail import MailSender, compose_mail
from shared.outgoing.senders import FolderSender, MessageRefused, OutgoingMessage


def over(desk, server):
    mail = MailSender("127.0.0.1", server.port, "none", None, None, "noreply@aryz.example")
    return Dispatcher(desk.parts, {"EMAIL": mail}, "https://aryz.example")


def read(envelope):
    return message_from_bytes(envelope.content, policy=default)


class TestMail:
    async def test_a_code_for_a_new_pin_is_mailed_and_gives_the_pin(self, desk, case_of, mail_server):
        case = await case_of(desk, language="ru")
        asked = {"number": case.number, "contact": "synaq@mail.example"}
        assert (await desk.client.post("/intake/v1/pin-recovery", json=asked)).status_code == 202
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        (envelope,) = mail_server.mails
        assert envelope.rcpt_tos == ["synaq@mail.example"]
        (code,) = re.findall(r"\b[0-9]{6}\b", read(envelope).get_content())
        confirmed = await desk.client.post("/intake/v1/pin-recovery/confirmation", json={"number": case.number, "code": code})
        assert (await desk.track(case.number, confirmed.json()["pin"])).status_code == 200

    async def test_a_mail_is_marked_as_automatic_and_has_only_number_and_status(self, desk, case_of, mail_server):
        case = await case_of(desk, language="kk", answer_by="EMAIL")
        await case.inquired()
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        (envelope,) = mail_server.mails
        assert envelope.rcpt_tos == ["synaq@mail.example"]
        mail = read(envelope)
        (notification,) = await case.notifications()
        assert mail["Message-ID"] == f"<{notification.id}@aryz.example>"
        assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
        assert mail["Subject"] == f"№ {case.number}: медұйымға сұрау жіберілді"
        assert "https://aryz.example/intake/track" in mail.get_content()
        assert case.pin not in envelope.content.decode()

    async def test_the_answer_is_included_only_for_applicants_who_chose_mail_for_it(self, desk, case_of, mail_server, answer_contents):
        chosen = await case_of(desk, language="ru", answer_by="EMAIL")
        known = await case_of(desk, language="ru", applicant={"full_name": "Сынақ Азамат", "email": "basqa@mail.example"})
        desk.parts.contents = answer_contents()
        for case in (chosen, known):
            await case.answered()
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        texts = {envelope.rcpt_tos[0]: read(envelope).get_content() for envelope in mail_server.mails}
        assert "Запись на приём открыта с понедельника." in texts["synaq@mail.example"]
        assert "Что дальше" in texts["synaq@mail.example"]
        assert "Запись" not in texts["basqa@mail.example"]
        assert desk.parts.contents.asked == [("routing", "tracking", "applicant")]
        assert "Запись на приём".encode() not in await desk.engine.stored(desk.parts.database)

    async def test_an_unavailable_answer_is_retried_and_in_the_end_left_out(self, desk, case_of, mail_server, answer_contents):
        case = await case_of(desk, language="ru", answer_by="EMAIL")
        desk.parts.contents = answer_contents(away=True)
        await case.answered()
        async with mail_server.serving():
            for _ in range(4):
                await over(desk, mail_server).run_once()
                (notification,) = await case.notifications()
                assert (notification.state, notification.reason) == ("PLANNED", "ANSWER_AWAY")
                desk.clock.set(notification.due_at)
            await over(desk, mail_server).run_once()
        assert "https://aryz.example/intake/track" in read(mail_server.mails[0]).get_content()

    async def test_a_mail_is_sent_to_an_unavailable_server_later_under_the_same_id(self, desk, case_of, mail_server):
        case = await case_of(desk, answer_by="EMAIL")
        await case.inquired()
        async with mail_server.serving():
            pass
        await over(desk, mail_server).run_once()
        (notification,) = await case.notifications()
        assert (notification.state, notification.reason) == ("PLANNED", "NO_REPLY")
        desk.clock.set(notification.due_at)
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        assert read(mail_server.mails[0])["Message-ID"] == f"<{notification.id}@aryz.example>"

    async def test_an_unknown_mailbox_is_not_retried_and_a_busy_one_is(self, desk, case_of, mail_server):
        refused, busy = await case_of(desk, answer_by="EMAIL"), await case_of(desk, answer_by="EMAIL")
        async with mail_server.serving():
            await refused.inquired()
            mail_server.refusal = "550 no such mailbox"
            await over(desk, mail_server).run_once()
            await busy.inquired()
            mail_server.refusal = "450 try later"
            await over(desk, mail_server).run_once()
        assert [(each.state, each.reason) for each in await refused.notifications()] == [("FAILED", "REFUSED")]
        assert [(each.state, each.reason) for each in await busy.notifications()] == [("PLANNED", "NOT_NOW")]


GOOD = [f"good{index}@x.kz" for index in range(1, 7)]
FULL = ["full1@x.kz", "full2@x.kz"]


@pytest.fixture
async def answers(desk, case_of):
    """Answers to full1, good1 … good6 and full2 within a second, by mail alone."""
    cases = {}
    for address in (FULL[0], *GOOD, FULL[1]):
        cases[address] = await case_of(desk, answer_by="EMAIL", applicant={"full_name": "Сынақ Азамат", "email": address})
    for case in cases.values():
        await case.inquired()
    return cases


async def states(cases):
    return {address: next((each.state, each.reason) for each in await case.notifications()) for address, case in cases.items()}


class TestFailures:
    @pytest.mark.parametrize("refusal", ["452 4.2.2 mailbox full", "450 greylisted", None], ids=["452", "450", "hangs up"])
    async def test_a_recipient_that_cannot_be_served_delays_no_other(self, desk, answers, mail_server, refusal):
        mail_server.refusals = {"full": refusal}
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
            assert sorted(mail_server.offered) == sorted([*GOOD, *FULL])
            assert sorted(each.rcpt_tos[0] for each in mail_server.mails) == GOOD
            found = await states(answers)
            assert {found[each] for each in GOOD} == {("SENT", None)}
            assert {found[each] for each in FULL} == {("PLANNED", "NOT_NOW")}
            mail_server.refusals = {}
            desk.clock.advance(policy().retries[0])
            await over(desk, mail_server).run_once()
        assert {state for state, _ in (await states(answers)).values()} == {"SENT"}

    async def test_a_refused_message_affects_no_other(self, desk, answers, mail_server):
        mail_server.on_data = {"full1": "554 looks like spam", "full2": "451 try later"}
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        found = await states(answers)
        assert {found[each] for each in GOOD} == {("SENT", None)}
        assert (found[FULL[0]], found[FULL[1]]) == (("FAILED", "REFUSED"), ("PLANNED", "NOT_NOW"))

    @pytest.mark.parametrize("replies", [{"on_mail": "451 no"}, {"on_mail": "550 not you"}, {"refusal": "421 shutting down"}])
    async def test_a_failing_server_is_retried_for_all_and_uses_up_only_the_attempts_that_were_made(
        self, desk, answers, mail_server, replies
    ):
        for name, value in replies.items():
            setattr(mail_server, name, value)
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
            rows = [row for case in answers.values() for row in await case.notifications()]
            assert {(row.state, row.reason) for row in rows} == {("PLANNED", "NO_REPLY")}
            assert sorted(row.attempts for row in rows)[:4] == [0] * 4
            assert 1 <= sum(row.attempts for row in rows) <= 4
            mail_server.on_mail = mail_server.refusal = None
            desk.clock.advance(policy().retries[0])
            await over(desk, mail_server).run_once()
        assert {state for state, _ in (await states(answers)).values()} == {"SENT"}

    async def test_a_rejected_password_counts_as_a_failure_of_the_server(self, desk, answers, mail_server):
        async with mail_server.serving():
            mail = MailSender("127.0.0.1", mail_server.port, "none", "user", "password", "noreply@aryz.example")
            await Dispatcher(desk.parts, {"EMAIL": mail}, "https://aryz.example").run_once()
        assert set((await states(answers)).values()) == {("PLANNED", "NO_REPLY")}

    async def test_a_full_mailbox_is_retried_for_days_if_there_is_no_other_method(self, desk, case_of, mail_server):
        case = await case_of(desk, answer_by="EMAIL", applicant={"full_name": "Сынақ Азамат", "email": FULL[0]})
        await case.inquired()
        mail_server.refusals = {"full": "452 4.2.2 mailbox full"}
        async with mail_server.serving():
            for _ in range(200):
                await over(desk, mail_server).run_once()
                (notification,) = await case.notifications()
                if notification.state != "PLANNED":
                    break
                desk.clock.set(notification.due_at)
        assert (notification.state, notification.reason) == ("FAILED", "NOT_NOW")
        assert desk.clock.now() - notification.planned_at >= policy().longest
        assert len(mail_server.offered) > 50


class TestComposing:
    @pytest.mark.parametrize("address", ["a@[x.kz", "a,b@x.kz", "<a@x.kz>", "a@x.kz\nBcc: b@x.kz", "", "пошта@x.kz"])
    def test_an_invalid_address_is_refused_permanently(self, address):
        message = OutgoingMessage(uuid4(), uuid4(), address, "№ 1", "text", datetime(2026, 2, 2, tzinfo=UTC))
        with pytest.raises(MessageRefused):
            compose_mail(message, "noreply@aryz.example")

    async def test_the_folder_sender_writes_no_empty_file_for_it(self, desk, tmp_path):
        def render(message):
            return compose_mail(message, "noreply@aryz.example").as_bytes()

        folder = FolderSender(tmp_path / "x", "eml", desk.parts.sealer, render)
        with pytest.raises(MessageRefused):
            await folder.send(OutgoingMessage(uuid4(), uuid4(), "a@[x.kz", "№ 1", "text", desk.clock.now()))
        assert not [path for path in (tmp_path / "x").rglob("*") if path.is_file()]

    async def test_an_invalid_stored_address_fails_at_once(self, desk, case_of, mail_server):
        case = await case_of(desk)
        async with desk.parts.units.write() as work:
            sent = {"channel": "EMAIL", "address": "a@[x.kz", "code": "1", "language": "ru", "purpose": "contact-confirmation"}
            await send_code(work, appeal_id=case.appeal_id, **sent)
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        assert [(each.state, each.reason) for each in await case.notifications()] == [("FAILED", "REFUSED")]
