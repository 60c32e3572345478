"""A clerk's journey through one case: the reply, a photograph and a PDF, the provider, a question to it, a note for a colleague."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.contracts import MessageAdded, ProviderMatched
from tests.browser.test_desk import cookies, desk
from tests.routing.desk.pages.test_provider import recorded
from tests.routing.desk.support import Owners, attachment, message
from tests.routing.support import NOW

__all__ = ["desk"]  # a fixture
pytestmark = pytest.mark.browser
TEXT = "Анама дәріні екі айдан бері бермей жатыр. Дәрігер қабылдаудан бас тартты."
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
CLINIC, OTHER = uuid4(), uuid4()


@pytest.fixture
async def owners(desk):
    owners = Owners(desk.texts.known)
    desk.foundation.local_apps |= {"intake": owners.app(), "provider-contact": owners.app()}
    desk.foundation._clients.clear()
    return owners


@pytest.fixture
async def complaint(desk, owners):
    await desk.apply(recorded(CLINIC, "Сынақ № 103 емхана", "Сынақ, поликлиника № 103"), recorded(OTHER, "Сынақ № 105 емхана", "№ 105"))
    appeal_id = await desk.open(text=TEXT, language="kk", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
    clerk = desk.token("supervisor", region="KZ-43", subject="aigul", name="Сынақ Айгүл")
    await desk.carry_out(appeal_id, "ask", clerk, text="Дәріні алуға қай күндері бардыңыз?", language="kk")
    reply = message("14 және 21 қарашада бардым, екеуінде де бермеді.", NOW + timedelta(hours=2))
    photo, paper = attachment("рецепт.png", message_id=reply["id"]), attachment("түбіртек.pdf", media_type="application/pdf", kind="PDF")
    owners.sent = {
        "provider_name": "103-ші емхана",
        "messages": [reply],
        "attachments": [photo, paper, attachment("акт.pdf", state="SCANNING", available=False)],
    }
    owners.exchange = {"candidates": [{"provider_id": str(CLINIC), "score": 0.7}, {"provider_id": str(OTHER), "score": 0.6}]}
    owners.files[photo["attachment_id"]] = (PIXEL, "image/png", "a.png")
    owners.files[paper["attachment_id"]] = (b"%PDF-1.4 synaq", "application/pdf", "a.pdf")
    return appeal_id


class TestTheThread:
    @pytest.mark.parametrize("width", [390, 768, 1280])
    @pytest.mark.parametrize("language", ["kk", "ru"])
    async def test_it_is_accessible_and_fits_the_screen(self, desk, complaint, visit, serious, width, language):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", width=width, cookies=cookies(desk, "supervisor", language))
        await page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert await serious(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.locator(".msg").count() == 3

    async def test_a_clerk_reads_opens_files_asks_the_provider_and_notes_for_a_colleague(self, desk, owners, complaint, visit):
        page = await visit(f"{desk.url}/routing/desk/{complaint}", cookies=cookies(desk))
        assert "14 және 21 қарашада бардым" in await page.locator(".msg.citizen").last.inner_text()
        async with page.expect_popup() as opened:
            await page.get_by_role("link", name="рецепт.png").click()
        photo = await opened.value
        await photo.wait_for_load_state()
        assert await photo.locator("img").count() == 1
        given = await page.request.get(desk.url + await page.get_by_role("link", name="түбіртек.pdf").get_attribute("href"))
        assert (given.status, given.headers["content-disposition"].partition(";")[0]) == (200, "inline")
        assert await page.get_by_role("link", name="акт.pdf").count() == 0

        form = page.locator("#choose-provider")
        assert (await form.get_attribute("action")).startswith(f"/provider-contact/matches/{complaint}")
        assert await form.get_by_text("Сынақ, поликлиника № 103").count() == 1
        await desk.apply(ProviderMatched(appeal_id=complaint, provider_id=CLINIC, score=1, matched_by="clerk"))  # what the choice publishes
        owners.exchange = {}
        await desk.apply(MessageAdded(appeal_id=complaint, message_id=uuid4(), attachments=1))
        await page.reload()
        await page.locator("summary", has_text="Запросить медицинскую организацию").click()
        ask = page.locator("#ask-provider")
        assert await ask.locator("select").first.input_value() == str(CLINIC)
        await ask.get_by_label("Какие меры приняты?").check()
        await ask.locator("textarea").fill("Когда лекарство будет выдано?")
        await ask.locator("button").click()
        await page.locator("[role=status]").wait_for()
        assert "Когда лекарство будет выдано?" in await page.locator(".msg.fund").last.inner_text()

        await page.locator(".queue li a").first.focus()
        await page.keyboard.press("KeyN")
        await page.keyboard.type("Айгүл, қараңызшы.")
        await page.get_by_label("Сынақ Айгүл").check()
        await page.locator("#note button").click()
        await page.locator(".msg.inner").wait_for()
        aigul = desk.token("supervisor", region="KZ-43", subject="aigul", name="Сынақ Айгүл")
        assert [case["mentions_you"] for case in (await desk.get("/cases", aigul)).json()["items"]] == [True]
