"""Form, receipt, bot and routing agree about danger to life, and a preview is never held up for long."""

import asyncio
import html
from itertools import pairwise

import pytest

from intake.channels.telegram.service.conversation import advance
from intake.channels.telegram.service.steps import ConversationState, TextMessage
from routing.classification.service import classify
from shared.language.danger_advice import danger_advice
from tests.intake.channels.web.test_filing import FORM

DANGER = ["Маме стало плохо с сердцем", "Ребёнок не ды\u00adшит", "Ребёнок не ды-\nшит", "у\u00adми\u00adра\u00adет мать"]
CALM = ["құрысын", "Инфаркт был в 2019 году, положены ли таблетки", "Терапевт қабылдамады"]
STATE = ConversationState("ru", "MATTER", {"id": "0198aaaa-0000-7000-8000-000000000001", "region": "KZ-43"})


async def shown(desk, step, text):
    page = await desk.client.post("/intake/?lang=en", data=FORM | {"text": text, "step": step})
    assert page.status_code in {200, 201}
    return danger_advice("en").nobody_comes in html.unescape(page.text)


class TestAgreement:
    @pytest.mark.parametrize(("text", "is_danger"), [*((each, True) for each in DANGER), *((each, False) for each in CALM)])
    async def test_form_receipt_bot_and_routing_say_the_same(self, desk, text, is_danger):
        ordinary = await shown(desk, "preview", "Талонов нет"), await shown(desk, "send", "Талонов нет")
        found = await shown(desk, "preview", text), await shown(desk, "send", text)
        replies = advance(STATE, TextMessage(1, text), "0198aaaa-0000-7000-8000-000000000001").replies

        assert ordinary == (False, False)
        assert found == (is_danger, is_danger)
        assert ({"103", "112"} <= set("".join(filter(None, (reply.text for reply in replies))).split())) is is_danger
        assert classify(text).urgent is is_danger


class TestPreviews:
    async def test_previews_have_a_limit_that_no_person_reaches(self, start, tmp_path):
        async with start(tmp_path, previews_per_minute=3) as desk:
            codes = [(await desk.client.post("/intake/", data=FORM | {"step": "preview"})).status_code for _ in range(5)]
            assert codes == [200, 200, 200, 429, 429]
            assert (await desk.client.post("/intake/", data=FORM | {"step": "send"})).status_code == 201

    async def test_a_long_text_does_not_hold_the_event_loop(self, desk):
        now = asyncio.get_running_loop().time
        turns = [now()]

        async def watch():
            while True:
                await asyncio.sleep(0.001)
                turns.append(now())

        watching = asyncio.create_task(watch())
        page = await desk.client.post("/intake/", data=FORM | {"text": "а " * 9_990 + "конец", "step": "preview"})
        watching.cancel()
        turns.append(now())

        assert page.status_code == 200
        # A quadratic reading of this text held the loop for ten seconds; the page now takes some hundredths.
        assert max(later - before for before, later in pairwise(turns)) < 1
