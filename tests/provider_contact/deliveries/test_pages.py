"""The one-time link of a mail: a GET changes nothing, a POST answers once, and whoever comes late learns what happened."""

import re
from datetime import timedelta

import pytest

from provider_contact.attachments.models import AnswerFile
from provider_contact.deliveries.models import ReplyLink
from provider_contact.deliveries.policy import delivery_policy
from provider_contact.inquiries.models import ContentRead, Inquiry, InquiryEntry, ProviderResponse
from shared.contracts import InquiryAnswered
from tests.provider_contact.attachments.conftest import Files
from tests.provider_contact.attachments.test_documents import DOCUMENT, SECOND, intake, share  # noqa: F401 - pytest finds fixtures by name
from tests.provider_contact.conftest import closed, corrected
from tests.provider_contact.deliveries.conftest import link_in
from tests.shared.files.samples import PDF, SVG

ANSWER = {"code": "EXPLANATION", "text": "Пациент принят 6 февраля."}
RU = {"Accept-Language": "ru"}


class Link:
    def __init__(self, exchange, path, inquiry_id):
        self.exchange, self.path, self.inquiry_id = exchange, path, inquiry_id
        self.client = exchange.world.client

    async def get(self, **headers):
        return await self.client.get(self.path, headers=RU | headers)

    async def post(self, follow=True, **fields):
        return await self.client.post(self.path, data=fields, headers=RU, follow_redirects=follow)

    async def status(self):
        return (await self.exchange.world.rows(Inquiry))[0].status

    async def answers(self):
        return [(row.method, row.counts) for row in await self.exchange.world.rows(ProviderResponse)]


@pytest.fixture
def ask(exchange, mail_server):
    """Send an inquiry and its mail; return the link in the mail."""

    async def ask(**changed):
        inquiry_id = await exchange.ask(**changed)
        async with mail_server.serving():
            await exchange.run(mail_server)
        return Link(exchange, link_in(mail_server.mails[-1]), inquiry_id)

    return ask


class TestReading:
    async def test_the_page_asks_the_questions_and_is_neither_stored_nor_referred_to(self, ask):
        page = await (await ask(discloses=False)).get()
        assert page.status_code == 200, page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex"
        assert "2026-43-0000001-0" in page.text
        assert 'name="q.CARE_GIVEN"' in page.text
        assert "Пациент не назван" in page.text
        assert "Регион: Кызылординская область. День обращения:" in page.text

    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    async def test_the_page_is_in_the_reader_s_language(self, ask, language):
        page = await (await ask()).get(**{"Accept-Language": language})
        assert f'<html lang="{language}">' in page.text

    async def test_a_get_changes_nothing_however_often_a_scanner_follows_the_link(self, ask):
        link = await ask()
        before = [row.model_dump() for model in (Inquiry, ReplyLink) for row in await link.exchange.world.rows(model)]
        for _ in range(3):
            await link.get()
        assert [row.model_dump() for model in (Inquiry, ReplyLink) for row in await link.exchange.world.rows(model)] == before

    async def test_the_patient_s_text_is_shown_only_with_consent(self, ask, world):
        world.intake.discloses(1, "Жүрегім ауырады")
        link = await ask(discloses=True)
        assert "Жүрегім ауырады" in (await link.get()).text
        [asked] = [request for request in world.intake.asked if request.purpose == "provider-disclosure"]
        assert asked.on_behalf_of.startswith("link ")

    async def test_without_consent_intake_is_not_even_asked(self, ask, world):
        world.intake.discloses(1, "Жүрегім ауырады")
        assert "Жүрегім" not in (await (await ask(discloses=False)).get()).text
        assert [request for request in world.intake.asked if request.purpose == "provider-disclosure"] == []

    async def test_of_a_category_that_protects_the_applicant_nobody_is_asked_for_the_name(self, ask):
        page = (await (await ask(discloses=False, category="ETHICS")).get()).text
        assert ("Фонд спросит пациента" in page, "Не пытайтесь узнать, кто пожаловался" in page) == (False, True)

    async def test_the_page_names_its_token_in_no_other_address(self, ask):
        link = await ask()
        page, token = (await link.get()).text, link.path.rpartition("/")[2]
        assert [each for each in re.findall(r'(?:href|src|action)="([^"]*)"', page) if token in each and "?lang=" not in each] == []

    async def test_an_unknown_token_is_a_page_that_says_what_to_do(self, ask):
        link = await ask()
        link.path = link.path[:-3] + "AAA"
        for page in (await link.get(), await link.post(**ANSWER)):
            assert page.status_code == 404
            assert "Такой ссылки нет" in page.text


