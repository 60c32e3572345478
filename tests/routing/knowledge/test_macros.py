import pytest

from routing.knowledge import policy
from routing.knowledge.codes import MacroValue
from routing.knowledge.service import filled_macros, macros, written_language
from shared.domain.tables import ReferenceDataError

KNOWN = {MacroValue.NUMBER: "2026-43-0000031-4", MacroValue.DUE_ON: "23.02.2026", MacroValue.PROVIDER: "23 емхана"}


def entry(**changed):
    text = {"kk": {"title": "т", "body": "№ {{number}}"}, "ru": {"title": "т", "body": "№ {{number}}"}}
    return policy.MacroEntry.model_validate({"id": "one"} | text | changed)


class TestTheSentences:
    @pytest.mark.parametrize("language", ["kk", "ru"])
    def test_every_value_is_filled_in(self, language):
        found = filled_macros(language, KNOWN)
        assert len(found) == len(macros())
        assert not any("{{" in macro.body for macro in found)
        bodies = {macro.macro_id: macro.body for macro in found}
        assert "2026-43-0000031-4" in bodies["under-review"]
        assert "23.02.2026" in bodies["under-review"]
        assert "23 емхана" in bodies["provider-asked"]

    def test_a_sentence_with_an_unknown_value_is_left_out(self):
        found = {macro.macro_id for macro in filled_macros("kk", {MacroValue.NUMBER: "1"})}
        assert {macro.id for macro in macros()} - found == {"under-review", "provider-asked"}

    def test_a_value_that_looks_like_a_name_of_one_is_not_filled_again(self):
        found = {macro.macro_id: macro.body for macro in filled_macros("ru", KNOWN | {MacroValue.PROVIDER: "{{number}}"})}
        assert "{{number}}" in found["provider-asked"]

    def test_readers_of_english_get_russian(self):
        assert written_language("en") == "ru"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"ru": {"title": "т", "body": "Без номера"}},
            {"kk": {"title": "т", "body": "{{iin}}"}, "ru": {"title": "т", "body": "{{iin}}"}},
        ],
    )
    def test_a_wrong_file_is_refused(self, wrong):
        with pytest.raises(ReferenceDataError, match="values are not known, or differ"):
            policy._macro(entry(**wrong))


class TestOverHttp:
    async def test_the_list_has_the_names_of_the_values(self, desk):
        listed = (await desk.get("/macros", desk.token("operator"), language="kk", limit=200)).json()
        assert listed["total"] == len(listed["items"]) == len(macros())
        assert "{{due_on}}" in next(item["body"] for item in listed["items"] if item["macro_id"] == "under-review")

    async def test_of_a_case_it_has_its_number_and_its_last_day(self, desk):
        appeal_id = await desk.open()
        who = desk.token("specialist", region="KZ-43")
        found = (await desk.get(f"/cases/{appeal_id}/macros", who, language="ru")).json()
        body = next(item["body"] for item in found["items"] if item["macro_id"] == "under-review")
        assert (await desk.case(appeal_id))["number"] in body
        assert "23.02.2026" in body

    async def test_a_case_that_the_reader_does_not_see_has_none(self, desk):
        appeal_id = await desk.open()
        assert (await desk.get(f"/cases/{appeal_id}/macros", desk.token("specialist", region="KZ-75"))).status_code == 404
