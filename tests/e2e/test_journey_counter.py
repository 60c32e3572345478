"""Over the counter: a letter, answered by a letter; a statement given to a provider; and an entry of people's control."""

import html
import re
from uuid import uuid4

import pytest

from shared.web.session import COOKIE
from suite.tokens import issue

BIN = "990140010103"
DIRECTORY = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    f"{BIN},Сынақ № 901 қалалық емханасы,Тестовая городская поликлиника № 901,№ 901 ҚЕ,901 емхана,KZ-43,,POLYCLINIC,STATE,"
    "p901@example.org,+77010000901\n"
)
REGION = {"region": "KZ-43"}
TEXT = "Терапевт қабылдаудан бас тартты, талон жоқ деді."
ANSWER = "Шағымыңыз негізді деп танылды, сізді қабылдайды."
WRITTEN = {
    "service": "COMPLAINT",
    "category": "REFUSAL_APPOINTMENT",
    "text": TEXT,
    "language": "kk",
    "applicant.full_name": "Сынақ Айбек",
    "applicant.address": "Қызылорда, Сынақ көшесі, 1",
    "answer_by": "LETTER",
    "consents.PROCESSING": "yes",
}


def page(people, path, role, fields=None, **claims):
    """A page of intake, as somebody signed in sees it; with fields it is posted."""
    token = issue(people.suite.data, role, **claims)
    headers = {"Cookie": f"{COOKIE}={token}; aryz_lang=ru"}
    if fields is None:
        answer = people.http.get(f"/intake{path}", headers=headers)
    else:
        answer = people.http.post(f"/intake{path}", data={"step": "send", "key": str(uuid4()), **fields}, headers=headers)
    assert answer.status_code < 400, answer.text
    return html.unescape(answer.text)


def case_of(people, eventually, number):
    """The case of a registered number, as a specialist of the branch sees it."""

    def find_case():
        found = people.get("/routing/v1/cases", "specialist", params={"scope": "region", "limit": 200}, **REGION).json()["items"]
        return next((one["appeal_id"] for one in found if one["number"] == number), None)

    return people.get(f"/routing/v1/cases/{eventually(find_case)}", "specialist", **REGION).json()


def perform(people, case, action, **fields):
    path = f"/routing/v1/cases/{case['appeal_id']}/actions/{action}"
    return people.post(path, {"expected_version": case["version"], **fields}, "specialist", **REGION)


def answer(people, case):
    finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
    said = {"language": "kk", "text": ANSWER, "findings": [finding], "next_steps": "Емханаға барыңыз."}
    return perform(people, perform(people, case, "claim"), "answer", **said, how_to_complain="Сотқа шағымдануға болады.")


def number_on(talon):
    return re.search(r"<dd>(\d{4}-\d\d-\d{7}-\d)</dd>", talon)[1]


@pytest.fixture(scope="module")
def provider_id(people):
    upload = {**people.bearer("admin"), "Content-Type": "text/csv"}
    people.http.post("/provider-contact/v1/providers/imports", content=DIRECTORY.encode(), headers=upload).raise_for_status()
    return people.get("/provider-contact/v1/providers", params={"query": "901 емхана", "region": "KZ-43"}).json()["items"][0]["provider_id"]


class TestALetter:
    def test_it_gets_a_talon_goes_to_the_desk_and_its_answer_to_the_letters_to_post(self, people, eventually):
        clerk = {"name": "Сынақ Айгүл Маратқызы", **REGION}
        talon = page(people, "/counter", "specialist", {**WRITTEN, "way": "LETTER"}, **clerk)
        assert "Сынақ А. М., Филиал маманы" in talon
        case = case_of(people, eventually, number_on(talon))
        assert case["kind"] == "COMPLAINT"
        answer(people, case)

        def letter():
            links = re.findall(r'href="/intake(/outgoing/by-hand/[^"]+)"', page(people, "/outgoing/by-hand", "specialist", **clerk))
            pages = [page(people, link, "specialist", **clerk) for link in links]
            return next((one for one in pages if ANSWER in one and number_on(talon) in one), None)

        printed = eventually(letter)
        assert WRITTEN["applicant.address"] in printed
        assert WRITTEN["applicant.full_name"] in printed


class TestAStatementGivenToAProvider:
    def test_her_five_days_run_and_she_sees_how_it_stands(self, people, provider_id, eventually):
        officer = {"provider_id": provider_id, "subject": "officer-1", "name": "Сынақ Бибі"}
        eventually(lambda: people.http.get("/intake/providers", params=REGION).json()["items"])
        talon = page(people, "/counter", "provider", {**WRITTEN, "way": "SPP"}, **officer)
        assert "Сынақ № 901 қалалық емханасы" in talon
        case = case_of(people, eventually, number_on(talon))
        assert case["provider_id"] == provider_id
        assert "SPP_5CD" in {clock["policy"] for clock in case["clocks"]}
        [mine] = people.get("/intake/v1/receptions", "provider", **officer).json()["items"]
        assert mine["number"] == number_on(talon)
        other = officer | {"subject": "officer-2"}
        assert people.get("/intake/v1/receptions", "provider", **other).json()["total"] == 0


class TestPeoplesControl:
    def test_an_entry_is_closed_only_with_an_answer_and_everybody_sees_it(self, people, eventually):
        sent = {
            "kind": "COMPLAINT",
            "category": "REFUSAL_APPOINTMENT",
            "region": "KZ-43",
            "text": TEXT,
            "step": "send",
            "key": str(uuid4()),
        }
        talon = people.http.post("/intake/peoples-control", data=sent)
        assert talon.status_code == 201, talon.text
        number = number_on(html.unescape(talon.text))
        case = perform(people, case_of(people, eventually, number), "claim")
        path = f"/routing/v1/cases/{case['appeal_id']}/actions/close"
        body = {"expected_version": case["version"], "outcome": "JUSTIFIED"}
        assert people.http.post(path, json=body, headers=people.bearer("specialist", **REGION)).status_code in {409, 422}
        finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
        said = {"language": "kk", "text": ANSWER, "findings": [finding], "next_steps": "Емханаға барыңыз.", "how_to_complain": "Сотқа."}
        perform(people, perform(people, case, "answer", **said), "close", outcome="JUSTIFIED")

        def listed():
            shown = html.unescape(people.http.get("/intake/peoples-control?lang=kk").text)
            entry = next((one for one in shown.split("<article") if number in one), "")
            return entry if "Жауап берілді" in entry else None

        assert TEXT not in eventually(listed)
