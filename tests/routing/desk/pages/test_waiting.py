import re
from datetime import timedelta

from routing.cases.service import send_next
from tests.routing.desk.support import ANSWER, forms, open_desk, send, session

HELD = ANSWER | {"hold_seconds": "30"}


class TestAnAnswerThatWaits:
    async def test_the_form_asks_for_half_a_minute(self, desk, complaint):
        page = await open_desk(desk, f"/{complaint}")
        assert 'name="hold_seconds" value="30"' in page.text

    async def test_every_page_of_its_author_says_when_it_is_sent_and_takes_it_back(self, desk, complaint):
        done = await send(desk, complaint, "answer", **HELD)
        assert done.headers["location"] == f"/routing/desk/{complaint}?flash=held"
        other = await desk.open(kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        number = (await desk.case(complaint))["number"]
        for path in ("", f"/{complaint}", f"/{other}"):
            page = await open_desk(desk, path)
            assert f"The answer to № {number} is sent at 14:15:30." in page.text
            assert f'action="/routing/desk/{complaint}/undo' in page.text
        assert "is sent at" not in (await open_desk(desk, who=session(desk, subject="clerk-2"))).text

    async def test_its_page_shows_the_text_and_no_other_action(self, desk, complaint):
        await send(desk, complaint, "answer", **HELD)
        page = await open_desk(desk, f"/{complaint}")
        assert forms(page) == {"undo"}
        assert "The answer that is about to be sent" in page.text
        assert ANSWER["text"] in page.text
        assert "About to be sent" in page.text
        assert 'name="delete"' not in page.text

    async def test_its_codes_are_shown_in_words(self, desk, complaint):
        await send(desk, complaint, "answer", **HELD)
        page = await open_desk(desk, f"/{complaint}", lang="ru")
        shown = page.text.split("Ответ, который будет отправлен")[1].split("</section>")[0]
        assert "Отказ в приёме врача" in shown
        assert "русский" in shown
        assert not re.search(r"[A-Z]{2,}_|JUSTIFIED|>ru<", shown)

    async def test_taken_back_it_is_in_the_form_again(self, desk, complaint):
        await send(desk, complaint, "answer", **HELD)
        done = await send(desk, complaint, "undo")
        assert done.headers["location"] == f"/routing/desk/{complaint}?flash=undo"
        page = await open_desk(desk, f"/{complaint}")
        assert ANSWER["text"] in page.text.split('id="f-text"')[1].split("</textarea>")[0]
        assert "is sent at" not in page.text

    async def test_after_the_wait_the_page_shows_the_answer_given(self, desk, complaint):
        await send(desk, complaint, "answer", **HELD)
        desk.clock.advance(timedelta(seconds=30))
        assert "is sent at" not in (await open_desk(desk, f"/{complaint}")).text
        async with desk.parts.units.write() as work:
            assert await send_next(work)
        page = await open_desk(desk, f"/{complaint}")
        assert ANSWER["text"] in page.text
        assert forms(page) == {"close", "log-call", "link-duplicate"}

    async def test_answer_and_close_is_sent_from_the_same_form(self, desk, complaint):
        refused = await send(desk, complaint, "answer-and-close", **HELD)
        assert refused.status_code == 422
        assert re.findall(r'id="f-([a-z0-9_-]+)-error"', refused.text) == ["outcome"]
        assert ANSWER["text"] in refused.text.split('id="f-text"')[1].split("</textarea>")[0]
        assert (
            await send(desk, complaint, "answer-and-close", **(ANSWER | {"hold_seconds": "0", "outcome": "JUSTIFIED"}))
        ).status_code == 303
        case = await desk.case(complaint)
        assert (case["status"], case["outcome"]) == ("CLOSED", "JUSTIFIED")
