"""The published surface behind the register: deadlines, classifications, the desk, providers, inquiries and figures."""

from uuid import uuid4

import pytest

from tests.e2e import shapes
from tests.e2e.shapes import APPEALS, NOBODY, has, is_problem, raw, send, without

__all__ = ["raw", "send"]  # fixtures, used by name

CASES, PROVIDERS, INQUIRIES = "/routing/v1/cases", "/provider-contact/v1/providers", "/provider-contact/v1/inquiries"
DATES = {"from": "2025-01-01", "to": "2025-12-31"}
DEADLINES, KPIS = "/routing/v1/deadlines", "/analytics/v1/kpis"
HEADER = "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
CLINIC = (
    "990140010301,Сынақ № 903 қалалық емханасы,Тестовая городская поликлиника № 903,№ 903 ҚЕ,903 емхана;903-ші емхана,"
    "KZ-43,,POLYCLINIC,STATE,p903@example.org,+77010000903\n"
)
TRADER_IIN = "991231501014"
TRADER = f"{TRADER_IIN},Жеке кәсіпкер Сынақбаев,ИП Сынакбаев,,,KZ-43,,POLYCLINIC,PRIVATE,,\n"
FINDING = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
ANSWER = {"language": "kk", "text": "Сізді қабылдайды.", "findings": [FINDING], "next_steps": "Барыңыз.", "how_to_complain": "Сотқа."}
COMPLAINT = {
    "channel": "CALL_1414",
    "language": "kk",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Терапевт қабылдаудан бас тартты.",
    "applicant": {},
}
QUESTION = without(COMPLAINT, "category") | {"kind": "CONSULTATION", "topic": "PAY_METHODS"}


@pytest.fixture(scope="module")
def suite(suite_of_its_own):
    return suite_of_its_own


class TestDeadlines:
    def test_a_date_explains_itself_day_by_day(self, people):
        said = has(people.get(DEADLINES, params={"policy": "APPK_15WD", "from": "2026-02-02"}), shapes.DEADLINE)
        assert (said["policy"], said["starts_at"]) == ("APPK_15WD", "registration")
        assert (said["from"], said["due_on"]) == ("2026-02-02", "2026-02-23")
        counted = [each["counts"] for each in said["explanation"] if each["counts"]]
        assert counted == list(range(1, 16))
        assert [said["explanation"][0]["date"], said["explanation"][-1]["date"]] == ["2026-02-02", "2026-02-23"]

    @pytest.mark.parametrize("day", ["1999-12-31", "9999-12-31"])
    def test_outside_the_calendar_is_said_so(self, people, day):
        assert is_problem(people.get(DEADLINES, params={"policy": "APPK_15WD", "from": day}), 422, "calendar-gap")

    @pytest.mark.parametrize(
        ("change", "field"), [({"policy": "NONE"}, "policy"), ({"from": "2026-02-30"}, "from"), ({"from": "1770000000"}, "from")]
    )
    def test_a_wrong_question_is_refused_by_its_field(self, people, change, field):
        asked = {"policy": "APPK_15WD", "from": "2026-02-02"} | change
        assert is_problem(people.get(DEADLINES, params=asked), 422, "invalid-input", field)


class TestClassifications:
    def test_a_text_is_classified_with_its_evidence(self, send):
        text = "Терапевт қабылдаудан бас тартты, талон жоқ деді."
        said = has(send("/routing/v1/classifications", {"text": text}, "channel"), shapes.CLASSIFICATION)
        assert (said["kind"], said["category"], said["language"], said["urgent"]) == ("COMPLAINT", "REFUSAL_APPOINTMENT", "kk", False)
        assert "талон жоқ" in {text[each["start"] : each["end"]] for each in said["evidence"]}

    @pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": "x" * 20_001}, {"text": 1}, {"text": None}])
    def test_a_text_is_needed(self, send, body):
        assert is_problem(send("/routing/v1/classifications", body, "operator"), 422, "invalid-input", "text")

    def test_nothing_else_is_taken(self, send):
        assert is_problem(send("/routing/v1/classifications", {"text": "x", "why": 1}, "operator"), 422, "invalid-input", "why")


