"""A complaint from the bot goes to the provider's own system: late, returned, proposed as solved, denied by the citizen, answered."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.bot_citizen import BotCitizen
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.patience import wait_until as eventually
from tests.provider_system import running_provider_system
from tests.suite.served import served
from tests.telegram_double import SECRET, TOKEN, TelegramDouble

MONDAY = datetime(2026, 2, 2, 5, tzinfo=UTC)
REGION = "KZ-43"
HEADER = "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
ROW = "990140900004,«Сынақ» емханасы,Поликлиника «Сынак»,,,KZ-43,,POLYCLINIC,STATE,,\n"
ANSWER = "Қабылдау 9 ақпанға белгіленді."
REMARK = "Қабылдау күнін растайтын құжат жоқ."
SECOND = "Пациент 6 ақпанда қабылданды."
FUND_ANSWER = "Қор емханадан түсініктеме алды, қабылдау 9 ақпанда өтеді."
TEXT = "Терапевт қабылдаудан бас тартты, үшінші апта күтіп жүрмін"
FINDING = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Қабылдаудан бас тартылған.", "rule": "ҚР ДСМ-321/2020"}


class Loop(BotCitizen):
    """The citizen with a bot, the clerk at the desk, the provider's system, and the suite between them."""

    def __init__(self, suite, http, telegram, system):
        super().__init__(http, telegram)
        self.suite, self.system = suite, system
        self.appeal_id = self.provider_id = ""

    def bearer(self, role, **claims):
        return {"Authorization": f"Bearer {self.suite.issue(role, **claims)}"}

    @property
    def clerk(self):
        return self.bearer("specialist", region=REGION, subject="aigul", name="Сынақ Айгүл")

    @property
    def provider_token(self):
        return self.suite.issue("provider", provider_id=self.provider_id, subject="his")

    def get(self, path, headers):
        return self.http.get(path, headers=headers).raise_for_status().json()

    def post(self, path, body, headers):
        answer = self.http.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    # what everybody sees

    def case(self):
        return self.get(f"/routing/v1/cases/{self.appeal_id}", self.clerk)

    def inquiry(self):
        [found] = self.get("/provider-contact/v1/inquiries", self.clerk)["items"]
        return self.get(f"/provider-contact/v1/inquiries/{found['inquiry_id']}", self.clerk)

    def tracked(self):
        return self.get(f"/intake/v1/appeals/{self.number}", {"Appeal-Pin": self.pin})

    def reached(self, event, *, desk=True, citizen=True):
        """Wait until an event is a line of the case's history and, if the citizen learns of it, of the timeline; in both languages."""

        def lines(found):
            return [line for line in found if line["type"] == event]

        if desk:
            written = eventually(lambda: lines(self.case()["history"]), LONG_PATIENCE)
            assert all(line["kk"] and line["ru"] and line["kk"] != line["ru"] for line in written)
        if citizen:
            shown = eventually(lambda: lines(self.tracked()["timeline"]), LONG_PATIENCE)
            assert all(line["kk"] and line["ru"] and line["kk"] != line["ru"] for line in shown)

    def at_desk(self, action, **fields):
        """Carry out an action of the clerk, on the case as it is when no event changes it meanwhile."""

        def carried_out():
            body = {"expected_version": self.case()["version"], **fields}
            answer = self.http.post(f"/routing/v1/cases/{self.appeal_id}/actions/{action}", json=body, headers=self.clerk)
            assert answer.is_success or answer.json()["code"] == "version-conflict", answer.text
            return answer.is_success

        eventually(carried_out)

    def to_provider(self, action, **fields):
        inquiry = self.inquiry()
        path = f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}/actions/{action}"
        return self.post(path, {"expected_version": inquiry["version"], **fields}, self.clerk)

    def provider_does(self, action, **fields):
        url = f"{self.suite.url}/provider-contact/v1/inquiries/{self.inquiry()['inquiry_id']}"
        return self.system.carry_out(url, self.provider_token, action, **fields)

    def webhook(self, event_type):
        """Wait for the message of one type, and return its data. The system acts on each message once."""
        [found] = eventually(lambda: [each for each in self.system.seen()["effects"] if each["type"] == event_type], LONG_PATIENCE)
        return found["data"]

    def pass_due(self, hours=1):
        """Move the clock past the due time of the inquiry."""
        due_at = datetime.fromisoformat(self.inquiry()["due_at"])
        self.suite.clock.advance_to(due_at + timedelta(hours=hours))


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    with TelegramDouble() as telegram, running_provider_system() as system:
        given = {
            "telegram_token": TOKEN, "telegram_secret": SECRET, "telegram_api_url": telegram.url, "telegram_settle_ms": 50,
            "quiet_hours": False, "webhooks_to_loopback": True, "step_seconds": 0.2, "anonymous_per_minute": 10_000,
        }  # fmt: skip
        with (
            served(tmp_path_factory.mktemp("loop") / "data", MONDAY, **given) as suite,
            httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
        ):
            loop = Loop(suite, http, telegram, system)
            upload = {**loop.bearer("admin"), "Content-Type": "text/csv"}
            http.post("/provider-contact/v1/providers/imports", content=(HEADER + ROW).encode(), headers=upload).raise_for_status()
            [provider] = loop.get("/provider-contact/v1/providers?query=Сынақ", {})["items"]
            loop.provider_id = provider["provider_id"]
            webhook = http.put(
                "/provider-contact/v1/webhook", json={"url": system.hook}, headers={"Authorization": f"Bearer {loop.provider_token}"}
            )
            system.set(secret=webhook.raise_for_status().json()["secret"])
            yield loop


