"""Marked personal data goes through every service, and is nowhere to be found but with those who may read it."""

from pathlib import Path

import pytest

IIN = "990401530356"
CANARIES = {
    "full_name": "Қанарейкин Сынақбек",
    "iin": IIN,
    "phone": "+77017654321",
    "email": "kanareika-zq@example.org",
    "address": "Қанарейка көшесі 77",
}
TEXT = "канарейка-мәтін: дәрігер қабылдамады"
PROVIDER_NAME = "канарейка 777 емханасы"
RESPONSE = "канарейка-жауап: қабылдаймыз"
ANSWER = "канарейка-шешім: негізді"
DIRECTORY = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    "990140011072,Сынақ № 777 емханасы,Тестовая поликлиника № 777,№ 777,,KZ-43,,POLYCLINIC,STATE,kanareika-org@example.org,+77017654322\n"
)


@pytest.fixture(scope="module")
def canaries(people, eventually):
    """File and answer an appeal whose every text is marked. Return the marks, which no store, log line or metric may hold."""
    upload = {**people.bearer("admin"), "Content-Type": "text/csv"}
    assert people.http.post("/provider-contact/v1/providers/imports", content=DIRECTORY.encode(), headers=upload).json()["rejected"] == []
    [provider, *_] = people.get("/provider-contact/v1/providers", params={"query": "777", "region": "KZ-43"}).json()["items"]
    filed = {
        "channel": "CALL_1414",
        "language": "kk",
        "kind": "COMPLAINT",
        "category": "REFUSAL_APPOINTMENT",
        "region": "KZ-43",
        "provider": {"name": PROVIDER_NAME},
        "text": TEXT,
        "applicant": CANARIES,
        "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
    }
    receipt = people.post("/intake/v1/appeals", filed, "channel")
    path = f"/routing/v1/cases/{receipt['appeal_id']}"
    eventually(lambda: people.get(path, "operator").is_success)
    people.http.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": "00000000"})
    people.http.post("/intake/v1/appeals", json={**filed, "region": IIN, "text": ""})

    matches = people.get("/provider-contact/v1/matches", "operator").json()["items"]
    if any(match["appeal_id"] == receipt["appeal_id"] for match in matches):
        chosen = {"provider_id": provider["provider_id"]}
        people.post(f"/provider-contact/v1/matches/{receipt['appeal_id']}/actions/choose", chosen, "operator")
    claims = {"provider_id": provider["provider_id"]}
    inquiry = eventually(lambda: people.get("/provider-contact/v1/inquiries", "provider", **claims).json()["items"])[0]
    answered = {"expected_version": inquiry["version"], "language": "kk", "code": "RESOLVED", "text": RESPONSE}
    people.post(f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}/actions/respond", answered, "provider", **claims)
    case = eventually(lambda: _answered_by_provider(people.get(path, "operator").json()))
    finding = {"category": "REFUSAL", "outcome": "JUSTIFIED", "fact": ANSWER, "rule": ANSWER}
    said = {"language": "kk", "text": ANSWER, "findings": [finding], "next_steps": ANSWER, "how_to_complain": ANSWER}
    people.post(f"{path}/actions/answer", {"expected_version": case["version"], **said}, "operator")
    eventually(lambda: _track(people, receipt)["answer"])
    assert _track(people, receipt)["answer"]["text"] == ANSWER, "the canary has to reach the one who may read it"
    shown = people.get(f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}", "provider", **claims).json()
    assert (shown["text"], shown["applicant"]["iin"]) == (TEXT, IIN)
    return [*CANARIES.values(), TEXT, PROVIDER_NAME, RESPONSE, ANSWER, receipt["pin"], "kanareika-org", "7017654322", "7017654321"]


def _answered_by_provider(case):
    return case if any(each["type"] == "inquiry-answered" for each in case["history"]) else None


def _track(people, receipt):
    return people.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]}).json()


def _found(canaries, content):
    """The canaries in `content`, as UTF-8 or as JSON escapes."""
    return [
        canary
        for canary in canaries
        if canary.encode() in content or canary.encode("unicode_escape") in content or canary.lower().encode() in content.lower()
    ]


class TestPersonalData:
    def test_no_file_holds_a_canary_in_the_open(self, people, canaries):
        files = [path for path in Path(people.suite.data).rglob("*") if path.is_file() and path.name != "sealing.json"]
        assert {"intake.db", "routing.db", "provider_contact.db", "analytics.db", "events.db", "suite.log"} <= {path.name for path in files}
        assert {path.name: found for path in files if (found := _found(canaries, path.read_bytes()))} == {}

    def test_no_metric_holds_a_canary(self, people, canaries):
        for service in ("intake", "routing", "provider-contact", "analytics"):
            metrics = people.http.get(f"/{service}/metrics")
            assert metrics.is_success
            assert _found(canaries, metrics.content) == []

    def test_the_log_was_written_at_all(self, people, canaries):
        assert canaries
        assert b'"route":"/intake/v1/appeals"' in people.suite.log.read_bytes()
