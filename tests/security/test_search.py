# ruff: noqa: F811 - fixtures are imported, and named as parameters
"""A search or a filter never shows more than what was asked for: an unknown value finds nothing or is refused."""

import pytest

from shared.domain.identifiers import damm_digit
from tests.routing.conftest import desk  # noqa: F401 - pytest finds fixtures by name
from tests.routing.desk.conftest import owners  # noqa: F401
from tests.routing.desk.support import open_desk

UNKNOWN = ("Иванова", "Иванова 452", "' OR 1=1 --", "%", "_", "*", "№", "-", "\u200b", "9" * 15, "²", "٤٥٢")
SERIAL = "2026-43-0000452-" + damm_digit("2026430000452")


@pytest.fixture
async def numbered(desk):
    """Two cases, and the number of one of them."""
    await desk.open(number="2026-43-0000077-" + damm_digit("2026430000077"))
    await desk.open(number=SERIAL)
    return desk


class TestNumbers:
    @pytest.mark.parametrize("name", ["number", "query"])
    @pytest.mark.parametrize("unknown", UNKNOWN)
    async def test_what_is_no_number_finds_nothing(self, numbered, name, unknown):
        answer = await numbered.get("/cases", numbered.token("admin"), **{name: unknown})
        assert (answer.status_code, answer.json()["items"], answer.json()["total"]) == (200, [], 0)

    @pytest.mark.parametrize(
        "typed",
        [
            SERIAL, SERIAL.replace("-", ""), f"№ {SERIAL}", SERIAL.replace("-", "\u2013"), "0000452", "452", "\u200b0000452 ", SERIAL[-9:],
            "452" + SERIAL[-1], "430000452", "43-" + SERIAL[-9:], "2026-43-00004", "2026430000452",
        ],
    )  # fmt: skip
    async def test_a_case_is_found_by_its_number_its_beginning_and_its_end_as_pasted(self, numbered, typed):
        answer = await numbered.get("/cases", numbered.token("admin"), number=typed)
        assert [each["number"] for each in answer.json()["items"]] == [SERIAL]

    async def test_only_visible_cases_are_found(self, numbered):
        for role, region, total in (("specialist", "KZ-43", 1), ("specialist", "KZ-27", 0), ("expert", None, 0)):
            answer = await numbered.get("/cases", numbered.token(role, region=region), number="0000452")
            assert answer.json()["total"] == total


class TestFilters:
    @pytest.mark.parametrize(("name", "value"), [("scope", "everything"), ("status", "LOST"), ("kind", "RUMOUR"), ("tier", "9")])
    async def test_an_unknown_value_is_refused(self, numbered, name, value):
        assert (await numbered.get("/cases", numbered.token("admin"), **{name: value})).status_code == 422


class TestDesk:
    @pytest.mark.parametrize("unknown", [each for each in UNKNOWN if each != "\u200b"])
    async def test_what_is_no_number_shows_an_empty_result(self, numbered, unknown):
        page = await open_desk(numbered, query=unknown, tab="queue")
        assert page.status_code == 200
        assert "0000452" not in page.text
        assert "Nothing was found" in page.text or "No case has this number" in page.text

    async def test_the_end_of_a_number_shows_the_case(self, numbered):
        page = await open_desk(numbered, query="0000452")
        assert SERIAL in page.text
        assert "0000077" not in page.text
