"""By the web, in a real browser: filed with a document, answered by mail, followed, confirmed and rated, through all four services."""

import asyncio
import re
import socket
from email import message_from_bytes
from email.policy import default

import httpx
import pytest
from aiosmtpd.controller import Controller

from suite import process
from tests.browser.conftest import submit, turn_screen
from tests.browser.test_citizen import fits, picture, talon
from tests.e2e.conftest import People
from tests.patience import PATIENCE
from tests.patience import wait_until as eventually

pytestmark = pytest.mark.browser
TEXT = "Терапевт қабылдаудан бас тартты."
WORDS = {
    "kk": {"text": "Шағымыңыз негізді деп танылды.", "next_steps": "Емханаға барыңыз.", "how_to_complain": "Сотқа шағымданыңыз."},
    "ru": {"text": "Ваша жалоба обоснована.", "next_steps": "Приходите в поликлинику.", "how_to_complain": "Обратитесь в суд."},
}
FINDING = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}


class Mails:
    """A real SMTP server's letterbox."""

    def __init__(self):
        self.taken = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 taken"

    def to(self, address):
        """What came to this address alone."""
        return [mail for receivers, mail in self.taken if receivers == [address]]


@pytest.fixture(scope="module")
def mails():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    box = Mails()
    box.server = Controller(box, hostname="127.0.0.1", port=port)
    box.server.start()
    yield box
    box.server.stop()


@pytest.fixture(scope="module")
def people(mails, tmp_path_factory):
    post = {
        "ARYZ_INTAKE_MAIL_HOST": mails.server.hostname,
        "ARYZ_INTAKE_MAIL_PORT": str(mails.server.port),
        "ARYZ_INTAKE_MAIL_TLS": "none",
        "ARYZ_INTAKE_QUIET_HOURS": "false",
    }
    with (
        process.running(tmp_path_factory.mktemp("web"), environment=process.UNLIMITED | post) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield People(suite, http)


def answer_at_the_desk(people, number, language):
    """A specialist of the branch finds the case by its number, claims it and answers."""
    cases, region = "/routing/v1/cases", {"region": "KZ-43"}
    [case] = eventually(lambda: people.get(cases, "specialist", params={"query": number}, **region).json()["items"])
    path = f"{cases}/{case['appeal_id']}"
    answer = {"language": language, "findings": [FINDING], **WORDS[language]}
    for action, fields in (("claim", {}), ("answer", answer)):
        case = people.post(f"{path}/actions/{action}", {"expected_version": case["version"], **fields}, "specialist", **region)


def status(people, number, pin, wanted):
    """The appeal as its applicant sees it, once it stands there."""
    shown = people.get(f"/intake/v1/appeals/{number}", headers={"Appeal-Pin": pin}).json()
    return shown if shown["status"] == wanted else None


async def filed(page, address):
    """The form is filled and sent; the talon's number and PIN."""
    await page.check('[name="kind"][value="COMPLAINT"]')
    await page.select_option("#f-category", "REFUSAL_APPOINTMENT")
    await turn_screen(page)
    await page.select_option("#f-region", "KZ-43")
    await turn_screen(page)
    await page.fill("#f-text", TEXT)
    await page.set_input_files("#f-file", {"name": "сурет.png", "mimeType": "image/png", "buffer": picture()})
    await turn_screen(page)
    await page.fill("#f-applicant-full_name", "Сынақ Азамат")
    await page.fill("#f-applicant-email", address)
    await turn_screen(page)
    await page.select_option("#f-answer_by", "EMAIL")
    await page.check('[name="consents.PROCESSING"]')
    await submit(page, 'button[value="preview"]')
    await submit(page, 'button[value="send"]')
    return await talon(page)


async def confirm_contact(page, mails, address):
    """The code that comes by mail is typed in on the appeal's page: until then nothing else is sent there."""
    await submit(page, 'main form[action="/intake/track"] button')
    await page.locator('details:has(form[action="/intake/track/contact"]) > summary').click()
    await page.locator('form[action="/intake/track/code"]:has(input[value="contact-confirmation"]) button').click()
    [mail] = await asyncio.to_thread(eventually, lambda: mails.to(address))
    await page.fill('[name="contact.code"]', re.search(r"\b[0-9]{6}\b", mail.get_body(("plain",)).get_content()).group())
    await submit(page, 'form[action="/intake/track/contact"] button')
    await page.locator("main [role=status]").first.wait_for()


class TestByTheWeb:
    @pytest.mark.parametrize(("width", "language"), [(390, "kk"), (1280, "ru")])
    async def test_an_appeal_is_filed_answered_by_mail_followed_confirmed_and_rated(self, people, mails, visit, width, language):
        address = f"azamat-{language}@example.org"
        page = await visit(f"{people.suite.url}/intake/", width=width, cookies={"aryz_lang": language})
        number, shown_pin = await filed(page, address)
        pin = shown_pin.replace(" ", "")
        await confirm_contact(page, mails, address)
        await asyncio.to_thread(answer_at_the_desk, people, number, language)

        _code, receipt, mail = await asyncio.to_thread(eventually, lambda: len(mails.to(address)) == 3 and mails.to(address))
        assert number in receipt.get_body(("plain",)).get_content()
        assert number in mail["Subject"]
        words = mail.get_body(("plain",)).get_content()
        assert WORDS[language]["text"] in words
        assert TEXT not in words

        await submit(page, 'main form[action="/intake/track"] button')
        assert number in await page.locator("h1").inner_text()
        assert await page.locator("[aria-labelledby=answer] .said").inner_text() == WORDS[language]["text"]
        assert await page.locator("[aria-labelledby=holder] b").first.is_visible()
        assert await page.locator(".steps li").count() >= 3
        assert await page.locator(".documents button").inner_text() == "сурет.png"
        assert await fits(page, width)
        assert pin not in page.url

        await submit(page, 'button[value="RESOLVED"]')
        assert await page.locator("main [role=status]").count() == 1
        await submit(page, 'button[name="score"][value="5"]')
        assert await page.locator('[aria-pressed="true"]').inner_text() == "5"
        closed = await asyncio.to_thread(eventually, lambda: status(people, number, pin, "CLOSED"))
        assert (closed["verdict"], closed["score"]) == ("RESOLVED", 5)
