"""A health department's call centre passes an appeal on, hears of each step by feed and signed webhook, and is passed one itself."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from standardwebhooks import Webhook

from suite import process
from suite.process import UNLIMITED
from tests.e2e.conftest import People

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


class Hooks:
    """The department's receiver: down until it is told to be up."""

    def __init__(self):
        self.up = False
        self.got = []
        self.tries = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.tries += 1
                if owner.up:
                    owner.got.append((dict(self.headers), body))
                self.send_response(204 if owner.up else 503)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/aryz"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def hooks():
    one = Hooks()
    yield one
    one.close()


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    environment = {**UNLIMITED, "ARYZ_INTAKE_WEBHOOKS_TO_LOOPBACK": "true"}
    with (
        process.running(tmp_path_factory.mktemp("partner"), environment=environment) as suite,
        httpx.Client(base_url=suite.url, timeout=30, trust_env=False) as http,
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
def closed(people, passed_on, eventually):
    """The branch answers and closes."""
    path = f"/routing/v1/cases/{passed_on['appeal_id']}"
    case = eventually(lambda: (found := people.get(path, "specialist", region="KZ-43")).is_success and found.json())
    finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
    words = {"language": "kk", "text": "Шағым негізді.", "next_steps": "Емханаға барыңыз.", "how_to_complain": "Сотқа."}
    for action, fields in (("claim", {}), ("answer", {**words, "findings": [finding]}), ("close", {"outcome": "JUSTIFIED"})):
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


class TestPartner:
    def test_the_feed_tells_every_step_under_the_departments_own_number(self, people, closed, passed_on, eventually):
        assert closed["status"] == "CLOSED"
        told = eventually(lambda: (found := feed(people)) and found[-1]["type"] == "case-closed" and found)
        assert {one["external_number"] for one in told} == {"ДЗ-2026-118"}
        assert told[0]["type"] == "appeal-routed"
        assert told[-1]["status"] == "CLOSED"
        shown = people.get(f"/intake/v1/appeals/{passed_on['number']}", "partner", subject=SUBJECT).json()
        assert shown["answer"]["text"] == "Шағым негізді."

    def test_webhooks_come_once_each_in_order_and_signed_when_the_receiver_is_back(self, people, hooks, subscription, closed, eventually):
        assert closed
        eventually(lambda: hooks.tries)
        hooks.up = True
        path = f"/intake/v1/subscriptions/{subscription['subscription_id']}"
        whole = feed(people)
        eventually(lambda: len(hooks.got) >= len(whole))
        signer = Webhook(subscription["secret"])
        said = [signer.verify(body, headers) for headers, body in hooks.got]
        assert [one["data"]["cursor"] for one in said] == [one["cursor"] for one in whole]
        assert len({headers["webhook-id"] for headers, _ in hooks.got}) == len(hooks.got)
        log = people.get(f"{path}/deliveries", "partner", subject=SUBJECT).json()
        assert all(one["delivered_at"] for one in log["items"])
        assert "қабылдаудан" not in json.dumps(said, ensure_ascii=False)

    def test_the_same_number_again_is_refused_with_the_first(self, people, passed_on):
        headers = people.bearer("partner", subject=SUBJECT)
        again = people.http.post("/intake/v1/appeals", json={**APPEAL, "external_number": "ДЗ-2026-118"}, headers=headers)
        assert (again.status_code, again.json()["number"]) == (409, passed_on["number"])
