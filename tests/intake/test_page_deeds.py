"""What the applicant does on the page of the appeal."""

import re
from uuid import uuid4

import pytest

from intake.models import Appeal, Tracking
from intake.models.applicant import Message, Withdrawal
from shared.contracts import AnswerGiven
from tests.intake.test_pages import answers, filed, happen, look, talon


async def do(desk, number, pin, deed, **fields):
    fields = {"number": number, "pin": pin, "key": str(uuid4())} | fields
    return await desk.client.post(f"/intake/track/{deed}?lang=ru", data=fields)


@pytest.fixture
async def answered(desk):
    number, pin, appeal_id = await filed(desk)
    answer_id = uuid4()
    desk.foundation.local_apps["routing"] = answers(answer_id)
    answer = AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
    await happen(desk, answer)
    return number, pin


class TestBeforeTheAnswer:
    async def test_a_message_sent_twice_is_kept_once(self, desk):
        number, pin, _ = await filed(desk)
        key = str(uuid4())
        for _ in range(2):
            page = await do(desk, number, pin, "messages", text="Тағы бір жайт", key=key)
            assert page.status_code == 200
            assert "Ваше сообщение добавлено." in page.text
        assert len(await desk.rows(Message)) == 1

    async def test_an_empty_message_and_a_deed_out_of_turn_are_explained(self, desk):
        number, pin, _ = await filed(desk)
        empty = await do(desk, number, pin, "messages")
        assert (empty.status_code, "Что-то не заполнено" in empty.text) == (422, True)
        early = await do(desk, number, pin, "rating", score="5")
        assert (early.status_code, "Сейчас это невозможно" in early.text) == (409, True)

    async def test_a_withdrawal_without_the_right_code_keeps_the_statement_and_withdraws_nothing(self, desk):
        number, pin, _ = await filed(desk)
        assert "Код отправлен." in (await do(desk, number, pin, "code")).text
        page = await do(desk, number, pin, "withdrawal", statement="Өзім қайтарып аламын", reason="SOLVED", code="0000")
        assert page.status_code == 422
        assert "Код неверный" in page.text
        assert "Өзім қайтарып аламын</textarea>" in page.text
        assert await desk.rows(Withdrawal) == []

    @pytest.mark.parametrize("deed", ["messages", "outcome", "rating", "code", "contact", "withdrawal", "reopening"])
    async def test_a_wrong_pin_does_nothing_and_learns_nothing(self, desk, deed):
        number, _, _ = await filed(desk)
        page = await do(
            desk, number, "00000000", deed, text="x", outcome="RESOLVED", score="5", statement="x", reason="SOLVED", code="0000"
        )
        assert page.status_code == 404
        assert "не найдено" in page.text
        assert await desk.rows(Message) == []


class TestAfterTheAnswer:
    async def test_one_tap_confirms_and_one_rates(self, desk, answered):
        page = await look(desk, *answered)
        assert 'value="RESOLVED"' in page.text
        assert "Спасибо, мы это записали." in (await do(desk, *answered, "outcome", outcome="RESOLVED")).text
        page = await do(desk, *answered, "rating", score="4")
        assert re.search(r'value="4" aria-pressed="true"', page.text)
        assert 'value="RESOLVED"' not in page.text
        (row,) = await desk.rows(Tracking)
        assert (row.verdict, row.score) == ("RESOLVED", 4)

    async def test_what_is_not_settled_goes_on_in_a_new_appeal_whose_talon_is_shown(self, desk, answered):
        page = await do(desk, *answered, "outcome", outcome="NOT_RESOLVED")
        number, pin = talon(page)
        assert number != answered[0]
        assert len(await desk.rows(Appeal)) == 2
        assert (await look(desk, number, pin)).status_code == 200
