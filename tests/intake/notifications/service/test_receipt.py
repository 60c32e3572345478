"""The receipt of a registration: one message to a confirmed contact, with the number and nothing of the content."""

import pytest

from intake.notifications.models import Notification
from tests.intake.register.test_applicant_api import filed

OPERATOR = {"name": "Сынақ Дана", "subject": "operator-1"}


async def receipts(desk) -> list[Notification]:
    return [row for row in await desk.rows(Notification) if row.fact == "receipt"]


class TestRegistration:
    async def test_a_contact_that_an_employee_wrote_down_gets_it_at_once(self, desk, senders, dispatcher):
        case = await filed(desk, desk.token("operator", **OPERATOR), language="ru")
        (row,) = await receipts(desk)
        assert (row.appeal_id, row.channel) == (case.id, "ANY")
        await dispatcher(desk, senders).run_once()
        (message,) = senders.by("SMS")
        assert case.number in message.text
        assert case.pin not in message.text
        assert "Жүрек" not in message.text

    async def test_it_comes_by_the_chosen_method(self, desk, senders, dispatcher):
        await filed(desk, desk.token("operator", **OPERATOR), answer_by="EMAIL")
        await dispatcher(desk, senders).run_once()
        assert [channel for channel, _ in senders.given] == ["EMAIL"]

    @pytest.mark.parametrize(
        ("who", "changes"),
        [
            (None, {}),
            ({"role": "applicant"}, {}),
            ({"role": "operator"}, {}),  # nobody is named who wrote the contact down
            ({"role": "operator", **OPERATOR}, {"applicant": {"full_name": "Сынақ Азамат"}}),
            ({"role": "operator", **OPERATOR}, {"applicant": {}}),
        ],
    )
    async def test_without_a_confirmed_contact_there_is_none(self, desk, who, changes):
        await filed(desk, desk.token(**who) if who else None, **changes)
        assert await receipts(desk) == []


class TestConfirmation:
    async def test_a_contact_gets_it_when_it_is_confirmed_and_a_second_one_gets_none(self, desk):
        case = await filed(desk)
        for contact in ("phone", "email"):
            assert (await case.do("contact-confirmation", {"code": await case.code(contact=contact)})).status_code == 201
        assert len(await receipts(desk)) == 1

    async def test_after_the_answer_it_says_nothing_new(self, desk):
        case = await filed(desk)
        code = await case.code()
        await case.answered()
        assert (await case.do("contact-confirmation", {"code": code})).status_code == 201
        assert await receipts(desk) == []