class Desk:
    """One appeal's case, as a specialist of its branch sees it."""

    def __init__(self, people, send, receipt):
        self.people, self.send, self.path = people, send, f"{CASES}/{receipt['appeal_id']}"

    def read(self, role="specialist", region="KZ-43"):
        return self.people.get(self.path, role, region=region)

    def perform(self, action, role="specialist", region="KZ-43", version=None, **fields):
        expected = self.read().json()["version"] if version is None else version
        return self.send(f"{self.path}/actions/{action}", {"expected_version": expected, **fields}, role, region=region)


@pytest.fixture
def file(people, send, eventually):
    """Register an appeal and give the desk of its case once it is there."""

    def filed(appeal):
        desk = Desk(people, send, send(APPEALS, appeal, "operator").json())
        eventually(lambda: desk.read().status_code == 200)
        return desk

    return filed


class TestCases:
    def test_a_case_is_listed_and_shown_with_what_may_be_done(self, people, file):
        desk = file(COMPLAINT)
        case = has(desk.read(), shapes.CASE)
        assert [action["action"] for action in case["next_actions"]] == [
            "claim", "classify", "escalate", "answer", "answer-and-close", "ask", "request-completion", "forward", "return",
            "log-call", "ask-provider", "request-extension", "split-issue", "set-finding", "link-duplicate", "protect",
        ]  # fmt: skip
        listed = [has(people.get(CASES, "specialist", region="KZ-43", params={"scope": "region"}), shapes.listing(shapes.LISTED_CASE))]
        while listed[-1]["next_cursor"]:
            more = {"scope": "region", "cursor": listed[-1]["next_cursor"]}
            listed.append(has(people.get(CASES, "specialist", region="KZ-43", params=more), shapes.listing(shapes.LISTED_CASE)))
        found = {each["appeal_id"]: each for page in listed for each in page["items"]}
        assert {page["total"] for page in listed} == {len(found)}
        assert found[case["appeal_id"]]["next_actions"] == case["next_actions"]

    def test_each_scope_is_known_and_another_is_not(self, people, file):
        file(COMPLAINT).perform("claim")
        asked = {
            scope: people.get(CASES, "specialist", region="KZ-43", params={"scope": scope, "limit": 1})
            for scope in ("mine", "queue", "region", "all")
        }
        assert all(has(each, shapes.listing(shapes.LISTED_CASE)) for each in asked.values())
        assert is_problem(people.get(CASES, "operator", params={"scope": "none"}), 422, "invalid-input", "scope")

    def test_a_case_outside_the_scope_answers_like_a_missing_case(self, people, file):
        desk = file(COMPLAINT)
        assert is_problem(desk.read(region="KZ-71"), 404, "not-found")
        assert is_problem(desk.read(region=None), 404, "not-found")
        assert is_problem(desk.read("expert"), 404, "not-found")
        assert is_problem(desk.perform("claim", region="KZ-71"), 404, "not-found")
        assert is_problem(people.get(f"{CASES}/{NOBODY}", "operator"), 404, "not-found")
        assert {desk.read(role, None).status_code for role in ("operator", "admin")} == {200}
        assert {desk.read(role, None).status_code for role in ("analyst", "provider", "applicant")} == {403}

    def test_from_claim_to_close_every_action_gives_the_case(self, people, send, eventually):
        receipt = send(APPEALS, COMPLAINT, "operator").json()
        desk = Desk(people, send, receipt)
        eventually(lambda: desk.read().status_code == 200)
        claimed = has(desk.perform("claim"), shapes.CASE)["assignee"]
        assert is_problem(desk.perform("assign", "supervisor", assignee="nobody-here"), 422, "unknown-assignee")
        assert has(desk.perform("assign", "supervisor", assignee=claimed), shapes.CASE)["assignee"] == claimed
        classified = has(desk.perform("classify", kind="COMPLAINT", category="REFUSAL", topic=None, statutory_form="ZHALOBA"), shapes.CASE)
        assert (classified["category"], classified["statutory_form"]) == ("REFUSAL", "ZHALOBA")
        assert has(desk.perform("escalate", reason="NEEDS_EXPERT"), shapes.CASE)["tier"] == 3
        assert has(desk.perform("answer", "expert", None, **ANSWER), shapes.CASE)["status"] == "ANSWERED"
        closed = has(desk.perform("close", outcome="JUSTIFIED"), shapes.CASE)
        assert (closed["status"], closed["holder"], closed["next_actions"]) == ("CLOSED", "NONE", [])

        def tracked():
            shown = people.get(f"{APPEALS}/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]})
            return shown.json()["status"] == "CLOSED" and has(shown, shapes.TRACKED)

        shown = eventually(tracked)
        assert shown["answer"] == ANSWER | {"at": shown["answer"]["at"]}
        assert shown["outcome"] == "JUSTIFIED"

    def test_another_version_is_a_conflict_that_says_the_current_one(self, file):
        desk = file(COMPLAINT)
        refused = desk.perform("claim", version=99)
        assert is_problem(refused, 409, "version-conflict")
        assert refused.json()["current_version"] == desk.read().json()["version"]

    def test_what_the_state_does_not_allow_says_what_it_allows(self, file):
        desk = file(COMPLAINT)
        refused = desk.perform("close", outcome="JUSTIFIED")
        assert is_problem(refused, 409, "action-not-possible")
        assert refused.json()["next_actions"] == desk.read().json()["next_actions"]

    def test_the_same_action_under_the_same_key_is_done_once(self, file, send):
        desk = file(COMPLAINT)
        body = {"expected_version": desk.read().json()["version"]}
        key = {"Idempotency-Key": str(uuid4())}
        first, again = (send(f"{desk.path}/actions/claim", body, "specialist", headers=key, region="KZ-43") for _ in range(2))
        assert has(first, shapes.CASE) == has(again, shapes.CASE)
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_assigning_is_for_supervisor_and_head(self, file):
        desk = file(COMPLAINT)
        known = desk.perform("claim").json()["assignee"]
        allowed = {
            role: desk.perform("assign", role, assignee=known).status_code for role in ("operator", "specialist", "supervisor", "head")
        }
        assert allowed["supervisor"] == allowed["head"] == 200
        assert allowed["specialist"] == 403

    def test_an_operator_answers_a_consultation_with_its_text_alone(self, file):
        desk = file(QUESTION)
        assert has(desk.perform("claim", "operator", None), shapes.CASE)["tier"] == 1
        answered = has(desk.perform("answer", "operator", None, language="kk", text="Банк арқылы.", findings=[]), shapes.CASE)
        assert answered["status"] == "ANSWERED"
        assert has(desk.perform("close", "operator", None, outcome="EXPLAINED"), shapes.CASE)["status"] == "CLOSED"

    @pytest.mark.parametrize(
        ("action", "fields", "field"),
        [
            ("claim", {"why": 1}, "why"),
            ("claim", {"expected_version": "1"}, "expected_version"),
            ("classify", {"kind": "COMPLAINT", "topic": "PAY_METHODS"}, "topic"),
            ("classify", {"category": "REFUSAL"}, "kind"),
            ("escalate", {}, "reason"),
            ("escalate", {"reason": "NONE"}, "reason"),
            ("answer", without(ANSWER, "language"), "language"),
            ("answer", ANSWER | {"findings": []}, "findings"),
            ("answer", ANSWER | {"findings": [without(FINDING, "rule")]}, "findings.0.rule"),
            ("answer", without(ANSWER, "how_to_complain"), "how_to_complain"),
            ("answer", ANSWER | {"text": "я" * 20_001}, "text"),
        ],
    )
    def test_a_wrong_field_of_an_action_is_named(self, file, action, fields, field):
        assert is_problem(file(COMPLAINT).perform(action, **fields), 422, "invalid-input", field)

    def test_an_unknown_action_is_not_found(self, file):
        assert is_problem(file(COMPLAINT).perform("burn"), 404, "not-found")


@pytest.fixture(scope="module")
def clinic(people, raw):
    said = has(raw(f"{PROVIDERS}/imports", HEADER + CLINIC + TRADER, "text/csv", "admin"), shapes.IMPORTED)
    assert (said["received"], said["imported"], said["rejected"]) == (2, 2, [])
    [found, *_] = people.get(PROVIDERS, params={"query": "903 емхана"}).json()["items"]
    return found["provider_id"]


class TestProviders:
    @pytest.mark.parametrize("query", ["903 емхана", "поликлиника 903", "903 emhana"])
    def test_a_provider_is_found_in_three_scripts(self, people, clinic, query):
        params = {"query": query, "region": "KZ-43", "limit": 5}
        best = has(people.get(PROVIDERS, params=params), shapes.listing(shapes.PROVIDER))["items"][0]
        assert (best["provider_id"], best["bin"], best["region"], best["kind"]) == (clinic, "990140010301", "KZ-43", "POLYCLINIC")
        assert has(people.get(PROVIDERS, params=params | {"region": "KZ-71"}), shapes.listing(shapes.PROVIDER))["total"] == 0

    def test_a_sole_traders_number_is_for_staff_only(self, people, clinic):
        assert clinic
        params = {"query": "Жеке кәсіпкер Сынақбаев"}
        who = (None, "applicant", "provider", "operator")
        shown = {role: people.get(PROVIDERS, role, params=params).json()["items"][0]["bin"] for role in who}
        assert shown == {None: None, "applicant": None, "provider": None, "operator": TRADER_IIN}

    def test_the_same_list_again_changes_nothing_and_each_refused_line_is_reported(self, raw, clinic):
        assert clinic
        elsewhere = CLINIC.replace("KZ-43", "KZ-99").replace("990140010301", "990140010202")
        lines = HEADER + CLINIC + CLINIC.replace("990140010301", "123") + elsewhere
        said = has(raw(f"{PROVIDERS}/imports", lines, "text/csv", "admin"), shapes.IMPORTED)
        assert (said["received"], said["unchanged"]) == (3, 1)
        assert [(each["line"], each["field"]) for each in said["rejected"]] == [(3, "bin"), (4, "region")]


@pytest.fixture(scope="module")
def inquiry(people, send, clinic, eventually):
    send(APPEALS, COMPLAINT | {"provider": {"name": "903 емхана"}, "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"]}, "operator")
    listed = eventually(lambda: (found := people.get(INQUIRIES, "provider", provider_id=clinic)).json()["items"] and found)
    return has(listed, shapes.listing(shapes.INQUIRY))["items"][0]