class TestAnswering:
    async def test_an_answer_is_stored_by_the_link_and_shown_as_stored(self, ask):
        link = await ask()
        page = await link.post(**ANSWER, **{"q.CARE_GIVEN": "YES"})
        assert page.status_code == 200, page.text
        assert "Ответ получен Фондом" in page.text
        assert await link.status() == "RESPONDED"
        assert await link.answers() == [("EMAIL", True)]
        [event] = await link.exchange.world.emitted(InquiryAnswered)
        assert event.inquiry_id == link.inquiry_id

    async def test_the_link_works_once(self, ask):
        link = await ask()
        await link.post(**ANSWER)
        again = await link.post(**ANSWER)
        assert again.status_code == 200
        assert "Ответ получен Фондом" in again.text
        assert len(await link.answers()) == 1
        assert len(await link.exchange.world.emitted(InquiryAnswered)) == 1

    async def test_an_answer_with_errors_is_shown_again_and_uses_nothing_up(self, ask):
        link = await ask()
        page = await link.post(code="", text="Құпия мәтін", **{"q.CARE_DATE": "вчера"})
        assert page.status_code == 422
        assert "Құпия мәтін" in page.text
        assert 'href="#f-code"' in page.text
        assert (await link.post(**ANSWER)).status_code == 200
        assert await link.status() == "RESPONDED"

    async def test_a_refusal_needs_its_ground(self, ask):
        link = await ask()
        page = await link.post(**ANSWER, **{"refusal.reason": "NO_REFERRAL"})
        assert page.status_code == 422
        assert 'href="#f-refusal-rule"' in page.text

    async def test_a_link_is_valid_for_fourteen_days_from_the_mail(self, ask):
        link = await ask()
        link.exchange.world.clock.advance(delivery_policy().replies.life - timedelta(seconds=1))
        assert (await link.get()).status_code == 200
        link.exchange.world.clock.advance(timedelta(seconds=1))
        for page in (await link.get(), await link.post(**ANSWER)):
            assert page.status_code == 410
            assert "Ссылка больше не действует" in page.text
        assert await link.answers() == []

    async def test_an_answer_after_another_one_is_stored_and_moves_nothing_back(self, ask):
        link = await ask()
        given = {"expected_version": 1, "language": "ru", "code": "EXPLANATION", "text": "Ответ портала."}
        path = f"/v1/inquiries/{link.inquiry_id}/actions/respond"
        answered = await link.exchange.world.post(path, link.exchange.headers, given)
        assert answered.status_code == 200, answered.text
        assert "Фонд больше не ждёт ответа" in (await link.get()).text
        page = await link.post(**ANSWER)
        assert "ничего не меняет" in page.text
        assert await link.status() == "RESPONDED"
        assert sorted(await link.answers()) == [("EMAIL", False), ("PORTAL", True)]
        assert len(await link.exchange.world.emitted(InquiryAnswered)) == 1

    async def test_the_links_of_two_mails_each_work_once_and_the_later_answer_changes_nothing(self, ask, mail_server):
        link = await ask()
        await link.exchange.notify(link.inquiry_id, "REMINDER")
        async with mail_server.serving():
            await link.exchange.run(mail_server)
        reminder = Link(link.exchange, link_in(mail_server.mails[-1]), link.inquiry_id)
        assert reminder.path != link.path
        await reminder.post(**ANSWER)
        await link.post(**ANSWER)
        assert sorted(await link.answers()) == [("EMAIL", False), ("EMAIL", True)]
        assert await link.status() == "RESPONDED"


