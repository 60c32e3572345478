import re

import pytest

from tests.routing.desk.support import ANSWER, open_desk, send, session

TYPED = {"language": "ru", "text": "Вас примет <b>терапевт</b>", "findings.0.fact": "В записи отказано.", "how_to_complain": ""}
SCRIPT = {"Accept": "application/json"}


async def save(desk, appeal_id, version="0", who=None, **fields):
    sent = TYPED | {"expected_draft_version": version} | fields
    return await desk.client.post(f"/routing/desk/{appeal_id}/draft", headers=who or session(desk), data=sent)


def version_on(page) -> str:
    return re.findall(r'name="expected_draft_version" value="([0-9]+)"', page.text)[0]


class TestTheDraftOnThePage:
    async def test_a_saved_draft_is_there_after_a_reload_and_in_another_language(self, desk, complaint):
        assert version_on(await open_desk(desk, f"/{complaint}")) == "0"
        saved = await save(desk, complaint)
        assert (saved.status_code, saved.headers["location"]) == (303, f"/routing/desk/{complaint}?flash=draft")
        for language in ("en", "kk", "ru"):
            page = await open_desk(desk, f"/{complaint}", lang=language)
            assert "Вас примет &lt;b&gt;терапевт&lt;/b&gt;" in page.text
            assert "В записи отказано." in page.text
            assert version_on(page) == "1"
        assert "Черновик сохранён в 14:15" in page.text  # local time of the region

    async def test_a_field_that_was_emptied_is_not_filled_in_again(self, desk, complaint):
        await save(desk, complaint)
        field = (await open_desk(desk, f"/{complaint}")).text.split('id="f-how_to_complain"')[1].split("</textarea>")[0]
        assert field.partition(">")[2].strip() == ""

    async def test_the_script_gets_the_version_and_the_sentence(self, desk, complaint):
        saved = await save(desk, complaint, who=session(desk) | SCRIPT)
        assert saved.json() == {"draft_version": 1, "saved": "Draft saved at 14:15"}
        refused = await save(desk, complaint, who=session(desk) | SCRIPT)
        assert refused.json() == {"draft_version": None, "saved": ""}
        assert "Вас примет" in (await open_desk(desk, f"/{complaint}")).text
        assert (await save(desk, complaint, who={"Cookie": "aryz_lang=en"} | SCRIPT)).status_code == 401

    async def test_two_tabs_without_script_decide_which_text_stays(self, desk, complaint):
        await save(desk, complaint)
        page = await save(desk, complaint, text="Из второй вкладки")
        assert page.status_code == 409
        assert "The draft was changed in another tab" in page.text
        assert "Из второй вкладки" in page.text
        assert (await save(desk, complaint, version_on(page), text="Из второй вкладки")).status_code == 303
        assert "Из второй вкладки" in (await open_desk(desk, f"/{complaint}")).text

    @pytest.mark.parametrize("refusal", ["incomplete", "conflict", "another issue"])
    async def test_an_answer_that_is_not_sent_is_there_after_a_reload(self, desk, complaint, refusal):
        sent = ANSWER | {"expected_draft_version": "0"}
        if refusal == "incomplete":
            assert (await send(desk, complaint, "answer", **(sent | {"findings.0.rule": ""}))).status_code == 422
        elif refusal == "conflict":
            assert (await send(desk, complaint, "answer", **(sent | {"expected_version": "9"}))).status_code == 409
        else:
            assert (await send(desk, complaint, "answer", more="yes", **sent)).status_code == 200
        page = await open_desk(desk, f"/{complaint}")
        assert ANSWER["text"] in page.text
        assert ANSWER["findings.0.fact"] in page.text

    async def test_another_form_that_comes_back_leaves_the_draft_in_its_place(self, desk, complaint):
        await save(desk, complaint)
        page = await send(desk, complaint, "escalate", reason="")
        assert page.status_code == 422
        assert "Вас примет &lt;b&gt;терапевт" in page.text

    async def test_a_draft_that_can_no_longer_be_sent_is_shown_and_can_be_deleted(self, desk, complaint):
        await save(desk, complaint)
        await send(desk, complaint, "return", **{"return-ground": "OBSCENE"})
        await send(desk, complaint, "approve", session(desk, "head"))
        page = await open_desk(desk, f"/{complaint}")
        assert "What you entered" in page.text
        assert "Вас примет &lt;b&gt;терапевт" in page.text
        gone = await desk.client.post(f"/routing/desk/{complaint}/draft", headers=session(desk), data={"delete": "yes"})
        assert gone.headers["location"] == f"/routing/desk/{complaint}?flash=draft-deleted"
        assert "What you entered" not in (await open_desk(desk, f"/{complaint}")).text

    async def test_a_text_that_is_too_long_comes_back_with_the_message(self, desk, complaint):
        page = await save(desk, complaint, next_steps="я" * 4001)
        assert page.status_code == 422
        assert "This is too long." in page.text

    async def test_a_stranger_saves_nothing(self, desk, complaint):
        assert (await save(desk, complaint, who=session(desk, region="KZ-75"))).status_code == 404
        assert (await save(desk, complaint, who={"Accept": "text/html"})).headers["location"].startswith("/sign-in")