@pytest.fixture(scope="module")
def act_on_inquiry(send, clinic, inquiry):
    def acted(action, version, role="provider", **fields):
        claims = {"provider_id": clinic} if role == "provider" else {"region": "KZ-43"}
        return send(f"{INQUIRIES}/{inquiry['inquiry_id']}/actions/{action}", {"expected_version": version, **fields}, role, **claims)

    return acted


class TestInquiries:
    def test_a_provider_sees_its_own_alone(self, people, clinic, inquiry):
        assert inquiry["provider_id"] == clinic
        assert people.get(INQUIRIES, "provider", provider_id=NOBODY).json()["total"] == 0
        assert is_problem(people.get(f"{INQUIRIES}/{inquiry['inquiry_id']}", "provider", provider_id=NOBODY), 404, "not-found")
        assert people.get(INQUIRIES, "specialist", region="KZ-43").json()["total"] == 1
        assert people.get(INQUIRIES, "specialist", region="KZ-71").json()["total"] == 0

    def test_it_is_acknowledged_and_answered_once(self, people, clinic, inquiry, act_on_inquiry):
        shown = people.get(f"{INQUIRIES}/{inquiry['inquiry_id']}", "provider", provider_id=clinic).json()
        version = shown["version"]
        response = {"language": "kk", "code": "RESOLVED", "text": "Қабылдаймыз."}
        for change, field in [({"code": "NONE"}, "code"), ({"language": "xx"}, "language"), ({"text": ""}, "text"), ({"why": 1}, "why")]:
            assert is_problem(act_on_inquiry("respond", version, **response | change), 422, "invalid-input", field)
        stale = act_on_inquiry("acknowledge", version + 7)
        assert is_problem(stale, 409, "version-conflict")
        assert stale.json()["current_version"] == version
        assert act_on_inquiry("acknowledge", version, "specialist").status_code == 403

        acknowledged = has(act_on_inquiry("acknowledge", version), shapes.INQUIRY)
        assert acknowledged["status"] == "ACKNOWLEDGED"
        again = act_on_inquiry("acknowledge", acknowledged["version"])
        assert is_problem(again, 409, "action-not-possible")
        assert [each["action"] for each in again.json()["next_actions"]] == ["respond", "propose", "promise", "ask-time"]
        responded = has(act_on_inquiry("respond", acknowledged["version"], **response), shapes.INQUIRY)
        left = [each["action"] for each in responded["next_actions"]]
        assert (responded["status"], left) == ("RESPONDED", ["promise"]), "RESOLVED has opened a proposal, and one is open at a time"