class TestFiles:
    async def test_a_file_comes_with_the_answer_of_the_link(self, ask, world):
        link = await ask()
        sent = [("files", ("журнал.pdf", PDF, "application/pdf"))]
        answer = await link.client.post(link.path, data=ANSWER, files=sent, headers=RU, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        [response], [file] = await world.rows(ProviderResponse), await world.rows(AnswerFile)
        assert (file.response_id, file.inquiry_id, file.owner) == (response.response_id, link.inquiry_id, None)

    async def test_a_refused_file_leaves_the_link_and_the_other_files_for_another_try(self, ask, world):
        link = await ask()
        sent = [("files", ("журнал.pdf", PDF, "application/pdf")), ("files", ("a.svg", SVG, "image/svg+xml"))]
        refused = await link.client.post(link.path, data=ANSWER, files=sent, headers=RU)
        assert refused.status_code == 422
        assert "a.svg: Такие файлы не принимаются." in refused.text
        assert await link.answers() == []
        [file_id] = re.findall(r'name="waiting\.([0-9a-f-]{36})" value="yes" checked', refused.text)
        assert (await link.post(**ANSWER, **{f"waiting.{file_id}": "yes"})).status_code == 200
        assert [row.response_id is not None for row in await world.rows(AnswerFile)] == [True]

    async def test_a_used_link_takes_no_file(self, ask, world):
        link = await ask()
        await link.post(**ANSWER)
        sent = [("files", ("журнал.pdf", PDF, "application/pdf"))]
        await link.client.post(link.path, data=ANSWER, files=sent, headers=RU)
        assert await world.rows(AnswerFile) == []


class TestDocuments:
    """Documents of the appeal that the Fund shows: by the rule of the portal, with the page's own address and an id."""

    @pytest.fixture
    async def shown(self, ask, world, intake):  # noqa: F811 - the fixture
        """The link of an inquiry with one shown document, and what intake is asked for."""
        link = await ask(discloses=True)
        assert (await share(Files(world, link.inquiry_id), DOCUMENT)).status_code == 200
        return link, intake

    async def test_the_page_lists_what_the_clerk_chose_and_saves_it(self, shown):
        link, asked = shown
        page = await link.get()
        assert ("выписка.pdf" in page.text, "рецепт.pdf" in page.text, asked) == (True, False, [])
        [href] = re.findall(r'href="(\?document=[0-9a-f-]+)"', page.text)
        got = await link.client.get(link.path + href, headers=RU)
        assert (got.content, got.headers["referrer-policy"], got.headers["cache-control"]) == (PDF, "no-referrer", "no-store")
        [request] = asked
        assert (request.attachment_id, request.role, request.on_behalf_of[:5]) == (DOCUMENT, "provider", "link ")

    async def test_a_get_of_a_document_changes_nothing_here(self, shown):
        link, _ = shown
        models = (Inquiry, ReplyLink, InquiryEntry, ContentRead)
        before = [row.model_dump() for model in models for row in await link.exchange.world.rows(model)]
        await link.client.get(f"{link.path}?document={DOCUMENT}", headers=RU)
        assert [row.model_dump() for model in models for row in await link.exchange.world.rows(model)] == before

    @pytest.mark.parametrize("end", ["another document", "the case ended", "the category was corrected"])
    async def test_what_may_not_be_opened_leads_to_the_page_which_says_so(self, shown, world, end):
        link, asked = shown
        if end == "the case ended":
            await world.consume(closed(1))
        if end == "the category was corrected":
            await world.consume(corrected(1, category="EXTORTION"))
        page = await link.client.get(f"{link.path}?document={SECOND if end == 'another document' else DOCUMENT}", headers=RU)
        assert (page.status_code, page.headers["content-type"], asked) == (200, "text/html; charset=utf-8", [])
        assert "Документ сейчас нельзя открыть" in page.text

    async def test_a_used_link_opens_no_document(self, shown):
        link, asked = shown
        await link.post(**ANSWER)
        page = await link.client.get(f"{link.path}?document={DOCUMENT}", headers=RU)
        assert ("Ответ получен Фондом" in page.text, asked) == (True, [])
