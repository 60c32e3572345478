"""The page of an appeal, opened by number and PIN."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from shared.contracts import AnswerGiven, CaseClosed, ClockStarted, TermExtended
from tests.intake.channels.web.test_filing import answers, filed, happen, open_appeal


class TestTracking:
    async def test_a_wrong_number_and_a_wrong_pin_read_the_same(self, desk):
        number, _, _ = await filed(desk)
        wrong_pin, wrong_number = await open_appeal(desk, number, "00000000"), await open_appeal(desk, "2026-43-0000999-9", "00000000")
        assert wrong_pin.status_code == wrong_number.status_code == 404
        assert wrong_pin.text.replace(number, "") == wrong_number.text.replace("2026-43-0000999-9", "")

    async def test_after_wrong_attempts_the_page_says_how_long_to_wait(self, desk):
        number, pin, _ = await filed(desk)
        for _ in range(4):
            page = await open_appeal(desk, number, "00000000")
        assert page.status_code == 429
        assert int(page.headers["retry-after"]) > 0
        assert "Повторите через 1\xa0мин" in page.text
        desk.clock.advance(timedelta(minutes=1))
        assert (await open_appeal(desk, number, pin)).status_code == 200

    async def test_the_pin_is_nowhere_in_an_address(self, desk):
        number, pin, _ = await filed(desk)
        page = await open_appeal(desk, number, pin)
        assert pin.replace(" ", "") not in " ".join(re.findall(r'(?:href|action|src)="([^"]*)"', page.text))

    async def test_a_new_appeal_shows_its_holder_and_explains_its_deadline(self, desk):
        number, pin, _ = await filed(desk)
        page = await open_appeal(desk, number, pin, "kk")
        for text in ("Тіркелді", "Қор кеңесшісі", "Өтініш тіркелді", "2-жұмыс күні", "Қалай шағымдануға болады"):
            assert text in page.text
        assert "жаңа өтініш беріңіз" not in page.text, "an open appeal goes on by a message on its page"

    async def test_a_late_answer_is_marked_late(self, desk):
        number, pin, _ = await filed(desk)
        desk.clock.advance(timedelta(days=40))
        assert "Срок ответа прошёл" in (await open_appeal(desk, number, pin)).text

    async def test_a_deadline_that_no_rule_gives_is_marked_as_changed(self, desk):
        number, pin, appeal_id = await filed(desk)
        due = datetime(2026, 4, 1, 18, 59, 59, tzinfo=UTC)
        clock = ClockStarted(
            appeal_id=appeal_id, clock_id=uuid4(), policy="APPK_15WD", statutory=True,
            started_at=desk.clock.now(), due_at=due, calendar_version="x",
        )  # fmt: skip
        await happen(desk, clock)
        page = await open_appeal(desk, number, pin)
        assert "Срок был изменён" in page.text
        assert "рабочий день" not in page.text

    async def test_an_extended_term_says_until_when_and_why(self, desk):
        number, pin, appeal_id = await filed(desk)
        due = datetime(2026, 4, 1, 18, 59, 59, tzinfo=UTC)
        await happen(desk, TermExtended(appeal_id=appeal_id, clock_id=uuid4(), policy="APPK_15WD", due_at=due, actor_role="head"))
        for language, text in (
            ("ru", "Срок продлён до этого дня"),
            ("kk", "Мерзім осы күнге дейін ұзартылды"),
            ("en", "The term was extended"),
        ):
            assert text in (await open_appeal(desk, number, pin, language)).text

    async def test_an_answer_is_read_with_its_findings_until_its_owner_is_down(self, desk):
        number, pin, appeal_id = await filed(desk)
        answer_id = uuid4()
        desk.foundation.local_apps["routing"] = owner = answers(answer_id)
        await happen(
            desk, AnswerGiven(appeal_id=appeal_id, answer_id=answer_id, language="kk", findings=["JUSTIFIED"], actor_role="specialist")
        )
        await happen(desk, CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="specialist"))
        page = await open_appeal(desk, number, pin)
        for text in ("Емхана сізді қабылдайды", "Отказ в приёме врача: Обоснована", "Жазба жоқ", "2-тармақ", "Ертең келіңіз", "Закрыто"):
            assert text in page.text
        owner.state.down = True
        assert "Ответ готов" in (await open_appeal(desk, number, pin)).text