@pytest.mark.timeout(900)
class TestLoop:
    def test_from_the_complaint_to_the_answer(self, loop):
        loop.complain(TEXT)
        [item] = eventually(lambda: loop.get("/routing/v1/cases?scope=all", loop.clerk)["items"], LONG_PATIENCE)
        loop.appeal_id = item["appeal_id"]
        loop.at_desk("claim")
        if loop.case()["category"] != FINDING["category"]:
            loop.at_desk("classify", kind="COMPLAINT", category=FINDING["category"], topic=None, statutory_form="ZAYAVLENIE")

        loop.reached("inquiry-sent")
        assert loop.webhook("inquiry-sent")["number"] == loop.number
        assert eventually(lambda: loop.inquiry()["status"] == "DELIVERED")
        assert loop.case()["holder"] == "PROVIDER"

        due_at = datetime.fromisoformat(loop.inquiry()["due_at"])
        loop.suite.clock.advance_to(due_at - timedelta(hours=12))
        loop.reached("inquiry-reminded", citizen=False)
        loop.webhook("inquiry-reminded")

        loop.pass_due()
        loop.reached("inquiry-overdue")
        loop.webhook("inquiry-overdue")
        assert loop.inquiry()["overdue"] is True

        loop.provider_does("respond", language="kk", code="EXPLANATION", text=ANSWER)
        loop.reached("inquiry-answered")
        assert loop.case()["has_news"] is True

        loop.to_provider("return", reason="NO_DOCUMENTS", text=REMARK)
        loop.reached("inquiry-returned")
        loop.webhook("inquiry-returned")
        assert datetime.fromisoformat(loop.inquiry()["due_at"]) > loop.suite.clock.now()

        loop.provider_does("respond", language="ru", code="EXPLANATION", text=SECOND)
        assert eventually(lambda: loop.inquiry()["status"] == "RESPONDED")
        loop.provider_does("propose", language="kk", text=SECOND)
        loop.reached("solution-proposed")
        eventually(lambda: loop.case()["status"] == "AWAITING_APPLICANT")

        loop.presses(loop.hears("мәселе шешілді ме?"), "Жоқ")
        loop.hears("шешілмеді деп белгіледік")
        loop.suite.clock.advance(timedelta(minutes=2))  # the answer may be changed for a minute
        loop.reached("proposal-denied")
        assert eventually(lambda: loop.case()["status"] == "IN_REVIEW")
        assert loop.case()["has_news"] is True

        answer = {"language": "kk", "text": FUND_ANSWER, "findings": [FINDING], "next_steps": "–", "how_to_complain": "–"}
        refused = loop.http.post(
            f"/routing/v1/cases/{loop.appeal_id}/actions/answer-and-close",
            json={"expected_version": loop.case()["version"], **answer, "outcome": "RESOLVED_ON_SPOT"},
            headers=loop.clerk,
        )
        assert refused.status_code == 422, "the citizen denied it"
        loop.at_desk("answer-and-close", **answer, outcome="JUSTIFIED")
        loop.reached("answer-given")
        eventually(lambda: loop.tracked()["status"] == "CLOSED")
        assert loop.tracked()["outcome"] == "JUSTIFIED"
        assert loop.system.effects == ["inquiry-sent", "inquiry-reminded", "inquiry-overdue", "inquiry-returned"]
