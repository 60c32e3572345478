import re

import pytest

from routing.cases.schemas.command import CaseAction
from routing.desk.pages import case_forms
from tests.routing.desk.support import ANSWER, forms, open_desk, send, session


class TestActions:
    async def test_a_case_is_claimed_answered_and_closed(self, desk, complaint):
        taken = await send(desk, complaint, "claim")
        assert (taken.status_code, taken.headers["location"]) == (303, f"/routing/desk/{complaint}?flash=claim")
        page = await desk.client.get(taken.headers["location"], headers=session(desk))
        assert "The case is yours now." in page.text
        assert "Assigned to you" in page.text
        assert (await send(desk, complaint, "answer", **ANSWER)).status_code == 303
        answered = await open_desk(desk, f"/{complaint}")
        assert forms(answered) == {"close", "log-call", "link-duplicate"}
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
        asked = await desk.case(complaint)
        assert (asked["status"], asked["approval"]["fields"]) == ("AWAITING_APPLICANT", {"ground": "OBSCENE"})
        page = await open_desk(desk, f"/{complaint}", session(desk, "head"))
        assert "Obscene or insulting language" in page.text
        assert (await send(desk, complaint, "approve", session(desk, "head"))).headers["location"].endswith("flash=approve")
        assert (await desk.case(complaint))["status"] == "RETURNED"

    @pytest.mark.usefixtures("owners")
    async def test_a_danger_is_shown_on_top_until_it_is_redirected(self, desk):
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="EXTORTION")
        expert = session(desk, "expert", None)
        page = (await open_desk(desk, f"/{appeal_id}", expert)).text
        assert "To be passed on at once: extortion of money" in page
        assert (await send(desk, appeal_id, "redirect", expert, **{"redirect-body": "POLICE"})).status_code == 303
        assert "Passed on: Police (102)" in (await open_desk(desk, f"/{appeal_id}", expert)).text

    async def test_a_following_appeal_links_to_the_earlier_one(self, desk, complaint):
        later = await desk.open(follows=complaint)
        assert f'href="/routing/desk/{complaint}' in (await open_desk(desk, f"/{later}")).text
        assert "Continues № " in (await open_desk(desk, f"/{later}")).text

    async def test_an_action_without_a_template_gets_a_form_from_its_fields(self, desk, complaint, monkeypatch):
        monkeypatch.setattr(case_forms, "WITH_TEMPLATE", case_forms.WITH_TEMPLATE - {CaseAction.RETURN})
        page = await open_desk(desk, f"/{complaint}")
        assert "Return the appeal" in page.text
        assert page.text.count('name="return-ground"') == 2  # the form of the template, which stays, and the one made
        assert (await send(desk, complaint, "return", **{"return-ground": "OBSCENE"})).status_code == 303

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
        appeal_id = await desk.open(text=None, has_text=False, kind="COMPLAINT", category="QUALITY_DEATH")
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
