"""A complaint goes round by persons alone: the citizen in the bot, the clerk at the desk, somebody of the provider in the portal.

The pages are worked with in a real browser, on a suite whose clock the test moves. Every step is a sentence in Kazakh and in Russian in the
history of the case and on the page of the appeal, and the happy path takes at most ten clicks on either side.
"""

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from shared.domain.taxonomy import taxonomy
from shared.web.session import COOKIE
from tests.bot_citizen import BotCitizen
from tests.browser.conftest import submit
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.patience import wait_until as eventually
from tests.suite.served import served
from tests.telegram_double import SECRET, TOKEN, TelegramDouble

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
MONDAY = datetime(2026, 2, 2, 5, tzinfo=UTC)
REGION = "KZ-43"
CATEGORY = "REFUSAL_APPOINTMENT"
HEADER = "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
ROW = "990140900004,«Сынақ» емханасы,Поликлиника «Сынак»,,,KZ-43,,POLYCLINIC,STATE,,\n"
TEXT = "Терапевт қабылдаудан бас тартты, үшінші апта күтіп жүрмін"
ANSWER, REMARK, SECOND = "Қабылдау 9 ақпанға белгіленді.", "Қабылдау күнін растайтын құжат жоқ.", "Пациент 6 ақпанда қабылданды."
DECISION = "Қор емханадан түсініктеме алды, қабылдау 9 ақпанда өтеді."
MOST_CLICKS = 10
COUNT = """
window.addEventListener("click", (event) => {
  if (event.isTrusted) localStorage.setItem("clicks", 1 + Number(localStorage.getItem("clicks") || 0));
}, true);
"""

SENTENCES = {
    "inquiry-sent": {
        "desk": ("Медициналық ұйымға сұрау жіберілді, жауап мерзімі:", "Медорганизации отправлен запрос, срок ответа:"),
        "track": ("Қор медұйымға сұрау жіберді: «Сынақ» емханасы", "Фонд запросил медорганизацию: Поликлиника «Сынак»"),
    },
    "inquiry-reminded": {"desk": ("Медициналық ұйымға сұрау туралы еске салынды", "Медорганизации отправлено напоминание")},
    "inquiry-overdue": {
        "desk": ("Медициналық ұйым жауап беру мерзімін өткізіп алды", "Медицинская организация не ответила в срок"),
        "track": ("Медұйым мерзімінде жауап бермеді", "Медорганизация не ответила в срок"),
    },
    "inquiry-answered": {
        "desk": ("Медициналық ұйым жауап берді: Түсініктеме берілді", "Медицинская организация ответила: Дано пояснение"),
        "track": ("Медұйым жауап берді: «Сынақ» емханасы", "Медорганизация ответила: Поликлиника «Сынак»"),
    },
    "inquiry-returned": {
        "desk": ("Жауап медициналық ұйымға қайтарылды, жаңа мерзім:", "Ответ возвращён медицинской организации, новый срок:"),
        "track": ("Біз медұйымнан толығырақ жауап сұрадық", "Мы попросили медорганизацию ответить полнее"),
    },
    "solution-proposed": {
        "desk": ("Медициналық ұйымның хабарлауынша, мәселе шешілді.", "Медорганизация сообщила, что вопрос решён."),
        "track": ("Медициналық ұйым мәселеңізді шештік дейді.", "Медорганизация сообщает, что решила ваш вопрос."),
    },
    "proposal-denied": {
        "desk": ("Өтініш беруші мәселенің шешілгенін растамады", "Заявитель не подтвердил, что медорганизация решила вопрос"),
        "track": ("Мәселе шешілмеді деп жауап бердіңіз.", "Вы ответили, что вопрос не решён."),
    },
    "answer-given": {
        "desk": ("Өтініш берушіге жауап берілді", "Заявителю дан ответ"),
        "track": ("Өтінішке жауап берілді", "На обращение дан ответ"),
    },
    "case-closed": {
        "desk": ("Іс жабылды. Нәтижесі:", "Дело закрыто. Итог:"),
        "track": ("Өтінішті қарау аяқталды. Нәтижесі:", "Рассмотрение обращения завершено. Итог:"),
    },
}
"""What each step says in Kazakh and in Russian: to the clerk, and to the citizen. A reminder is not the citizen's concern."""


