"""A mobile application: its citizen files, follows by list, tag and stream, confirms and rates; its backend hears of it for a push."""

import json

import httpx
import pytest

from suite import process
from suite.process import UNLIMITED
from tests.e2e.conftest import People
from tests.e2e.receiver import Receiver
from tests.patience import PATIENCE

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
BACKEND = {"subject": "app"}


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    environment = {**UNLIMITED, "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "true"}
    with (
        process.running(tmp_path_factory.mktemp("app"), environment=environment) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield People(suite, http)


@pytest.fixture(scope="module")
def backend(people):
    """The app's backend, which turns what it is told into pushes: its receiver, and the secret of its subscription."""
    receiver = Receiver()
    yield receiver, people.post("/intake/v1/subscriptions", {"url": receiver.url}, "channel", **BACKEND)["secret"]
    receiver.close()


def pushed(backend, wanted):
    """What the backend was told, once this is among it."""
    receiver, secret = backend
    told = [{"type": one["type"], **one["data"]} for one in receiver.verified_updates(secret)]
    return told if any(one["type"] == wanted for one in told) else None


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
    def test_a_citizen_files_reads_the_answer_confirms_and_rates_and_the_backend_knows_when(self, people, backend, eventually):
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

        push = eventually(lambda: pushed(backend, "answer-given"))
        assert [(one["number"], one["type"]) for one in push] == [(told["number"], one["type"]) for one in events]
        assert "обоснована" not in json.dumps(push, ensure_ascii=False)
        resumed = streamed(people, events[0]["cursor"], "answer-given")
        assert resumed == events[1:]

        mine = f"/intake/v1/appeals/{told['number']}"
        people.post(f"{mine}/confirmation", {"outcome": "RESOLVED"}, "applicant", **CITIZEN)
        people.post(f"{mine}/feedback", {"score": 5}, "applicant", **CITIZEN)
        assert streamed(people, events[-1]["cursor"], "case-closed")[-1]["status"] == "CLOSED"
        assert eventually(lambda: pushed(backend, "case-closed"))[-1]["number"] == told["number"]
        shown = people.get(mine, "applicant", **CITIZEN).json()
        assert (shown["status"], shown["verdict"], shown["score"]) == ("CLOSED", "RESOLVED", 5)

    def test_a_stranger_sees_none_of_it(self, people):
        stranger = {"subject": "app-citizen-2"}
        assert people.get("/intake/v1/appeals", "applicant", **stranger).json()["items"] == []
