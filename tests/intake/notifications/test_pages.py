import re
import stat
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from intake.assembly import delivery_methods
from intake.notifications.models import Notification
from intake.notifications.repository import change_notification
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import ContentRead
from intake.settings import Settings
from shared.outgoing.senders import MessageRefused
from shared.web.session import COOKIE
from tests.intake.register.test_applicant_api import filed

HOME = {"full_name": "Сынақ Азамат", "address": "Қызылорда, Сынақ көшесі 1"}


def signed_in(desk, role, **claims):
    token = desk.foundation.issuer.issue(role, **claims)
    return {"Cookie": f"{COOKIE}={token}"}


async def page(desk, path, headers=None, language="ru"):
    return await desk.client.get(f"/intake/outgoing{path}?lang={language}", headers={"Accept": "text/html", **(headers or {})})


async def sent(desk):
    settings = Settings(data=desk.parts.settings.data)
    await Dispatcher(desk.parts, delivery_methods(desk.parts, settings), "https://aryz.example").run_once()


class TestLocalFolder:
    async def test_messages_are_written_to_files_and_shown_to_an_admin(self, desk, case_of):
        by_sms, by_mail = await case_of(desk, language="ru"), await case_of(desk, language="kk", answer_by="EMAIL")
        for case in (by_sms, by_mail):
            await case.inquired()
        await sent(desk)
        files = sorted(path for path in (desk.parts.settings.data / "outgoing").rglob("*") if path.is_file())
        assert sorted(path.suffixes for path in files) == [[".eml", ".sealed"], [".txt", ".sealed"]]
        assert not any(word in path.read_bytes() for path in files for word in (b"synaq@mail.example", b"7010000000"))
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        admin = signed_in(desk, "admin")
        listed = await page(desk, "", admin)
        assert listed.status_code == 200
        assert by_sms.number in listed.text
        assert "7010000000" not in listed.text
        (notification,) = await by_mail.notifications()
        message = await page(desk, f"/{notification.id}", admin)
        assert "https://aryz.example/intake/track" in message.text
        (read,) = await desk.rows(ContentRead)
        assert (read.purpose, read.ids) == ("notice", [str(by_mail.appeal_id)])
        await self.check_shown_on_demand(desk, admin, notification.id, "synaq@mail.example", "s•••@mail.example")
        (notification,) = await by_sms.notifications()
        await self.check_shown_on_demand(desk, admin, notification.id, "+77010000000", "+7 7•• ••• •• 00")

    async def check_shown_on_demand(self, desk, admin, notice_id, whole, masked):
        message = (await page(desk, f"/{notice_id}", admin)).text
        assert (whole in message, masked in message) == (False, True)
        recorded = len(await desk.rows(ContentRead))
        assert whole in (await desk.client.post(f"/intake/outgoing/{notice_id}", headers=admin)).text
        assert len(await desk.rows(ContentRead)) == recorded + 1
        assert (await desk.client.post(f"/intake/outgoing/{notice_id}", headers=signed_in(desk, "operator"))).status_code == 403

    async def test_a_code_is_shown_on_demand_alone(self, desk):
        case = await filed(desk)
        code = await case.code()
        await sent(desk)
        (notification,) = await desk.rows(Notification)
        admin = signed_in(desk, "admin")
        assert code not in (await page(desk, f"/{notification.id}", admin)).text
        assert code in (await desk.client.post(f"/intake/outgoing/{notification.id}", headers=admin)).text

    async def test_the_pages_are_for_admins(self, desk, case_of):
        assert (await page(desk, "")).status_code == 303
        assert (await page(desk, "", signed_in(desk, "operator"))).status_code == 403
        assert (await page(desk, f"/{(await case_of(desk)).appeal_id}", signed_in(desk, "admin"))).status_code == 404


