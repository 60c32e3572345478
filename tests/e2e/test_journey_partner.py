"""A health department's call centre passes an appeal on, hears of each step by feed and signed webhook, and is passed one itself."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from suite import process
from suite.process import UNLIMITED
from tests.e2e.conftest import People
from tests.e2e.receiver import Receiver
from tests.patience import PATIENCE

SUBJECT = "health-department"
APPEAL = {
    "channel": "HEALTH_DEPT",
    "language": "kk",
    "kind": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "region": "KZ-43",
    "text": "Терапевт қабылдаудан бас тартты.",
    "applicant": {"full_name": "Сынақ Айбек", "phone": "+77010000000"},
    "answer_by": "PARTNER",
    "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
}


@pytest.fixture(scope="module")
def hooks():
    one = Receiver(up=False)
    yield one
    one.close()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    environment = {**UNLIMITED, "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "true", "ARYZ_INTAKE_PARTNER_PER_MINUTE": "0"}
    with (
        process.running(tmp_path_factory.mktemp("partner"), environment=environment) as suite,
        httpx.Client(base_url=suite.url, timeout=PATIENCE, trust_env=False) as http,
    ):
        yield People(suite, http)


@pytest.fixture(scope="module")
def subscription(people, hooks):
    return people.post("/intake/v1/subscriptions", {"url": hooks.url}, "partner", subject=SUBJECT)


@pytest.fixture(scope="module")
def passed_on(people, subscription):
    assert subscription["secret"].startswith("whsec_")
    return people.post("/intake/v1/appeals", {**APPEAL, "external_number": "ДЗ-2026-118"}, "partner", subject=SUBJECT)


@pytest.fixture(scope="module")
def answered(people, passed_on, eventually):
    """The branch answers; whether that settles the matter, only the citizen can say."""
    path = f"/routing/v1/cases/{passed_on['appeal_id']}"
    case = eventually(lambda: (found := people.get(path, "specialist", region="KZ-43")).is_success and found.json())
    finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
    words = {"language": "kk", "text": "Шағым негізді.", "next_steps": "Емханаға барыңыз.", "how_to_complain": "Сотқа."}
    for action, fields in (("claim", {}), ("answer", {**words, "findings": [finding]})):
        case = people.post(f"{path}/actions/{action}", {"expected_version": case["version"], **fields}, "specialist", region="KZ-43")
    return case


def feed(people):
    """The whole feed of the department, a page of two at a time."""
    found, cursor = [], None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = people.get("/intake/v1/updates", "partner", params=params, subject=SUBJECT).json()
        found, cursor = found + page["items"], page["next_cursor"]
        if not page["items"]:
            return found


def fed(people, *kinds):
    """The whole feed, once steps of these types are in it."""
    found = feed(people)
    return found if {*kinds} <= {one["type"] for one in found} else None


class TestPartner:
    def test_the_feed_has_every_step_under_the_departments_own_number(self, people, answered, eventually):
        assert answered["status"] == "ANSWERED"
        told = eventually(lambda: fed(people, "answer-given"))
        assert {one["external_number"] for one in told} == {"ДЗ-2026-118"}
        assert told[0]["type"] == "appeal-routed"
        assert told[-1]["status"] == "ANSWERED"

    def test_the_answer_comes_by_webhook_once_the_receiver_is_back_each_step_once_in_order_and_signed(
        self, people, hooks, subscription, answered, passed_on, eventually
    ):
        assert answered
        eventually(lambda: hooks.tries)
        hooks.up = True
        whole = eventually(lambda: fed(people, "answer-given"))
        eventually(lambda: len(hooks.got) >= len(whole))
        said = hooks.verified_updates(subscription["secret"])
        assert [one["data"]["cursor"] for one in said] == [one["cursor"] for one in whole]
        assert len({headers["webhook-id"] for headers, _ in hooks.got}) == len(hooks.got)
        assert "қабылдаудан" not in json.dumps(said, ensure_ascii=False)
        shown = people.get(f"/intake/v1/appeals/{said[-1]['data']['number']}", "partner", subject=SUBJECT).json()
        assert (shown["number"], shown["answer"]["text"]) == (passed_on["number"], "Шағым негізді.")

    def test_the_citizen_says_by_the_talons_pin_that_it_is_settled_and_rates_and_the_department_hears_of_the_end(
        self, people, hooks, subscription, answered, passed_on, eventually
    ):
        assert answered
        path = f"/intake/v1/appeals/{passed_on['number']}"
        refused = people.http.post(f"{path}/confirmation", json={"outcome": "RESOLVED"}, headers=people.bearer("partner", subject=SUBJECT))
        assert refused.status_code == 404  # who passed it on reads, and does not speak for the citizen
        pin = {"Appeal-Pin": passed_on["pin"]}
        eventually(lambda: people.get(path, headers=pin).json()["status"] == "ANSWERED")
        assert people.http.post(f"{path}/confirmation", json={"outcome": "RESOLVED"}, headers=pin).status_code == 201
        assert people.http.post(f"{path}/feedback", json={"score": 4}, headers=pin).status_code == 201
        whole = eventually(lambda: fed(people, "case-closed", "appeal-rated"))
        assert whole[-1]["status"] == "CLOSED"
        eventually(lambda: len(hooks.got) >= len(whole))
        assert [one["data"]["cursor"] for one in hooks.verified_updates(subscription["secret"])] == [one["cursor"] for one in whole]
        log = f"/intake/v1/subscriptions/{subscription['subscription_id']}/deliveries"
        eventually(lambda: all(one["delivered_at"] for one in people.get(log, "partner", subject=SUBJECT).json()["items"]))
        today = datetime.now(UTC)
        days = [(today + timedelta(days=shift)).date().isoformat() for shift in (-1, 1)]
        assert eventually(lambda: people.figure("satisfaction", *days)["value"] == 4)

    def test_the_same_number_again_is_refused_with_the_first(self, people, passed_on):
        headers = people.bearer("partner", subject=SUBJECT)
        again = people.http.post("/intake/v1/appeals", json={**APPEAL, "external_number": "ДЗ-2026-118"}, headers=headers)
        assert (again.status_code, again.json()["number"]) == (409, passed_on["number"])
