"""A mobile application: its citizen files, follows by list, tag and stream; its backend hears of it for a push."""

import json

APPEAL = {
    "channel": "APP",
    "language": "ru",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Отказали в приёме терапевта.",
    "applicant": {"full_name": "Сынақ Азамат", "phone": "+77010000000"},
    "answer_by": "APP",
    "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
}
CITIZEN = {"subject": "app-citizen-1"}


def streamed(people, after, wanted):
    """Types of the stream's events behind a place, up to the one that is waited for."""
    headers = {**people.bearer("applicant", **CITIZEN), "Last-Event-ID": after}
    found = []
    with people.http.stream("GET", "/intake/v1/events", headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
                if found[-1]["type"] == wanted:
                    return found
    return found


class TestApp:
    def test_a_citizen_files_and_reads_the_answer_and_the_backend_knows_when(self, people, eventually):
        told = people.post("/intake/v1/appeals", APPEAL, "applicant", **CITIZEN)
        before = people.get("/intake/v1/appeals", "applicant", **CITIZEN)
        assert [one["number"] for one in before.json()["items"]] == [told["number"]]

        path = f"/routing/v1/cases/{told['appeal_id']}"
        case = eventually(lambda: (found := people.get(path, "specialist", region="KZ-43")).is_success and found.json())
        finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон не выдан.", "rule": "Приказ МЗ РК"}
        words = {"language": "ru", "text": "Жалоба обоснована.", "next_steps": "Вас примут.", "how_to_complain": "В суд."}
        for action, fields in (("claim", {}), ("answer", {**words, "findings": [finding]})):
            case = people.post(f"{path}/actions/{action}", {"expected_version": case["version"], **fields}, "specialist", region="KZ-43")

        events = streamed(people, "WzBd", "answer-given")
        assert {one["number"] for one in events} == {told["number"]}
        assert events[-1]["status"] == "ANSWERED"
        shown = people.get(f"/intake/v1/appeals/{told['number']}", "applicant", **CITIZEN)
        assert shown.json()["answer"]["text"] == "Жалоба обоснована."
        same = people.get(f"/intake/v1/appeals/{told['number']}", "applicant", headers={"If-None-Match": shown.headers["ETag"]}, **CITIZEN)
        changed = people.get("/intake/v1/appeals", "applicant", headers={"If-None-Match": before.headers["ETag"]}, **CITIZEN)
        assert (same.status_code, changed.status_code) == (304, 200)

        backend = people.get("/intake/v1/updates", "channel", subject="app").json()
        assert [one["type"] for one in backend["items"] if one["number"] == told["number"]] == [one["type"] for one in events]
        resumed = streamed(people, events[0]["cursor"], "answer-given")
        assert resumed == events[1:]

    def test_a_stranger_sees_none_of_it(self, people):
        stranger = {"subject": "app-citizen-2"}
        assert people.get("/intake/v1/appeals", "applicant", **stranger).json()["items"] == []