class TestTheLog:
    async def listed(self, desk, **filters):
        answer = await page(desk, "", signed_in(desk, "admin"), language="ru&" + urlencode(filters))
        return answer.status_code, set(re.findall(r"№ (\d{4}-\d\d-\d{7}-\d)</th>", answer.text))

    async def test_the_filter_narrows_the_list_and_its_counts(self, desk, case_of):
        by_sms, by_mail = await case_of(desk, language="ru"), await case_of(desk, language="kk", answer_by="EMAIL")
        other = await case_of(desk, language="ru", region="KZ-75")
        for case in (by_sms, by_mail, other):
            await case.inquired()
        await sent(desk)
        everything = {by_sms.number, by_mail.number, other.number}
        assert await self.listed(desk) == (200, everything)
        assert await self.listed(desk, method="EMAIL") == (200, {by_mail.number})
        assert await self.listed(desk, region="KZ-75") == (200, {other.number})
        assert await self.listed(desk, state="SENT") == (200, everything)
        assert await self.listed(desk, state="FAILED") == (200, set())
        assert await self.listed(desk, number=by_sms.number[-4:]) == (200, {by_sms.number})
        assert await self.listed(desk, number=f"№ {by_mail.number}") == (200, {by_mail.number})
        assert await self.listed(desk, **{"from": "2026-02-02", "to": "2026-02-02"}) == (200, everything)
        assert await self.listed(desk, **{"from": "2026-02-03"}) == (200, set())
        assert await self.listed(desk, to="2026-02-01") == (200, set())
        narrowed = await page(desk, "", signed_in(desk, "admin"), language="ru&method=EMAIL")
        assert 'Отправлено: <b class="num">1</b>' in narrowed.text.replace("\n", "")

    @pytest.mark.parametrize(
        "wrong",
        [{"number": "емхана"}, {"from": "yesterday"}, {"to": "2026-02-30"}, {"state": "LOST"}, {"region": "KZ-99"}, {"method": "PIGEON"}],
    )
    async def test_a_filter_that_cannot_be_read_shows_nothing_and_says_why(self, desk, case_of, wrong):
        await (await case_of(desk)).inquired()
        assert await self.listed(desk, **wrong) == (422, set())

    async def test_a_long_log_has_pages(self, desk, case_of, monkeypatch):
        monkeypatch.setattr("intake.notifications.pages.PAGE_SIZE", 1)
        first, second = await case_of(desk), await case_of(desk)
        await first.inquired()
        desk.clock.advance(timedelta(seconds=1))
        await second.inquired()
        shown = await page(desk, "", signed_in(desk, "admin"))
        assert (first.number in shown.text, second.number in shown.text) == (False, True)
        cursor = re.search(r"cursor=([^\"]+)\"", shown.text)[1]
        assert await self.listed(desk, cursor=cursor) == (200, {first.number})