@pytest.fixture(scope="module")
def compared(people, send, eventually):
    """What to ask for, once both years have something to count."""
    send(APPEALS, COMPLAINT | {"region": "KZ-10", "received_at": "2025-05-05T06:00:00Z"}, "operator")
    send(APPEALS, QUESTION | {"region": "KZ-10", "received_at": "2024-05-06T06:00:00Z"}, "operator")
    asked = {**DATES, "region": "KZ-10", "compare": "previous_year"}

    def counted():
        said = people.get(f"{KPIS}/received", "analyst", params=asked).json()
        return said["value"] and said["comparison"]["value"]

    eventually(counted)
    return asked


class TestFigures:
    def test_the_figures_are_listed_by_name_a_public_subset_without_a_token(self, people):
        listed = has(people.get(KPIS, "analyst", params={"limit": 100}), shapes.listing(shapes.KPI))
        assert [each["id"] for each in listed["items"]] == [*shapes.KPI_IDS, *shapes.MEASURED_IDS]
        first = people.get(KPIS, "analyst", params={"limit": 5}).json()
        second = people.get(KPIS, "analyst", params={"limit": 100, "cursor": first["next_cursor"]}).json()
        assert (first["items"] + second["items"], first["total"]) == (listed["items"], len(listed["items"]))
        public = {each["id"] for each in has(people.get(KPIS), shapes.listing(shapes.KPI))["items"]}
        assert public < set(shapes.KPI_IDS)
        assert people.get(f"{KPIS}/complaints_by_provider", params=DATES).status_code == 401

    @pytest.mark.parametrize("kpi", shapes.KPI_IDS)
    def test_each_figure_compares_with_the_year_before(self, people, compared, kpi):
        said = has(people.get(f"{KPIS}/{kpi}", "analyst", params=compared), shapes.FIGURE)
        assert (said["id"], said["from"], said["to"], said["suppressed"]) == (kpi, "2025-01-01", "2025-12-31", False)
        assert (said["comparison"]["from"], said["comparison"]["to"]) == ("2024-01-01", "2024-12-31")
        assert said["comparison"]["change"] == said["value"] - said["comparison"]["value"]
        assert not said["parts"] or sum(part["value"] for part in said["parts"]) == said["value"]
        assert has(people.get(f"{KPIS}/{kpi}", "analyst", params=DATES), shapes.FIGURE)["comparison"] is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"from": "1999-12-31"}, "from"),
            ({"to": "2100-01-01"}, "to"),
            ({"to": "2024-12-31"}, "to"),
            ({"to": "2025-12-31T00:00:00Z"}, "to"),
            ({"region": "KZ-99"}, "region"),
            ({"compare": "none"}, "compare"),
            ({"regoin": "KZ-43"}, "regoin"),
        ],
    )
    def test_a_wrong_question_is_refused_by_its_field(self, people, change, field):
        assert is_problem(people.get(f"{KPIS}/received", "analyst", params=DATES | change), 422, "invalid-input", field)

    def test_an_unknown_figure_is_not_found(self, people):
        assert is_problem(people.get(f"{KPIS}/none", "analyst", params=DATES), 404, "not-found")

    def test_a_supervisor_sees_the_own_region(self, people):
        def asked(**claims):
            return people.get(f"{KPIS}/received", "supervisor", params={**DATES, "region": "KZ-10"}, **claims)

        assert has(asked(region="KZ-10"), shapes.FIGURE)
        public = people.get(f"{KPIS}/received", params={**DATES, "region": "KZ-10"}).json()
        elsewhere = asked(region="KZ-43")
        assert elsewhere.status_code == 200
        assert {**elsewhere.json(), "as_of": None} == {**public, "as_of": None}
        assert is_problem(asked(), 403, "forbidden")
