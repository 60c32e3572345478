import re

import pytest

from provider_contact.inquiries.models import ContentRead, Inquiry
from shared import contracts
from tests.provider_contact.conftest import PROVIDER, closed, sent_inquiry
from tests.provider_contact.inquiries.service.test_actions import PLAIN, REFUSED, Exchange

SAME = {"Sec-Fetch-Site": "same-origin"}


class Page:
    """The page of an inquiry in the browser of a clerk."""

    def __init__(self, world, inquiry_id, **claims):
        self.world, self.path = world, f"/provider-contact/inquiries/{inquiry_id}"
        token = world.foundation.issuer.issue(claims.pop("role", "specialist"), **({"region": "KZ-43", "subject": "s"} | claims))
        self.cookies = {"Cookie": f"aryz_session={token}"}

    async def read(self, language="ru"):
        return await self.world.client.get(self.path, params={"lang": language}, headers={"Accept": "text/html", **self.cookies})

    async def send(self, action, version=None, query="", **fields):
        if version is None:
            shown = (await self.read()).text
            version = re.search(r'name="expected_version" value="(\d+)"', shown).group(1)
        data = {"action": action, "expected_version": version}
        data |= {name if name == "from" else f"{action}-{name}": value for name, value in fields.items()}
        return await self.world.client.post(self.path + query, data=data, headers={"Accept": "text/html", **SAME, **self.cookies})


@pytest.fixture
async def exchange(world):
    return Exchange(world, await sent_inquiry(world, category="REFUSAL_APPOINTMENT"))


@pytest.fixture
async def page(world, exchange):
    return Page(world, exchange.inquiry_id)


class TestReading:
    async def test_it_shows_questions_answers_refusal_and_history(self, exchange, page, world):
        answers = [{"question": "CARE_GIVEN", "value": "NO"}, {"question": "REFUSAL_REASON", "value": "NO_CAPACITY"}]
        await exchange.provides("respond", **REFUSED, answers=answers)
        await exchange.decides("return", reason="UNCLEAR", text="Қай күні?")
        shown = (await page.read()).text
        for text in ("Оказана ли помощь?", "Нет мест", REFUSED["text"], REFUSED["refusal"]["rule"], "Ответ непонятен", "Қай күні?"):
            assert text in shown, text
        assert {read.reader for read in await world.rows(ContentRead)} == {"s"}

    @pytest.mark.parametrize(("language", "text"), [("kk", "Жауап әлі келген жоқ"), ("ru", "Ответа ещё нет"), ("en", "not answered yet")])
    async def test_it_speaks_the_language_of_its_reader(self, page, language, text):
        assert text in (await page.read(language)).text

    async def test_nobody_signs_in_first_and_a_clerk_of_another_region_finds_nothing(self, exchange, world):
        answer = await world.client.get(f"/provider-contact/inquiries/{exchange.inquiry_id}", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"].startswith("/sign-in?next=")) == (303, True)
        assert (await Page(world, exchange.inquiry_id, region="KZ-75").read()).status_code == 404
        assert (await Page(world, exchange.inquiry_id, role="provider", provider_id=PROVIDER).read()).status_code == 403

    async def test_an_admin_reads_and_does_nothing(self, exchange, world):
        assert "<form id=" not in (await Page(world, exchange.inquiry_id, role="admin", region=None).read()).text

    async def test_of_an_ended_case_nothing_is_offered(self, page, world):
        await world.consume(closed(1))
        shown = (await page.read()).text
        assert "<form id=" not in shown
        assert "дело завершено" in shown


class TestActing:
    async def test_each_form_carries_out_its_action(self, exchange, page, world):
        await exchange.provides("ask-time", until="2026-02-16", reason="Мұрағат")
        for action, fields in (
            ("grant-time", {}),
            ("remind", {}),
            ("record-call", {"spoken_to": "Сынақ", "position": "тіркеуші", "text": "Ертең"}),
            ("escalate-to", {"body": "HEALTH_DEPARTMENT"}),
        ):
            answer = await page.send(action, **fields)
            assert (answer.status_code, answer.headers["location"]) == (303, f"{page.path}?flash=inquiry-done"), (action, answer.text)
        exchange.version = (await exchange.row()).version
        await exchange.provides("respond", **REFUSED)
        await page.send("accept", refusal_lawful="false")
        assert (await world.emitted(contracts.InquiryAccepted))[0].refusal_lawful is False

    async def test_the_reader_of_the_desk_gets_back_to_the_case_and_its_list(self, page, world):
        answer = await page.send("remind", query="?tab=mine", **{"from": "desk"})
        (inquiry,) = await world.rows(Inquiry)
        assert answer.headers["location"] == f"/routing/desk/{inquiry.appeal_id}?tab=mine&flash=inquiry-done"

    async def test_what_was_typed_stays_when_a_field_is_missing(self, exchange, page):
        await exchange.provides("respond", **PLAIN)
        answer = await page.send("return", text="Ұзақ жазылған мәтін")
        assert (answer.status_code, "Ұзақ жазылған мәтін" in answer.text) == (422, True)
        form = answer.text[answer.text.index('id="return"') :].split("</form>")[0]
        assert re.search(r'<select[^>]*name="return-reason"[^>]*aria-invalid="true"', form)
        assert (await exchange.row()).status == "RESPONDED"

    async def test_what_was_typed_stays_when_somebody_was_faster(self, exchange, page):
        await exchange.provides("respond", **PLAIN)
        answer = await page.send("return", version="1", reason="UNCLEAR", text="Ұзақ жазылған мәтін")
        assert (answer.status_code, "Ұзақ жазылған мәтін" in answer.text) == (409, True)
        assert (await page.send("return", reason="UNCLEAR", text="Ұзақ жазылған мәтін")).status_code == 303

    async def test_what_is_not_possible_any_more_says_so(self, exchange, page):
        await exchange.decides("remind")
        assert (await page.send("remind", version="2")).headers["location"].endswith("flash=inquiry-not-done")
        assert (await page.send("dance", version="2")).status_code == 404

    async def test_another_site_posts_nothing(self, page, world):
        headers = {"Sec-Fetch-Site": "cross-site", **page.cookies}
        answer = await world.client.post(page.path, data={"action": "remind", "expected_version": "1"}, headers=headers)
        assert answer.status_code == 403