class Person:
    """Somebody with a browser, whose session is renewed as the clock moves, and whose clicks the page counts."""

    def __init__(self, exchange, visit, role, start, language, **claims):
        self.exchange, self.visit, self.role, self.start, self.language, self.claims = exchange, visit, role, start, language, claims
        self.page = None

    @property
    def cookies(self):
        return {COOKIE: self.exchange.suite.issue(self.role, **self.claims), "aryz_lang": self.language}

    async def go(self, path=None):
        """Open an address, or the first page of the person's work."""
        url = self.exchange.suite.url + (path or self.start)
        if self.page is None:
            self.page = await self.visit(url, cookies=self.cookies)
            await self.page.context.add_init_script(COUNT)
            await self.page.reload()
            return
        cookies = [{"name": name, "value": value, "url": self.exchange.suite.url} for name, value in self.cookies.items()]
        await self.page.context.add_cookies(cookies)
        await self.page.goto(url, wait_until="networkidle")

    async def click(self, selector):
        """Click what leads to another page, and wait for it."""
        await submit(self.page, selector)
        await self.page.wait_for_load_state("networkidle")

    async def leave(self):
        """Close the work for a while: an open page would ask the suite under a session that ends as the clock moves."""
        await self.page.goto("about:blank")

    async def clicks(self):
        return int(await self.page.evaluate("localStorage.getItem('clicks')") or 0)


class Exchange(BotCitizen):
    """The citizen, the suite and its clock; the clerk and the provider have browsers."""

    def __init__(self, suite, http, telegram):
        super().__init__(http, telegram)
        self.suite = suite
        self.appeal_id = self.provider_id = ""

    def bearer(self, role, **claims):
        return {"Authorization": f"Bearer {self.suite.issue(role, **claims)}"}

    def clerk(self, visit):
        return Person(self, visit, "specialist", "/routing/desk?tab=queue", "ru", region=REGION, subject="aigul", name="Сынақ Айгүл")

    def provider(self, visit):
        path = "/provider-contact/portal"
        return Person(self, visit, "provider", path, "ru", provider_id=self.provider_id, subject="head", name="Сынақ Жетекші")

    def get(self, path, headers):
        return self.http.get(path, headers=headers).raise_for_status().json()

    @property
    def staff(self):
        return self.bearer("specialist", region=REGION, subject="aigul", name="Сынақ Айгүл")

    def case(self):
        return self.get(f"/routing/v1/cases/{self.appeal_id}", self.staff)

    def inquiry(self):
        items = self.get("/provider-contact/v1/inquiries", self.staff)["items"]
        return next((each for each in items if each["appeal_id"] == self.appeal_id), None)

    def shown(self, where, language):
        """The sentences of the history of the case, or of the course of events on the page of the appeal."""
        if where == "desk":
            cookies = {"Cookie": f"{self.staff['Authorization'].replace('Bearer ', COOKIE + '=')}; aryz_lang={language}"}
            page = self.http.get(f"/routing/desk/{self.appeal_id}", headers=cookies | {"Accept": "text/html"}).text
            part = page.partition('id="history-title"')[2]
        else:
            opened = {"number": self.number, "pin": self.pin}
            page = self.http.post("/intake/track", data=opened, headers={"Cookie": f"aryz_lang={language}"}).text
            part = page.partition('id="course"')[2]
        return [html.unescape(each) for each in re.findall(r'<span class="step-text">(.*?)</span>', part.partition("</section>")[0])]

    def reached(self, step, times=1):
        """Wait until a step is told to everybody whom it concerns, in both languages, and return."""
        for where, (kk, ru) in SENTENCES[step].items():
            for language, sentence in (("kk", kk), ("ru", ru)):
                eventually(lambda: sum(each.startswith(sentence) for each in self.shown(where, language)) == times, LONG_PATIENCE)  # noqa: B023

    def begin(self):
        """Wait for the case of the complaint, and read its id."""
        [item] = eventually(lambda: self.get(f"/routing/v1/cases?query={self.number}", self.staff)["items"], LONG_PATIENCE)
        self.appeal_id = item["appeal_id"]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with TelegramDouble() as telegram:
        given = {
            "telegram_token": TOKEN, "telegram_secret": SECRET, "telegram_api_url": telegram.url, "telegram_settle_ms": 50,
            "quiet_hours": False, "step_seconds": 0.2, "anonymous_per_minute": 10_000,
        }  # fmt: skip
        with (
            served(tmp_path_factory.mktemp("loop") / "data", MONDAY, **given) as suite,
            httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
        ):
            upload = {"Authorization": f"Bearer {suite.issue('admin')}", "Content-Type": "text/csv"}
            http.post("/provider-contact/v1/providers/imports", content=(HEADER + ROW).encode(), headers=upload).raise_for_status()
            yield suite, http, telegram


