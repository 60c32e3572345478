"""A provider without an account answers the Fund by the one-time link of a mail, on a phone and without scripts."""

import asyncio
import re
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from shared.outgoing.senders import open_local_file
from shared.sealing import Sealer, load_or_create_keys
from suite import process
from tests.browser.test_citizen import fits
from tests.browser.test_every_page import appeal
from tests.e2e.conftest import People
from tests.patience import PATIENCE
from tests.patience import wait_until as eventually
from tests.provider_contact.conftest import BINS, sheet

pytestmark = pytest.mark.browser
LINK = re.compile(r"http://\S+(/provider-contact/v1/replies/\S+)")
TEXTS = {"kk": ("Жауапты жіберу", "Жауап Қорға жетті"), "ru": ("Отправить ответ", "Ответ получен Фондом")}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    with (
        process.running(tmp_path_factory.mktemp("replies"), environment=process.UNLIMITED) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield People(suite, http)


def provider(people, index):
    """Record a provider with a mailbox; return its id."""
    name = f"Поликлиника «Сынақ {index}»"
    line = {"bin": BINS[index], "name_ru": name, "name_kk": f"«Сынақ {index}» емханасы", "short_name": "", "aliases": ""}
    headers = people.bearer("admin") | {"Content-Type": "text/csv; charset=utf-8"}
    imported = people.http.post("/provider-contact/v1/providers/imports", content=sheet(line).encode(), headers=headers)
    assert imported.is_success, imported.text
    found = people.http.get("/provider-contact/v1/providers", params={"query": name}).json()["items"]
    return next(item["provider_id"] for item in found if item["name_ru"] == name)


def links(people):
    """The one-time links in the mails that the suite wrote into its folder."""
    sealer = Sealer(load_or_create_keys(people.suite.data / "keys").ring)
    found = {}
    for path in sorted(Path(people.suite.data / "outgoing").rglob("*.eml.sealed")):
        raw = open_local_file(sealer, path, UUID(path.name.partition(".")[0]), "eml")
        text = message_from_bytes(raw, policy=default).get_content()
        if link := LINK.search(text):
            found[re.search(r"\d{4}-43-\d{7}-\d", text)[0]] = link[1]
    return found


def link_about(people, index):
    """File a complaint about a new provider, and return the link of the mail to it."""
    complaint = appeal("SMS") | {"provider": {"provider_id": provider(people, index)}, "category": "WAITING"}

    def file():
        answer = people.http.post("/intake/v1/appeals", json=complaint)
        return answer.json() if answer.is_success else None  # intake has not consumed the provider yet

    filed = eventually(file)
    return eventually(lambda: links(people).get(filed["number"]))


@pytest.mark.parametrize(("index", "language", "javascript"), [(20, "kk", False), (21, "ru", True)])
async def test_an_answer_is_sent_from_a_phone_and_the_link_then_says_so(people, visit, serious, index, language, javascript):
    link = await asyncio.to_thread(link_about, people, index)
    send, done = TEXTS[language]
    page = await visit(people.suite.url + link, width=390, javascript=javascript, cookies={"aryz_lang": language})
    assert await fits(page, 390)
    if javascript:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await serious(page) == []
    await page.get_by_role("button", name=send).click()
    await page.wait_for_load_state()
    assert await page.locator("#error-summary").is_visible()
    await page.locator("#f-q-CARE_GIVEN").check()
    await page.locator("#f-code").select_option("EXPLANATION")
    await page.locator("#f-text").fill("Пациент принят 6 февраля.")
    await page.get_by_role("button", name=send).click()
    await page.get_by_role("heading", name=done).wait_for()
    assert await fits(page, 390)
    answered = people.get("/provider-contact/v1/inquiries", "admin", params={"status": "RESPONDED"}).json()
    assert answered["total"] >= 1
