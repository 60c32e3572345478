from email import message_from_bytes
from email.policy import default

from intake.notices.dispatch import Dispatcher
from intake.notices.mail import Mail


def over(desk, server):
    mail = Mail("127.0.0.1", server.port, "none", None, None, "noreply@aryz.example")
    return Dispatcher(desk.parts, {"EMAIL": mail}, "https://aryz.example")


def read(envelope):
    return message_from_bytes(envelope.content, policy=default)


class TestMail:
    async def test_it_is_marked_as_automatic_and_tells_no_more_than_number_and_status(self, desk, case_of, mail_server):
        case = await case_of(desk, language="kk", answer_by="EMAIL")
        await case.inquired()
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        (envelope,) = mail_server.mails
        assert envelope.rcpt_tos == ["synaq@mail.example"]
        mail = read(envelope)
        (notice,) = await case.notices()
        assert mail["Message-ID"] == f"<{notice.id}@aryz.example>"
        assert (mail["Auto-Submitted"], mail["Precedence"]) == ("auto-generated", "bulk")
        assert mail["Subject"] == f"№ {case.number}: сұрау салу жіберілді"
        assert "https://aryz.example/intake/track" in mail.get_content()
        assert case.pin not in envelope.content.decode()

    async def test_the_answer_goes_along_only_to_whoever_chose_mail_for_it(self, desk, case_of, mail_server, words):
        chosen = await case_of(desk, language="ru", answer_by="EMAIL")
        known = await case_of(desk, language="ru", applicant={"full_name": "Сынақ Азамат", "email": "basqa@mail.example"})
        desk.parts.contents = words()
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

    async def test_the_words_are_waited_for_and_in_the_end_done_without(self, desk, case_of, mail_server, words):
        case = await case_of(desk, language="ru", answer_by="EMAIL")
        desk.parts.contents = words(away=True)
        await case.answered()
        async with mail_server.serving():
            for _ in range(4):
                await over(desk, mail_server).run_once()
                (notice,) = await case.notices()
                assert (notice.state, notice.reason) == ("PLANNED", "ANSWER_AWAY")
                desk.clock.set(notice.due_at)
            await over(desk, mail_server).run_once()
        assert "https://aryz.example/intake/track" in read(mail_server.mails[0]).get_content()

    async def test_a_server_that_is_away_gets_it_later_under_the_same_id(self, desk, case_of, mail_server):
        case = await case_of(desk, answer_by="EMAIL")
        await case.inquired()
        async with mail_server.serving():
            pass
        await over(desk, mail_server).run_once()
        (notice,) = await case.notices()
        assert (notice.state, notice.reason) == ("PLANNED", "NO_REPLY")
        desk.clock.set(notice.due_at)
        async with mail_server.serving():
            await over(desk, mail_server).run_once()
        assert read(mail_server.mails[0])["Message-ID"] == f"<{notice.id}@aryz.example>"

    async def test_an_address_that_does_not_exist_is_given_up_and_one_that_is_busy_is_not(self, desk, case_of, mail_server):
        refused, busy = await case_of(desk, answer_by="EMAIL"), await case_of(desk, answer_by="EMAIL")
        async with mail_server.serving():
            await refused.inquired()
            mail_server.refusal = "550 no such mailbox"
            await over(desk, mail_server).run_once()
            await busy.inquired()
            mail_server.refusal = "450 try later"
            await over(desk, mail_server).run_once()
        assert [(one.state, one.reason) for one in await refused.notices()] == [("FAILED", "REFUSED")]
        assert [(one.state, one.reason) for one in await busy.notices()] == [("PLANNED", "NO_REPLY")]