@pytest.fixture
def exchange(running):
    made = Exchange(*running)
    [provider] = made.get("/provider-contact/v1/providers?query=Сынақ", {})["items"]
    made.provider_id = provider["provider_id"]
    return made


async def in_thread(function, *given):
    return await asyncio.to_thread(function, *given)


async def classify(clerk, exchange):
    """Let the clerk correct the category, if the rules found another one."""
    if exchange.case()["category"] == CATEGORY:
        return
    page = clerk.page
    await page.get_by_text("Исправить классификацию").click()
    await page.locator("#classify [name=kind]").select_option("COMPLAINT")
    await page.locator("#classify [name=category]").select_option(CATEGORY)
    await clerk.click("#classify button")


async def answer_in_portal(provider, text):
    """Choose the code, type the answer and send it, on the page of the inquiry."""
    page = provider.page
    await page.get_by_label("Дано пояснение").click()
    await page.locator("#f-text").click()
    await page.keyboard.type(text)
    await provider.click("#answer button:text-is('Отправить ответ')")
    await page.get_by_text("Ответ отправлен в Фонд.").wait_for()


async def decide(clerk):
    """Write the answer to the citizen, and send it with the end of the case. Neighbouring fields are reached by Tab, as clerks do."""
    page = clerk.page
    await page.locator("#f-text").click()
    await page.keyboard.type(DECISION)
    outcome = page.locator("[name='findings.0.outcome']")
    await outcome.focus()
    await outcome.select_option("JUSTIFIED")
    await page.locator("[name='findings.0.fact']").click()
    await page.keyboard.type("Қабылдаудан бас тартылған.")
    await page.keyboard.press("Tab")
    await page.keyboard.type("ҚР ДСМ-321/2020")
    await page.locator("#answer [name=next_steps]").click()
    await page.keyboard.type("Қабылдауға барыңыз.")
    await page.get_by_text("Отправить ответ и сразу закрыть дело").click()
    await page.locator("#answer [name=outcome]").select_option("JUSTIFIED")
    await clerk.click("#answer [name=close]")


class TestHappyPath:
    async def test_it_takes_at_most_ten_clicks_on_either_side(self, running, exchange, visit):
        body = {
            "channel": "WEB", "language": "kk", "kind": "COMPLAINT", "category": CATEGORY, "region": REGION, "text": TEXT,
            "provider": {"provider_id": exchange.provider_id}, "applicant": {}, "consents": ["PROCESSING"],
        }  # fmt: skip
        filed = eventually(lambda: (answer := running[1].post("/intake/v1/appeals", json=body)).is_success and answer.json())
        exchange.number, exchange.pin, exchange.appeal_id = filed["number"], filed["pin"], filed["appeal_id"]
        await in_thread(exchange.reached, "inquiry-sent")

        provider = exchange.provider(visit)
        await provider.go()
        await provider.click(f".inquiries a[href$='{exchange.inquiry()['inquiry_id']}']")
        await answer_in_portal(provider, ANSWER)
        assert 0 < await provider.clicks() <= MOST_CLICKS

        await in_thread(exchange.reached, "inquiry-answered")
        clerk = exchange.clerk(visit)
        await clerk.go()
        await clerk.click(f".queue a[href*='{exchange.appeal_id}']")
        await clerk.click("form[action$='/claim'] button, form[action*='/claim?'] button")
        assert ANSWER in await clerk.page.locator(".thread").inner_text()
        await clerk.click("form:has([name=action][value=accept]) button")
        assert exchange.inquiry()["status"] == "ACCEPTED"
        await decide(clerk)
        exchange.suite.clock.advance(timedelta(minutes=2))  # the answer may be taken back for a while
        await in_thread(exchange.reached, "case-closed")
        assert 0 < await clerk.clicks() <= MOST_CLICKS


