"""By telephone: a question closed in the call; a complaint written down by the operator, answered by the branch, notified by SMS, read
by keypad, confirmed and rated in the next call."""

import html
import random
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from shared.web.session import COOKIE
from suite import process
from suite.processes import FRONT, Processes
from suite.tokens import issue
from tests.patience import LONG_PATIENCE, PATIENCE
from tests.patience import wait_until as eventually

OPERATOR = "operator-1414"
NUMBER = "+77010000000"
TEXT = "Терапевт қабылдаудан бас тартты, талон жоқ деді."
ANSWER = "Шағымыңыз негізді деп танылды, сізді қабылдайды."
GIVEN = process.UNLIMITED | {"ARYZ_INTAKE_QUIET_HOURS": "false"}


class Centre:
    """The exchange, the operator's page and the desk of one running system."""

    def __init__(self, http, data):
        self.http = http
        self.data = data

    def bearer(self, role, **claims):
        return {"Authorization": f"Bearer {issue(self.data, role, **claims)}"}

    def rings(self, call_id, *, minutes_ago):
        """A call that was queued, answered by the operator, and is over."""
        began = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        facts = [
            ("offered", 0, {"from": NUMBER, "to": "1414"}),
            ("queued", 4, {"queue": "1414-kk"}),
            ("answered", 15, {"agent_id": OPERATOR}),
            ("ended", 75, {"talk_s": 60}),
        ]
        events = [
            {
                "call_id": call_id,
                "seq": after,
                "type": kind,
                "at": (began + timedelta(seconds=after)).isoformat(timespec="seconds"),
                **fields,
            }
            for kind, after, fields in facts
        ]
        self.post("/intake/v1/channels/phone/calls", [events[3], *events[:3]], "telephony")

    def post(self, path, body, role, **claims):
        answer = self.http.post(path, json=body, headers=self.bearer(role, **claims))
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path, role, **claims):
        answer = self.http.get(path, headers=self.bearer(role, **claims))
        assert answer.is_success, answer.text
        return answer.json()

    def page(self, path="", fields=None):
        """The operator's page; with fields it is posted, as a browser does."""
        token = issue(self.data, "operator", subject=OPERATOR, name="Сынақ Оператор")  # who writes a contact down is named
        headers = {"Cookie": f"{COOKIE}={token}; aryz_lang=ru"}
        if fields is None:
            answer = self.http.get(f"/intake/call{path}", headers=headers)
        else:
            answer = self.http.post(f"/intake/call{path}", data=fields, headers=headers)
        assert answer.status_code < 400, answer.text
        return answer

    def message(self, notice_id):
        """What left, as the page of a machine without a gateway shows it."""
        headers = {"Cookie": f"{COOKIE}={issue(self.data, 'admin')}; aryz_lang=ru"}
        answer = self.http.post(f"/intake/outgoing/{notice_id}", headers=headers)
        assert answer.is_success, answer.text
        return html.unescape(answer.text)

    def current_call(self):
        return re.search(r'data-call="([^"]*)"', self.page().text)[1]


def client(url):
    return httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False)


@pytest.fixture(scope="module", params=["one-machine", "engines"])
def centre(request, tmp_path_factory):
    if request.param == "one-machine":
        with process.running(tmp_path_factory.mktemp("suite"), environment=GIVEN) as suite, client(suite.url) as http:
            yield Centre(http, suite.data)
        return
    kafka, postgres = request.getfixturevalue("kafka"), request.getfixturevalue("postgres")
    engines = {"ARYZ_KAFKA_BOOTSTRAP": kafka.bootstrap, "ARYZ_DATABASE_URL": postgres.url, "ARYZ_PREFIX": "phone"}
    data, port = tmp_path_factory.mktemp("processes"), random.randrange(12_000, 19_000)
    with (
        Processes(data, environment=GIVEN | engines, front_port=port) as started,
        client(started.process(FRONT, "front").url) as http,
    ):
        yield Centre(http, started.data)


@pytest.fixture(scope="module")
def consultation(centre):
    """A question, closed by one key."""
    centre.rings("journey-1", minutes_ago=8)
    sent = {"topic": "PAY_METHODS", "call": centre.current_call(), "key": str(uuid4()), "quick.region": "KZ-43", "quick.language": "kk"}
    assert sent["call"]
    centre.page("/close", sent)
    return eventually(lambda: centre.get("/routing/v1/cases?scope=all", "operator")["items"], patience=LONG_PATIENCE)[0]


