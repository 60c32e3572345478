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
    async def test_everything_is_written_down_and_shown_to_an_admin(self, desk, case_of):
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
        (notice,) = await by_mail.notices()
        shown = await page(desk, f"/{notice.id}", admin)
        assert "synaq@mail.example" in shown.text
        assert "https://aryz.example/intake/track" in shown.text
        (read,) = await desk.rows(ContentRead)
        assert (read.purpose, read.ids) == ("notice", [str(by_mail.appeal_id)])
        (notice,) = await by_sms.notices()
        assert "+77010000000" in (await page(desk, f"/{notice.id}", admin)).text

    async def test_it_is_for_admins(self, desk, case_of):
        assert (await page(desk, "")).status_code == 303
        assert (await page(desk, "", signed_in(desk, "operator"))).status_code == 403
        assert (await page(desk, f"/{(await case_of(desk)).appeal_id}", signed_in(desk, "admin"))).status_code == 404


class TestLetters:
    async def test_a_letter_is_printed_with_its_answer_and_marked_as_posted(self, desk, case_of, words):
        case = await case_of(desk, language="ru", applicant=HOME)
        desk.parts.contents = words()
        await case.answered()
        await sent(desk)
        (notice,) = await case.notices()
        clerk = signed_in(desk, "specialist", region="KZ-43")
        assert str(notice.id) in (await page(desk, "/by-hand", clerk)).text
        letter = await page(desk, f"/by-hand/{notice.id}", clerk)
        for said in (case.number, "Сынақ Азамат", "Қызылорда, Сынақ көшесі 1", "Запись на приём открыта с понедельника."):
            assert said in letter.text
        assert len(await desk.rows(ContentRead)) == 1
        done = await desk.client.post(f"/intake/outgoing/by-hand/{notice.id}/done", headers=clerk)
        assert (done.status_code, done.headers["location"]) == (303, "/intake/outgoing/by-hand")
        assert [one.state for one in await case.notices()] == ["SENT"]
        assert (await page(desk, f"/by-hand/{notice.id}", clerk)).status_code == 404

    async def test_it_is_not_to_be_printed_while_the_answer_is_away(self, desk, case_of, words):
        case = await case_of(desk, applicant=HOME)
        desk.parts.contents = words(away=True)
        await case.answered()
        await sent(desk)
        (notice,) = await case.notices()
        assert "Пока не печатайте" in (await page(desk, f"/by-hand/{notice.id}", signed_in(desk, "admin"))).text

    async def test_who_asked_for_a_call_is_called(self, desk, case_of):
        case = await case_of(desk, answer_by="CALL")
        await case.answered()
        await sent(desk)
        (notice,) = await case.notices()
        assert "+77010000000" in (await page(desk, f"/by-hand/{notice.id}", signed_in(desk, "operator"))).text

    async def test_clerks_of_other_regions_see_nothing_of_it(self, desk, case_of):
        case = await case_of(desk, applicant=HOME)
        await case.answered()
        await sent(desk)
        (notice,) = await case.notices()
        stranger = signed_in(desk, "specialist", region="KZ-75")
        assert str(notice.id) not in (await page(desk, "/by-hand", stranger)).text
        assert (await page(desk, f"/by-hand/{notice.id}", stranger)).status_code == 404
        assert (await desk.client.post(f"/intake/outgoing/by-hand/{notice.id}/done", headers=stranger)).status_code == 404
        assert (await desk.client.post(f"/intake/outgoing/by-hand/{notice.id}/done")).status_code == 303
        crossed = await desk.client.post(
            f"/intake/outgoing/by-hand/{notice.id}/done", headers=signed_in(desk, "admin") | {"Sec-Fetch-Site": "cross-site"}
        )
        assert crossed.status_code == 403
