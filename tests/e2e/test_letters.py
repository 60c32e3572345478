"""The answer as a letter and the case file, as the applicant, a clerk and a stranger get them from a running suite."""

import re
from hashlib import sha256

import pytest

from tests.forked_command import aryz
from tests.routing.documents.support import text_of

APPEAL = {
    "region": "KZ-43",
    "language": "kk",
    "kind": "GRATITUDE",
    "text": "Дәрігерге рахмет айтамын.",
    "applicant": {"full_name": "Сынақ Азамат", "address": "Сынақ көшесі, 1"},
    "consents": ["PROCESSING"],
}
ANSWER = {
    "language": "kk",
    "text": "Алғысыңыз дәрігерге жеткізілді.",
    "findings": [],
    "next_steps": "Ештеңе істемеңіз.",
    "how_to_complain": "1414",
}


@pytest.fixture(scope="module")
def answered(people, eventually):
    receipt = people.post("/intake/v1/appeals", APPEAL)
    case = f"/routing/v1/cases/{receipt['appeal_id']}"
    found = eventually(lambda: people.get(case, "specialist", region="KZ-43").is_success and people.get(case, "specialist", region="KZ-43"))
    people.post(f"{case}/actions/answer", {"expected_version": found.json()["version"], **ANSWER}, "specialist", region="KZ-43")
    tracked = f"/intake/v1/appeals/{receipt['number']}"
    eventually(lambda: people.get(tracked, headers={"Appeal-Pin": receipt["pin"]}).json()["answer"])
    return receipt


class TestLetter:
    def test_applicant_and_clerk_get_the_same_file_and_a_stranger_can_check_it(self, people, answered):
        own = people.get(f"/intake/v1/appeals/{answered['number']}/letter", headers={"Appeal-Pin": answered["pin"]})
        clerks = people.get(f"/routing/v1/cases/{answered['appeal_id']}/letter", "specialist", region="KZ-43")
        assert (own.status_code, own.headers["content-type"]) == (200, "application/pdf")
        assert own.content == clerks.content
        (code,) = set(re.findall(r"(?<![0-9])[0-9]{20}(?![0-9])", text_of(own.content)))
        checked = people.http.post("/routing/v1/letter-checks", json={"code": code, "sha256": sha256(own.content).hexdigest()}).json()
        assert (checked["number_tail"], checked["state"], checked["document"]) == (answered["number"][-6:], "VALID", "SAME")
        files = {"code": (None, code), "document": ("letter.pdf", own.content + b" ", "application/pdf")}
        page = people.http.post("/routing/letters", files=files, headers={"Cookie": "aryz_lang=ru"})
        assert (page.status_code, "не тот файл" in page.text) == (200, True)
        assert people.http.post("/routing/v1/letter-checks", json={"code": "1" * 20}).json()["code"] == "not-found"

    def test_reading_the_addressee_is_shown_to_the_applicant(self, people, answered):
        people.get(f"/routing/v1/cases/{answered['appeal_id']}/letter", "specialist", region="KZ-43")
        tracked = people.get(f"/intake/v1/appeals/{answered['number']}", headers={"Appeal-Pin": answered["pin"]}).json()
        assert ("specialist", "TEXT_AND_CONTACTS") in {(read["role"], read["part"]) for read in tracked["reads"]}


class TestCaseFile:
    def test_the_command_writes_it(self, people, answered, tmp_path):
        path = tmp_path / "file.pdf"
        where = ("--url", people.suite.url, "--data", people.suite.data)
        written = aryz("case-file", "--number", answered["number"], "--output", path, *where)
        assert (written.returncode, written.stdout.strip()) == (0, str(path))
        assert path.read_bytes().startswith(b"%PDF")

    def test_an_unknown_number_and_a_suite_that_is_away_are_said_in_one_sentence(self, people, tmp_path):
        unknown = aryz("case-file", "--number", "2026-43-9999999-6", "--url", people.suite.url, "--data", people.suite.data)
        assert (unknown.returncode, "no cases have the number" in unknown.stderr) == (1, True)
        away = aryz("case-file", "--number", "1", "--url", "http://127.0.0.1:9", "--data", people.suite.data)
        assert (away.returncode, "is `aryz up` running?" in away.stderr) == (1, True)
        assert not list(tmp_path.iterdir())