@pytest.fixture(scope="module")
def complaint(centre, consultation):
    """Written down in a second call, read back, confirmed, registered; number and PIN as they were dictated."""
    assert consultation
    centre.rings("journey-2", minutes_ago=3)
    call = centre.current_call()
    written = {
        "call": call,
        "key": str(uuid4()),
        "service": "COMPLAINT",
        "category": "REFUSAL_APPOINTMENT",
        "region": "KZ-43",
        "text": TEXT,
        "language": "kk",
        "applicant.full_name": "Сынақ Айбек",
        "applicant.phone": NUMBER,
        "consents.PROCESSING": "yes",
    }
    assert TEXT in html.unescape(centre.page("/register", {**written, "step": "check"}).text)
    page = centre.page("/register", {**written, "step": "send", "confirmed": "yes"}).text
    number, pin = (spoken.replace(" ", "") for spoken in re.findall(r"<dd>([\d -]+)</dd>", page)[:2])
    appeal_id = re.search(r"/record/([0-9a-f-]{36})", page)[1]
    return {"number": number, "pin": pin, "appeal_id": appeal_id, "call": call}


@pytest.fixture(scope="module")
def answered(centre, complaint):
    """A specialist of the branch answers."""
    path = f"/routing/v1/cases/{complaint['appeal_id']}"
    region = {"region": "KZ-43"}

    def case():
        found = centre.http.get(path, headers=centre.bearer("specialist", **region))
        return found.json() if found.is_success else None

    version = eventually(case, patience=LONG_PATIENCE)["version"]
    finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
    answer = {
        "language": "kk",
        "text": ANSWER,
        "findings": [finding],
        "next_steps": "Емханаға барыңыз.",
        "how_to_complain": "Сотқа шағымданыңыз.",
    }
    for action, fields in (("claim", {}), ("answer", answer)):
        version = centre.post(f"{path}/actions/{action}", {"expected_version": version, **fields}, "specialist", **region)["version"]
    return complaint


def keyed(centre, complaint):
    body = {"number": complaint["number"].replace("-", ""), "pin": complaint["pin"], "language": "ru", "from": NUMBER}
    return centre.post("/intake/v1/channels/phone/status", body, "telephony")


@pytest.mark.timeout(900)
class TestByTelephone:
    def test_a_question_answered_in_the_call_is_closed_in_it(self, consultation):
        assert (consultation["kind"], consultation["topic"], consultation["status"]) == ("CONSULTATION", "PAY_METHODS", "CLOSED")

    def test_a_complaint_is_registered_from_its_first_ring_and_its_record_can_be_printed(self, centre, complaint):
        record = html.unescape(centre.page(f"/record/{complaint['appeal_id']}").text)
        assert TEXT in record
        assert complaint["number"] in record

    def test_a_verified_caller_hears_of_it_and_an_unverified_one_does_not(self, centre, complaint):
        assert complaint["number"] not in centre.page().text
        centre.page("/verify", {"call": complaint["call"], "check.NAME": "yes", "check.APPEAL": "yes"})
        assert complaint["number"] in centre.page().text

    def test_the_answer_is_available_by_keypad_with_number_and_pin(self, centre, answered):
        status = eventually(lambda: (found := keyed(centre, answered))["answered"] and found, patience=LONG_PATIENCE)
        assert status["sentence"].startswith("На ваше обращение дан ответ.")

    def test_an_sms_notifies_of_the_answer_without_its_content(self, centre, answered):
        path = f"/intake/v1/appeals/{answered['number']}/notices"

        def sent():
            notices = centre.get(path, "specialist", region="KZ-43")["items"]
            return [one for one in notices if one["fact"] == "answer-given" and one["state"] == "SENT"]

        [notice] = eventually(sent, patience=LONG_PATIENCE)
        assert notice["channel"] == "SMS"
        message = centre.message(notice["notice_id"])
        assert f"№ {answered['number']}: жауап" in message
        assert NUMBER in message
        assert TEXT not in message
        assert ANSWER not in message

    def test_the_caller_confirms_and_rates_the_answer_in_the_next_call(self, centre, answered):
        centre.rings("journey-3", minutes_ago=2)
        call = centre.current_call()
        centre.page("/verify", {"call": call, "check.NAME": "yes", "check.APPEAL": "yes"})
        centre.page("/outcome", {"call": call, "appeal": answered["appeal_id"], "outcome": "RESOLVED", "score": "5", "key": str(uuid4())})
        path = f"/routing/v1/cases/{answered['appeal_id']}"
        assert eventually(lambda: centre.get(path, "specialist", region="KZ-43")["status"] == "CLOSED", patience=LONG_PATIENCE)
        tracked = centre.http.get(f"/intake/v1/appeals/{answered['number']}", headers={"Appeal-Pin": answered["pin"]}).json()
        assert (tracked["verdict"], tracked["score"]) == ("RESOLVED", 5)

    def test_all_calls_and_the_mark_are_in_the_figures_of_the_centre(self, centre, answered):
        assert answered
        today = datetime.now(UTC)
        days = "&".join(f"{name}={(today + timedelta(days=shift)).date().isoformat()}" for name, shift in (("from", -1), ("to", 1)))
        eventually(lambda: centre.get(f"/analytics/v1/kpis/calls_answered?{days}", "analyst")["value"] == 3, patience=LONG_PATIENCE)
        eventually(lambda: centre.get(f"/analytics/v1/kpis/satisfaction?{days}", "analyst")["value"] == 5, patience=LONG_PATIENCE)
