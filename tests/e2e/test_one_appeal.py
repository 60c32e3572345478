"""One complaint through all four services, over HTTP alone."""

from datetime import UTC, datetime, timedelta

import pytest

BIN = "990140010103"
DIRECTORY = (
    "bin,name_kk,name_ru,short_name,aliases,region,district,kind,ownership,email,phone\n"
    f"{BIN},Сынақ № 901 қалалық емханасы,Тестовая городская поликлиника № 901,№ 901 ҚЕ,901 емхана,KZ-43,,POLYCLINIC,STATE,"
    "p901@example.org,+77010000901\n"
)
TEXT = "Терапевт қабылдаудан бас тартты, талон жоқ деді."
RESPONSE = "Пациентті ертең қабылдаймыз."
ANSWER = "Шағымыңыз негізді деп танылды, сізді қабылдайды."


@pytest.fixture(scope="module")
def suite(suite_of_its_own):
    return suite_of_its_own


@pytest.fixture(scope="module")
def provider_id(people):
    imported = people.http.post(
        "/provider-contact/v1/providers/imports",
        content=DIRECTORY.encode(),
        headers={**people.bearer("admin"), "Content-Type": "text/csv"},
    ).json()
    assert imported["imported"] == 1, imported
    return people.get("/provider-contact/v1/providers", params={"query": "901 емхана", "region": "KZ-43"}).json()["items"][0]["provider_id"]


@pytest.fixture(scope="module")
def receipt(people, provider_id):
    assert provider_id
    return people.post(
        "/intake/v1/appeals",
        {
            "channel": "CALL_1414",
            "language": "kk",
            "kind": "COMPLAINT",
            "category": "REFUSAL_APPOINTMENT",
            "region": "KZ-43",
            "provider": {"name": "901 емхана"},
            "text": TEXT,
            "applicant": {"full_name": "Сынақ Айбек", "iin": "991231501014", "phone": "+77010000000"},
            "consents": ["PROCESSING", "DISCLOSE_TO_PROVIDER"],
        },
        "channel",
    )


@pytest.fixture(scope="module")
def closed(people, receipt, provider_id, eventually):
    """The provider answers, a specialist of the branch answers the citizen and closes."""
    inquiry = eventually(lambda: people.get("/provider-contact/v1/inquiries", "provider", provider_id=provider_id).json()["items"])[0]
    path = f"/provider-contact/v1/inquiries/{inquiry['inquiry_id']}"
    shown = people.get(path, "provider", provider_id=provider_id).json()
    inquiry = people.post(f"{path}/actions/acknowledge", {"expected_version": shown["version"]}, "provider", provider_id=provider_id)
    answered = {"expected_version": inquiry["version"], "language": "kk", "code": "EXPLANATION", "text": RESPONSE}
    people.post(f"{path}/actions/respond", answered, "provider", provider_id=provider_id)

    case_path = f"/routing/v1/cases/{receipt['appeal_id']}"
    case = eventually(lambda: _in_review(people.get(case_path, "specialist", region="KZ-43").json()))
    finding = {"category": "REFUSAL_APPOINTMENT", "outcome": "JUSTIFIED", "fact": "Талон берілмеген.", "rule": "ҚР ДСМ бұйрығы"}
    moves = [
        ("claim", {}),
        (
            "answer",
            {
                "language": "kk",
                "text": ANSWER,
                "findings": [finding],
                "next_steps": "Емханаға барыңыз.",
                "how_to_complain": "Сотқа шағымдануға болады.",
            },
        ),
        ("close", {"outcome": "JUSTIFIED"}),
    ]
    for action, fields in moves:
        body = {"expected_version": case["version"], **fields}
        case = people.post(f"{case_path}/actions/{action}", body, "specialist", region="KZ-43")
    return {"case": case, "shown": shown}


def _in_review(case):
    return case if case.get("status") == "IN_REVIEW" and any(each["type"] == "inquiry-answered" for each in case["history"]) else None


def _track(people, receipt):
    return people.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": receipt["pin"]}).json()


class TestAnAppeal:
    def test_the_citizen_gets_a_number_and_a_date_at_once(self, receipt):
        assert receipt["number"].split("-")[1] == "43"
        assert receipt["due_explanation"][-1]["counts"] == 15

    def test_the_provider_named_in_words_sees_the_text_it_was_disclosed_to(self, closed):
        assert closed["shown"]["text"] == TEXT

    def test_the_citizen_reads_the_answer_and_the_whole_way_in_three_languages(self, people, receipt, closed, eventually):
        assert closed["case"]["status"] == "CLOSED"
        tracked = eventually(lambda: (found := _track(people, receipt))["status"] == "CLOSED" and found)
        assert tracked["answer"]["text"] == ANSWER
        assert tracked["outcome"] == "JUSTIFIED"
        assert {held["holder"] for held in tracked["time_held"]} >= {"PROVIDER"}
        assert all(entry[language] for entry in tracked["timeline"] for language in ("kk", "ru", "en"))
        assert len(tracked["timeline"]) >= 4

    def test_a_wrong_pin_opens_nothing(self, people, receipt):
        wrong = f"{(int(receipt['pin']) + 1) % 10**8:08d}"
        refused = people.get(f"/intake/v1/appeals/{receipt['number']}", headers={"Appeal-Pin": wrong})
        assert refused.status_code == 404

    def test_the_figures_count_it(self, people, closed, eventually):
        assert closed
        today = datetime.now(UTC)
        days = [(today + timedelta(days=shift)).date().isoformat() for shift in (-1, 1)]

        def outcome():
            parts = people.figure("outcomes", *days, region="KZ-43")["parts"]
            return [part for part in parts if part["code"] == "JUSTIFIED" and part["value"] == 1]

        assert eventually(outcome)
        assert people.figure("complaints", *days, region="KZ-43")["value"] == 1
        [reason] = people.figure("complaints_by_category", *days, region="KZ-43")["parts"]
        assert (reason["code"], reason["value"], reason["share"]) == ("REFUSAL", 1, 100.0)
