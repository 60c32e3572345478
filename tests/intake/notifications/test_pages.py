import stat

from intake.assembly import delivery_methods
from intake.notifications.service.dispatch import Dispatcher
from intake.register.models import ContentRead
from intake.settings import Settings
from shared.web.session import COOKIE

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
        assert "synaq@mail.example" in message.text
        assert "https://aryz.example/intake/track" in message.text
        (read,) = await desk.rows(ContentRead)
        assert (read.purpose, read.ids) == ("notice", [str(by_mail.appeal_id)])
        (notification,) = await by_sms.notifications()
        assert "+77010000000" in (await page(desk, f"/{notification.id}", admin)).text

    async def test_the_pages_are_for_admins(self, desk, case_of):
        assert (await page(desk, "")).status_code == 303
        assert (await page(desk, "", signed_in(desk, "operator"))).status_code == 403
        assert (await page(desk, f"/{(await case_of(desk)).appeal_id}", signed_in(desk, "admin"))).status_code == 404


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