class TestResend:
    async def failed(self, desk, case_of, reason="REFUSED"):
        case = await case_of(desk)
        await case.inquired()
        (notification,) = await case.notifications()
        async with desk.parts.units.write() as work:
            failed = {"state": "FAILED", "reason": reason, "attempts": 5}
            await change_notification(work.session, notification.id, was=("PLANNED",), **failed)
        return case, notification.id

    async def again(self, desk, notice_id, back=""):
        sent_again = await desk.client.post(f"/intake/outgoing/{notice_id}/resend", data={"back": back}, headers=signed_in(desk, "admin"))
        return sent_again.headers["location"].removeprefix("/intake/outgoing?")

    async def offered(self, desk):
        return re.findall(r"/intake/outgoing/([^/]+)/resend", (await page(desk, "", signed_in(desk, "admin"))).text)

    async def test_a_failed_one_is_sent_once_more_under_a_new_id_and_the_decision_is_recorded(self, desk, case_of):
        case, notice_id = await self.failed(desk, case_of)
        assert await self.offered(desk) == [str(notice_id)]
        for flash in ("notice-resent", "notice-not-failed"):
            assert await self.again(desk, notice_id, "state=FAILED&evil=1&cursor=abc") == f"state=FAILED&cursor=abc&flash={flash}"
        assert await self.offered(desk) == []
        (decision,) = await desk.rows(ContentRead)
        assert (decision.purpose, decision.ids) == ("notice-resend", [str(notice_id)])
        await sent(desk)
        states = {row.id: row.state for row in await case.notifications()}
        assert (states.pop(notice_id), list(states.values())) == ("FAILED", ["SENT"])

    async def test_the_new_one_can_be_sent_again_when_it_fails(self, desk, case_of):
        case, notice_id = await self.failed(desk, case_of)
        await self.again(desk, notice_id)
        (repeat,) = [row for row in await case.notifications() if row.id != notice_id]
        async with desk.parts.units.write() as work:
            await change_notification(work.session, repeat.id, was=("PLANNED",), state="FAILED", reason="REFUSED")
        assert await self.offered(desk) == [str(repeat.id)]
        assert (await self.again(desk, notice_id), await self.again(desk, repeat.id)) == ("flash=notice-not-failed", "flash=notice-resent")
        assert len(await case.notifications()) == 3

    async def test_what_went_by_another_method_is_not_sent_again(self, desk, case_of, dispatcher, senders):
        case = await case_of(desk, answer_by="SMS")
        await case.inquired()
        senders.failing["SMS"] = MessageRefused()
        for _ in range(2):
            await dispatcher(desk, senders).run_once()
        states = {row.channel: row for row in await case.notifications()}
        assert {method: row.state for method, row in states.items()} == {"SMS": "FAILED", "EMAIL": "SENT"}
        assert await self.offered(desk) == []
        assert await self.again(desk, states["SMS"].id) == "flash=notice-not-failed"
        assert len(await case.notifications()) == 2

    async def test_the_form_leads_back_to_its_page_of_the_list(self, desk, case_of, monkeypatch):
        monkeypatch.setattr("intake.notifications.pages.PAGE_SIZE", 1)
        await self.failed(desk, case_of)
        desk.clock.advance(timedelta(seconds=1))
        await (await case_of(desk)).inquired()
        cursor = re.search(r"cursor=([^\"]+)\"", (await page(desk, "", signed_in(desk, "admin"))).text)[1]
        shown = await page(desk, "", signed_in(desk, "admin"), language=f"ru&cursor={cursor}")
        assert f'name="back" value="cursor={cursor}"' in shown.text

    @pytest.mark.parametrize("reason", ["NO_WAY", "UNCONFIRMED"])
    async def test_what_has_no_confirmed_contact_is_not_sent_again(self, desk, case_of, reason):
        _, notice_id = await self.failed(desk, case_of, reason)
        assert await self.offered(desk) == []
        assert await self.again(desk, notice_id) == "flash=notice-not-failed"

    async def test_a_code_is_not_sent_again(self, desk):
        await (await filed(desk)).code()
        (notification,) = await desk.rows(Notification)
        async with desk.parts.units.write() as work:
            await change_notification(work.session, notification.id, was=("PLANNED",), state="FAILED", reason="REFUSED", secret=None)
        admin = signed_in(desk, "admin")
        assert "/resend" not in (await page(desk, "", admin)).text
        assert (await desk.client.post(f"/intake/outgoing/{notification.id}/resend", data={"back": ""}, headers=admin)).status_code == 404

    async def test_it_is_for_admins_of_this_site(self, desk, case_of):
        case, notice_id = await self.failed(desk, case_of)
        path = f"/intake/outgoing/{notice_id}/resend"
        assert (await desk.client.post(path)).status_code == 401
        assert (await desk.client.post(path, headers=signed_in(desk, "operator"))).status_code == 403
        crossed = signed_in(desk, "admin") | {"Sec-Fetch-Site": "cross-site"}
        assert (await desk.client.post(path, headers=crossed)).status_code == 403
        assert [row.state for row in await case.notifications()] == ["FAILED"]


