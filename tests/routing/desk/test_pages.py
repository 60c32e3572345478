import re
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI, HTTPException

import routing
from routing.desk.pages.contents import marked_text
from routing.desk.schemas import AppealContent
from shared.contracts import InquiryAnswered, InquirySent
from shared.web.catalogs import missing_messages
from shared.web.session import COOKIE
from tests.routing.support import NOW, imported

CANARY = {"full_name": "Сынақ Өтінуші", "iin": "991231501014", "phone": "+77010000000"}
ANSWER = {
    "language": "ru",
    "text": "Вас примет терапевт 4 февраля.",
    "findings.0.category": "REFUSAL_APPOINTMENT",
    "findings.0.outcome": "JUSTIFIED",
    "findings.0.fact": "В записи отказано без причины.",
    "findings.0.rule": "Договор на оказание медицинских услуг.",
    "next_steps": "Поликлиника позвонит вам сама.",
    "how_to_complain": "В суд в течение трёх месяцев.",
}


@dataclass
class Owners:
    """Intake and provider-contact as the desk asks them: words by id for a purpose; every question is kept."""

    texts: dict[UUID, str]
    responses: dict[str, dict] = field(default_factory=dict)
    sent: dict = field(default_factory=dict)
    """What the register adds to the text of every appeal: what is contested, later messages, files."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    down: bool = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/{service}/internal/v1/contents")
        async def contents(service: str, asked: dict) -> dict:
            if self.down:
                raise HTTPException(503)
            self.asked.append((service, asked["purpose"], asked.get("on_behalf_of")))
            return {"items": [self._item(service, content_id, asked["purpose"]) for content_id in asked["ids"]]}

        return app

    def _item(self, service: str, content_id: str, purpose: str) -> dict:
        if service == "provider-contact":
            return {"id": content_id, "found": content_id in self.responses, "content": self.responses.get(content_id)}
        content = {"text": self.texts[UUID(content_id)], **self.sent} if UUID(content_id) in self.texts else None
        if content and purpose == "desk":
            content["applicant"] = CANARY
        return {"id": content_id, "found": content is not None, "content": content}


@pytest.fixture
def owners(desk) -> Owners:
    owners = Owners(desk.texts.known)
    desk.foundation.local_apps |= {"intake": owners.app(), "provider-contact": owners.app()}
    return owners


@pytest.fixture
async def complaint(desk, owners) -> UUID:
    appeal_id = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
    owners.asked.clear()
    return appeal_id


def session(desk, role: str = "specialist", region: str | None = "KZ-43", **claims) -> dict[str, str]:
    token = desk.foundation.issuer.issue(role, region=region, **claims)
    return {"Cookie": f"{COOKIE}={token}; aryz_lang=en", "Accept": "text/html"}


async def open_desk(desk, path: str = "", who: dict[str, str] | None = None, **params) -> httpx.Response:
    return await desk.client.get(f"/routing/desk{path}", headers=who or session(desk), params=params)


async def send(desk, appeal_id: UUID, action: str, who: dict[str, str] | None = None, **fields) -> httpx.Response:
    """Send a form, with the version that the case has now unless another content_id is given."""
    fields.setdefault("expected_version", str((await desk.case(appeal_id))["version"]))
    return await desk.client.post(f"/routing/desk/{appeal_id}/{action}", headers=who or session(desk), data=fields)


def forms(page: httpx.Response) -> set[str]:
    return set(re.findall(r'method="post" action="/routing/desk/[0-9a-f-]{36}/([a-z-]+)', page.text))


class TestAccess:
    async def test_a_visitor_is_redirected_to_sign_in_and_back(self, desk):
        answer = await desk.client.get("/routing/desk?tab=overdue", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Frouting%2Fdesk%3Ftab%3Doverdue")

    @pytest.mark.parametrize("role", ["analyst", "provider", "applicant", "partner"])
    async def test_other_roles_are_refused_with_a_page(self, desk, role):
        answer = await open_desk(desk, who=session(desk, role))
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")

    async def test_an_admin_sees_a_case_without_forms(self, desk, complaint):
        page = await open_desk(desk, f"/{complaint}", session(desk, "admin", None))
        assert page.status_code == 200
        assert forms(page) == set()

    async def test_a_case_of_another_region_is_not_found(self, desk, complaint):
        assert (await open_desk(desk, f"/{complaint}", session(desk, region="KZ-75"))).status_code == 404
        assert (await send(desk, complaint, "claim", session(desk, region="KZ-75"))).status_code == 404

    async def test_a_form_from_another_site_is_refused(self, desk, complaint):
        answer = await send(desk, complaint, "claim", session(desk) | {"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert (await desk.case(complaint))["assignee"] is None


class TestListPage:
    async def test_each_tab_counts_what_its_list_holds(self, desk, complaint):
        for region in ("KZ-43", "KZ-43", "KZ-75"):
            await desk.open(region=region, text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        await desk.apply(imported())
        await desk.carry_out(complaint, "claim", desk.token("specialist", region="KZ-43"))
        page = (await open_desk(desk)).text
        assert [f"Mine {1}" in page, f"Not taken {2}" in page, f"Overdue {0}" in page] == [True, True, True]
        for tab, rows in (("mine", 1), ("queue", 2), ("overdue", 0), ("awaiting", 0)):
            assert (await open_desk(desk, tab=tab)).text.count("<li><a href=") == rows

    async def test_the_next_due_comes_first_and_says_how_near_it_is(self, desk, complaint):
        question = await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        page = (await open_desk(desk)).text
        assert page.index(str(question)) < page.index(str(complaint))
        assert "tomorrow" in page
        assert "in 21 days" in page

    async def test_a_number_is_found_by_its_first_digits(self, desk, complaint):
        number = (await desk.case(complaint))["number"]
        await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        assert (await open_desk(desk, query=number[:15])).text.count("<li><a href=") == 1
        assert "No case has this number" in (await open_desk(desk, query="1999")).text

    @pytest.mark.usefixtures("complaint")
    async def test_a_row_names_the_language_in_words(self, desk):
        page = (await open_desk(desk)).text
        assert "· Russian" in page or "· Kazakh" in page

    async def test_other_text_in_the_search_is_not_echoed(self, desk):
        page = (await open_desk(desk, query="Ахметова Айгүл 77010000000")).text
        assert "Айгүл" not in page

    async def test_an_empty_list_explains_itself(self, desk):
        assert "Every open case has somebody working on it" in (await open_desk(desk)).text
        assert "Every deadline is being met" in (await open_desk(desk, tab="overdue")).text

    async def test_a_long_list_continues_on_the_next_page(self, desk):
        for _ in range(27):
            await desk.open(text=None, has_text=False, kind="CONSULTATION", topic="STATUS_CHECK")
        first = (await open_desk(desk)).text
        following = re.search(r'href="(/routing/desk\?[^"]*cursor[^"]*)" rel="next"', first)[1].replace("&amp;", "&")
        second = (await desk.client.get(following, headers=session(desk))).text
        assert (first.count("<li><a href="), second.count("<li><a href=")) == (25, 2)


class TestCasePage:
    @pytest.mark.parametrize("language", ["kk", "ru", "en"])
    async def test_it_is_shown_in_every_language(self, desk, complaint, language):
        page = await open_desk(desk, f"/{complaint}", lang=language)
        assert page.status_code == 200
        assert f'lang="{language}"' in page.text

    async def test_evidence_is_marked_and_the_text_is_escaped(self, desk):
        appeal_id = await desk.open(text="Дәрігер қабылдаудан бас тартты <script>alert(1)</script>")
        page = (await open_desk(desk, f"/{appeal_id}")).text
        assert "<mark>" in page
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page

    async def test_the_applicant_is_fetched_only_on_request(self, desk, owners, complaint):
        clerk = session(desk, subject="clerk-7")
        hidden = (await open_desk(desk, f"/{complaint}", clerk)).text
        assert owners.asked == [("intake", "desk-text", "clerk-7")]
        shown = (await open_desk(desk, f"/{complaint}", clerk, show="applicant")).text
        assert owners.asked[1:] == [("intake", "desk", "clerk-7")]
        assert [CANARY["iin"] in page for page in (hidden, shown)] == [False, True]

    async def test_what_the_applicant_sent_after_filing_is_shown(self, desk, owners, complaint):
        owners.sent = {
            "contested_act": "Отказ от 3 февраля",
            "provider_name": "5 <емхана>",
            "messages": [
                {"id": str(uuid4()), "at": NOW.isoformat(), "by": "APPLICANT", "kind": "MESSAGE", "text": "Маму увезли <b>в больницу</b>."},
                {"id": str(uuid4()), "at": NOW.isoformat(), "by": "APPLICANT", "kind": "MESSAGE", "text": None},
            ],
        }
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Отказ от 3 февраля" in page
        assert "The applicant wrote “5 &lt;емхана&gt;”" in page
        assert "Маму увезли &lt;b&gt;в больницу&lt;/b&gt;." in page
        assert "This message cannot be read" in page

    async def test_files_of_the_appeal_are_named_by_kind_size_and_state(self, desk, owners, complaint):
        file = {"attachment_id": str(uuid4()), "kind": "PNG", "size": 2048, "state": "UNSCANNED", "added_at": NOW.isoformat()}
        owners.sent = {"attachments": [file, file | {"kind": "PDF", "state": "INFECTED"}]}
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "PNG, 2 kB" in page
        assert "not checked for viruses" in page
        assert "PDF, 2 kB" in page
        assert "infected" in page

    async def test_without_intake_everything_but_the_text_is_shown(self, desk, owners, complaint):
        owners.down = True
        page = await open_desk(desk, f"/{complaint}", show="applicant")
        assert page.status_code == 200
        assert "The register does not answer just now" in page.text
        assert forms(page) == {"claim", "classify", "escalate", "answer", "ask", "request-completion", "forward", "return"}

    @pytest.mark.parametrize("role", ["operator", "specialist", "supervisor", "head"])
    async def test_there_is_a_form_for_each_possible_action_and_for_no_other(self, desk, complaint, role):
        offered = await desk.case(complaint, desk.token(role, region="KZ-43"))
        assert forms(await open_desk(desk, f"/{complaint}", session(desk, role))) == {each["action"] for each in offered["next_actions"]}

    async def test_the_assignee_is_shown_by_name(self, desk, complaint):
        clerk = session(desk, subject="clerk-7", name="Сынақ Арман")
        await open_desk(desk, who=clerk)
        await send(desk, complaint, "claim", clerk)
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Assigned to Сынақ Арман" in page
        assert "clerk-7" not in page

    async def test_a_clock_explains_its_date_day_by_day(self, desk, complaint):
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Working day 15" in page
        assert "Day off, not counted" in page

    async def test_the_response_of_the_provider_is_shown_with_its_inquiry(self, desk, owners, complaint):
        inquiry, provider, response = uuid4(), uuid4(), uuid4()
        owners.responses[str(response)] = {"language": "ru", "code": "RESOLVED", "text": "Пациент записан на 4 февраля."}
        usual = {"appeal_id": complaint, "inquiry_id": inquiry, "provider_id": provider}
        await desk.apply(InquirySent(category="REFUSAL_APPOINTMENT", due_at=NOW, discloses=True, **usual))
        assert "Awaiting the provider 1" in (await open_desk(desk)).text
        await desk.apply(InquiryAnswered(response_id=response, code="RESOLVED", **usual))
        page = (await open_desk(desk, f"/{complaint}")).text
        assert "Пациент записан на 4 февраля." in page
        assert ("provider-contact", "desk", "specialist-KZ-43") in owners.asked

    async def test_an_imported_case_is_read_only(self, desk):
        event = imported()
        await desk.apply(event)
        page = await open_desk(desk, f"/{event.appeal_id}")
        assert "read-only" in page.text
        assert forms(page) == set()


class TestMarking:
    def test_overlapping_evidence_is_marked_once_and_evidence_outside_the_text_is_ignored(self):
        spans = [{"start": 2, "end": 5}, {"start": 4, "end": 7}, {"start": 8, "end": 99}]
        parts = marked_text(AppealContent(text="0123456789"), spans).parts
        assert [(part.text, part.marked) for part in parts] == [("01", False), ("234", True), ("56", True), ("789", False)]


class TestActions:
    async def test_a_case_is_claimed_answered_and_closed(self, desk, complaint):
        taken = await send(desk, complaint, "claim")
        assert (taken.status_code, taken.headers["location"]) == (303, f"/routing/desk/{complaint}?flash=claim")
        page = await desk.client.get(taken.headers["location"], headers=session(desk))
        assert "The case is yours now." in page.text
        assert "Assigned to you" in page.text
        assert (await send(desk, complaint, "answer", **ANSWER)).status_code == 303
        answered = await open_desk(desk, f"/{complaint}")
        assert forms(answered) == {"close"}
        assert ANSWER["text"] in answered.text
        assert (await send(desk, complaint, "close", outcome="JUSTIFIED")).status_code == 303
        case = await desk.case(complaint)
        assert (case["status"], case["outcome"]) == ("CLOSED", "JUSTIFIED")

    async def test_the_answer_is_what_was_typed(self, desk, complaint):
        await send(desk, complaint, "answer", **(ANSWER | {"text": "Первая строка.\r\nВторая."}))
        answer = (await desk.case(complaint))["answer"]
        assert answer["text"] == "Первая строка.\nВторая."
        assert [finding["fact"] for finding in answer["findings"]] == [ANSWER["findings.0.fact"]]

    async def test_errors_of_the_closure_gate_are_shown_at_each_field_and_no_input_is_lost(self, desk, complaint):
        sent = {"language": "ru", "text": "Разберёмся.", "findings.0.category": "REFUSAL_APPOINTMENT"}
        page = await send(desk, complaint, "answer", **sent)
        assert page.status_code == 422
        assert "Разберёмся." in page.text
        wrong = set(re.findall(r'id="f-([a-z0-9_-]+)-error"', page.text))
        assert wrong == {"findings-0-outcome", "findings-0-fact", "findings-0-rule", "next_steps", "how_to_complain"}
        assert (await desk.case(complaint))["status"] == "IN_REVIEW"

    async def test_the_applicant_is_asked_for_what_is_missing_by_ticks(self, desk, complaint):
        ticks = {f"request-completion-missing.{code}": "yes" for code in ("ADDRESS", "SIGNATURE")}
        asked = {"request-completion-language": "kk", "request-completion-text": "Мекенжайыңызды жазыңыз."}
        refused = await send(desk, complaint, "request-completion", **asked)
        assert (refused.status_code, "Мекенжайыңызды" in refused.text) == (422, True)
        assert (await send(desk, complaint, "request-completion", **asked, **ticks)).status_code == 303
        page = await open_desk(desk, f"/{complaint}")
        assert "Postal address · Signature or e-signature" in page.text
        assert (await desk.case(complaint))["status"] == "NEEDS_FIX"

    async def test_an_appeal_is_returned_forwarded_in_part_or_asked_about(self, desk, complaint):
        part = {"forward-body": "LABOUR_SOCIAL", "forward-part": "yes", "forward-text": "Бір бөлігі."}
        assert (await send(desk, complaint, "forward", **part)).status_code == 303
        assert (await send(desk, complaint, "ask", **{"ask-text": "Қашан?", "ask-language": "kk"})).status_code == 303
        wrong = await send(desk, complaint, "return")
        assert (wrong.status_code, 'id="f-return-ground-error"' in wrong.text or 'href="#f-return-ground"' in wrong.text) == (422, True)
        assert (await send(desk, complaint, "return", **{"return-ground": "OBSCENE"})).status_code == 303
        assert (await desk.case(complaint))["status"] == "RETURNED"

    @pytest.mark.usefixtures("owners")
    async def test_a_danger_is_shown_on_top_until_it_is_redirected(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        page = (await open_desk(desk, f"/{appeal_id}")).text
        assert "To be passed on at once: extortion of money" in page
        assert (await send(desk, appeal_id, "redirect", **{"redirect-body": "POLICE"})).status_code == 303
        assert "Passed on: Police (102)" in (await open_desk(desk, f"/{appeal_id}")).text

    async def test_a_following_appeal_links_to_the_earlier_one(self, desk, complaint):
        later = await desk.open(follows=complaint)
        assert f'href="/routing/desk/{complaint}' in (await open_desk(desk, f"/{later}")).text
        assert "Continues № " in (await open_desk(desk, f"/{later}")).text

    async def test_every_id_of_a_page_is_unique(self, desk, complaint):
        page = await open_desk(desk, f"/{complaint}", session(desk, "head"))
        ids = re.findall(r' id="([^"]+)"', page.text)
        assert len(ids) == len(set(ids))

    async def test_the_checklist_marks_what_is_filled_in(self, desk, complaint):
        page = await send(desk, complaint, "answer", **(ANSWER | {"findings.0.rule": ""}))
        done = re.findall(r'<li data-needs="([^"]+)" class="done">', page.text)
        assert done == ["^text$", r"^findings\.[0-9]+\.outcome$", r"^findings\.[0-9]+\.fact$", "^next_steps$", "^how_to_complain$"]

    async def test_another_issue_is_added_without_losing_the_first(self, desk, complaint):
        page = await send(desk, complaint, "answer", more="yes", **ANSWER)
        assert page.status_code == 200
        assert 'name="findings.1.fact"' in page.text
        assert ANSWER["findings.0.fact"] in page.text
        assert (await desk.case(complaint))["status"] == "IN_REVIEW"

    async def test_a_conflict_shows_the_current_case_and_the_entered_text(self, desk, complaint):
        page_was_opened = (await desk.case(complaint))["version"]
        await desk.carry_out(complaint, "claim", desk.token("head", region="KZ-43"))
        page = await send(desk, complaint, "answer", **(ANSWER | {"expected_version": str(page_was_opened)}))
        assert page.status_code == 409
        assert "The case has changed meanwhile" in page.text
        assert ANSWER["text"] in page.text
        assert f'name="expected_version" value="{page_was_opened + 1}"' in page.text

    async def test_entered_text_is_shown_even_if_its_form_is_gone(self, desk, complaint):
        await send(desk, complaint, "answer", **ANSWER)
        page = await send(desk, complaint, "answer", **(ANSWER | {"text": "Второй ответ."}))
        assert page.status_code == 409
        assert "no longer possible" in page.text
        assert "Второй ответ." in page.text

    async def test_a_correction_drops_the_subject_that_does_not_go_with_the_kind(self, desk, complaint):
        sent = {"kind": "CONSULTATION", "category": "REFUSAL_APPOINTMENT", "topic": "STATUS_CHECK", "statutory_form": ""}
        assert (await send(desk, complaint, "classify", **sent)).status_code == 303
        case = await desk.case(complaint)
        assert (case["kind"], case["category"], case["topic"]) == ("CONSULTATION", None, "STATUS_CHECK")

    async def test_an_action_that_makes_the_case_invisible_redirects_to_the_list(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        expert = session(desk, "expert", None)
        done = await send(desk, appeal_id, "classify", expert, kind="CONSULTATION", topic="STATUS_CHECK")
        assert (done.status_code, done.headers["location"]) == (303, "/routing/desk?flash=classify")

    async def test_a_case_is_assigned_to_a_colleague_and_escalated(self, desk, complaint):
        supervisor = session(desk, "supervisor")
        assert (await send(desk, complaint, "assign", supervisor, assignee="")).status_code == 422
        unknown = await send(desk, complaint, "assign", supervisor, assignee="clerk-9")
        assert unknown.status_code == 422
        await desk.get("/cases", desk.token("specialist", region="KZ-43", subject="clerk-9", name="Сынақ Қызметкер"))
        assert '<option value="clerk-9">Сынақ Қызметкер, ' in (await send(desk, complaint, "assign", supervisor, assignee="")).text
        assert (await send(desk, complaint, "assign", supervisor, assignee="clerk-9")).status_code == 303
        assert (await desk.case(complaint))["assignee"] == "clerk-9"
        assert (await send(desk, complaint, "escalate", reason="NEEDS_EXPERT")).status_code == 303
        assert (await desk.case(complaint))["tier"] == 3

    @pytest.mark.parametrize("raw", [b"text=%FF", b"a=1&" * 300, b"\xd0\x90=1"])
    async def test_a_malformed_form_is_refused(self, desk, complaint, raw):
        headers = session(desk) | {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await desk.client.post(f"/routing/desk/{complaint}/answer", headers=headers, content=raw)
        assert answer.status_code == 400

    async def test_a_change_of_language_on_a_returned_form_redirects_to_the_case(self, desk, complaint):
        answer = await open_desk(desk, f"/{complaint}/answer", lang="kk")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/routing/desk/{complaint}?lang=kk")


class TestCatalogs:
    def test_every_sentence_is_translated(self):
        assert missing_messages(Path(routing.__file__).parent) == []