class TestLoop:
    async def test_from_the_complaint_in_the_bot_to_the_answer_by_persons_alone(self, exchange, visit):
        await in_thread(exchange.complain, TEXT)
        await in_thread(exchange.begin)
        clerk, provider = exchange.clerk(visit), exchange.provider(visit)
        await clerk.go(f"/routing/desk/{exchange.appeal_id}")
        await clerk.click("form[action*='/claim'] button")
        await classify(clerk, exchange)
        await in_thread(exchange.reached, "inquiry-sent")
        inquiry = await in_thread(lambda: eventually(exchange.inquiry))
        await provider.go()
        await provider.click(f".inquiries a[href$='{inquiry['inquiry_id']}']")
        assert exchange.number in await provider.page.locator("main").inner_text()

        await self.late_answer_is_returned(exchange, clerk, provider, inquiry)
        await self.proposal_is_denied(exchange, provider, inquiry)

        await clerk.go(f"/routing/desk/{exchange.appeal_id}")
        endings = await clerk.page.locator("#answer [name=outcome] option").evaluate_all("options => options.map(option => option.value)")
        assert "JUSTIFIED" in endings
        assert "RESOLVED_ON_SPOT" not in endings, "the citizen denied it"
        await decide(clerk)
        exchange.suite.clock.advance(timedelta(minutes=2))
        await in_thread(exchange.reached, "answer-given")
        await in_thread(exchange.reached, "case-closed")
        await self.everything_is_on_both_pages(exchange, visit)

    async def late_answer_is_returned(self, exchange, clerk, provider, inquiry):
        """The clock passes the reminder and the due time; the answer comes late, and the clerk returns it with the reason."""
        due_at = datetime.fromisoformat(inquiry["due_at"])
        await clerk.leave()
        await provider.leave()
        exchange.suite.clock.advance_to(due_at - timedelta(hours=12))
        await in_thread(exchange.reached, "inquiry-reminded")
        exchange.suite.clock.advance_to(due_at + timedelta(hours=1))
        await in_thread(exchange.reached, "inquiry-overdue")

        await provider.go(f"/provider-contact/portal/inquiries/{inquiry['inquiry_id']}")
        assert await provider.page.locator(".badge.bad", has_text="просрочен").is_visible()
        await answer_in_portal(provider, ANSWER)
        await in_thread(exchange.reached, "inquiry-answered")

        await clerk.go(f"/routing/desk/{exchange.appeal_id}")
        assert ANSWER in await clerk.page.locator(".thread").inner_text()
        await clerk.click(f"a[href='/provider-contact/inquiries/{inquiry['inquiry_id']}']")
        await clerk.page.locator("details:has(#return) summary").click()
        await clerk.page.locator("[name=return-reason]").select_option("NO_DOCUMENTS")
        await clerk.page.locator("[name=return-text]").fill(REMARK)
        await clerk.click("#return button")
        await in_thread(exchange.reached, "inquiry-returned")

    async def proposal_is_denied(self, exchange, provider, inquiry):
        """The provider answers again and proposes the matter as solved; the citizen denies it in the bot."""
        await provider.go(f"/provider-contact/portal/inquiries/{inquiry['inquiry_id']}")
        assert REMARK in await provider.page.locator("main").inner_text()
        await answer_in_portal(provider, SECOND)
        await in_thread(exchange.reached, "inquiry-answered", 2)
        await provider.page.locator("#propose summary").click()
        await provider.page.locator("[name='propose.text']").fill(SECOND)
        await provider.page.locator("[name='propose.language']").select_option("kk")
        await provider.click("#propose button")
        await in_thread(exchange.reached, "solution-proposed")

        question = await in_thread(exchange.hears, "мәселе шешілді ме?")
        await in_thread(exchange.presses, question, "Жоқ")
        await in_thread(exchange.hears, "шешілмеді деп белгіледік")
        exchange.suite.clock.advance(timedelta(minutes=2))  # the answer may be changed for a minute
        await in_thread(exchange.reached, "proposal-denied")
        await provider.go(f"/provider-contact/portal/inquiries/{inquiry['inquiry_id']}")
        assert await provider.page.locator(".badge.bad", has_text="пациент говорит, что не решено").is_visible()

    async def everything_is_on_both_pages(self, exchange, visit):
        """The answer and every sentence of the loop, as the browser shows them to the clerk and to the citizen."""
        justified = taxonomy().outcomes["JUSTIFIED"].label
        for index, language in enumerate(("kk", "ru")):
            clerk = exchange.clerk(visit)
            clerk.language = language
            await clerk.go(f"/routing/desk/{exchange.appeal_id}")
            citizen = await visit(f"{exchange.suite.url}/intake/track", cookies={"aryz_lang": language})
            await citizen.fill("[name=number]", exchange.number)
            await citizen.fill("[name=pin]", exchange.pin)
            await submit(citizen, "main form button")
            for where, page in (("desk", clerk.page), ("track", citizen)):
                steps = await page.locator("ol.steps .step-text").all_inner_texts()
                for sentences in SENTENCES.values():
                    if where in sentences:
                        assert any(each.startswith(sentences[where][index]) for each in steps), (where, sentences[where][index])
            text = await citizen.locator("main").inner_text()
            assert DECISION in text
            assert justified.in_(language) in text