class TestLetters:
    async def test_a_letter_is_printed_with_its_answer_and_marked_as_posted(self, desk, case_of, answer_contents):
        case = await case_of(desk, language="ru", applicant=HOME)
        desk.parts.contents = answer_contents()
        await case.answered()
        await sent(desk)
        (notification,) = await case.notifications()
        clerk = signed_in(desk, "specialist", region="KZ-43")
        assert str(notification.id) in (await page(desk, "/by-hand", clerk)).text
        letter = await page(desk, f"/by-hand/{notification.id}", clerk)
        for text in (case.number, "Сынақ Азамат", "Қызылорда, Сынақ көшесі 1", "Запись на приём открыта с понедельника."):
            assert text in letter.text
        assert len(await desk.rows(ContentRead)) == 1
        done = await desk.client.post(f"/intake/outgoing/by-hand/{notification.id}/done", headers=clerk)
        assert (done.status_code, done.headers["location"]) == (303, "/intake/outgoing/by-hand")
        assert [each.state for each in await case.notifications()] == ["SENT"]
        assert (await page(desk, f"/by-hand/{notification.id}", clerk)).status_code == 404

    async def test_a_letter_is_not_to_be_printed_while_the_answer_is_unavailable(self, desk, case_of, answer_contents):
        case = await case_of(desk, applicant=HOME)
        desk.parts.contents = answer_contents(away=True)
        await case.answered()
        await sent(desk)
        (notification,) = await case.notifications()
        assert "Пока не печатайте" in (await page(desk, f"/by-hand/{notification.id}", signed_in(desk, "admin"))).text

    async def test_the_page_of_a_call_shows_the_phone_number(self, desk, case_of):
        case = await case_of(desk, answer_by="CALL")
        await case.answered()
        await sent(desk)
        (notification,) = await case.notifications()
        assert "+77010000000" in (await page(desk, f"/by-hand/{notification.id}", signed_in(desk, "operator"))).text

    async def test_a_long_list_has_pages_oldest_first(self, desk, case_of, monkeypatch):
        monkeypatch.setattr("intake.notifications.pages.PAGE_SIZE", 1)
        cases = [await case_of(desk, applicant=HOME) for _ in range(2)]
        for case in cases:
            await case.answered()
            desk.clock.advance(timedelta(seconds=1))
        await sent(desk)
        first, second = [(await case.notifications())[0].id for case in cases]
        clerk = signed_in(desk, "specialist", region="KZ-43")
        shown = (await page(desk, "/by-hand", clerk)).text
        assert (str(first) in shown, str(second) in shown) == (True, False)
        cursor = re.search(r"cursor=([^\"]+)\"", shown)[1]
        shown = (await page(desk, "/by-hand", clerk, language=f"ru&cursor={cursor}")).text
        assert (str(first) in shown, str(second) in shown) == (False, True)

    async def test_clerks_of_other_regions_do_not_see_the_letter(self, desk, case_of):
        case = await case_of(desk, applicant=HOME)
        await case.answered()
        await sent(desk)
        (notification,) = await case.notifications()
        stranger = signed_in(desk, "specialist", region="KZ-75")
        assert str(notification.id) not in (await page(desk, "/by-hand", stranger)).text
        assert (await page(desk, f"/by-hand/{notification.id}", stranger)).status_code == 404
        assert (await desk.client.post(f"/intake/outgoing/by-hand/{notification.id}/done", headers=stranger)).status_code == 404
        assert (await desk.client.post(f"/intake/outgoing/by-hand/{notification.id}/done")).status_code == 303
        crossed = await desk.client.post(
            f"/intake/outgoing/by-hand/{notification.id}/done", headers=signed_in(desk, "admin") | {"Sec-Fetch-Site": "cross-site"}
        )
        assert crossed.status_code == 403
