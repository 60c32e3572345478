"""A new PIN for whoever has lost the old one: a code to the appeal's confirmed contact, and nothing that tells strangers anything."""

import re
from datetime import timedelta

import pytest

from intake.notifications.models import Notification
from intake.register.models import Appeal, ContactCode, ContentRead
from shared.domain.identifiers import RegistrationNumber
from tests.intake.register.test_applicant_api import Case, filed
from tests.keys import key_named

PHONE, MAIL = "8 701 000 00 00", "synaq@mail.example"
MISSING = RegistrationNumber.format(2026, "43", 9_000_001)


async def confirmed(desk, contact="phone") -> Case:
    case = await filed(desk)
    code = await case.code(contact=contact)
    assert (await case.do("contact-confirmation", {"code": code})).status_code == 201
    return case


async def ask(desk, number, contact=PHONE, **headers):
    return await desk.client.post("/intake/v1/pin-recovery", json={"number": number, "contact": contact}, headers=headers)


async def confirm(desk, number, code, **headers):
    return await desk.client.post("/intake/v1/pin-recovery/confirmation", json={"number": number, "code": code}, headers=headers)


async def sent(desk) -> list[Notification]:
    return [row for row in await desk.rows(Notification) if row.fact == "pin-code"]


async def code_of(desk) -> str:
    latest = (await sent(desk))[-1]
    return desk.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode()


def key_in(page) -> str:
    return re.search(r'name="key" value="([^"]+)"', page.text)[1]


class TestAsking:
    @pytest.mark.parametrize(
        ("kind", "contact", "channel"), [("phone", "+7 (701) 000-00-00", "SMS"), ("email", "synaq@MAIL.example", "EMAIL")]
    )
    async def test_the_code_goes_to_the_confirmed_contact(self, desk, kind, contact, channel):
        case = await confirmed(desk, kind)
        answer = await ask(desk, case.number, contact)
        assert (answer.status_code, answer.content) == (202, b"")
        (row,) = await sent(desk)
        assert (row.channel, row.appeal_id) == (channel, case.id)

    async def test_every_other_request_gets_the_same_answer_and_sends_nothing(self, desk):
        case, stranger = await confirmed(desk), await filed(desk)
        right = await ask(desk, case.number)
        before = len(await sent(desk))
        for number, contact in (
            (case.number, "+77019999999"),
            (case.number, MAIL),  # the appeal's own, but not confirmed
            (case.number, "nothing"),
            (stranger.number, PHONE),  # not confirmed
            (MISSING, PHONE),
            ("not a number", PHONE),
        ):
            answer = await ask(desk, number, contact)
            assert (answer.status_code, answer.content, dict(answer.headers)) == (202, right.content, dict(right.headers))
        assert len(await sent(desk)) == before

    async def test_a_contact_is_sent_three_codes_an_hour_and_the_answer_does_not_say_so(self, desk):
        case = await confirmed(desk)
        desk.clock.advance(timedelta(hours=2))
        assert [(await ask(desk, case.number)).status_code for _ in range(5)] == [202] * 5
        assert len(await sent(desk)) == 3

    async def test_a_repeat_under_the_same_key_sends_no_second_code(self, desk):
        case = await confirmed(desk)
        key = {"Idempotency-Key": key_named("lost")}
        assert [(await ask(desk, case.number, **key)).status_code for _ in range(2)] == [202, 202]
        assert len(await sent(desk)) == 1

    @pytest.mark.parametrize("body", [{}, {"number": "1"}, {"number": "1", "contact": ""}, {"number": "1", "contact": "2", "x": 1}])
    async def test_what_lacks_a_field_or_has_another_is_refused_before_anything_is_looked_up(self, desk, body):
        assert (await desk.client.post("/intake/v1/pin-recovery", json=body)).status_code == 422


class TestCountedApart:
    """Codes for a new PIN, for which anybody may ask, neither show in nor use up those for which the applicant asks."""

    async def test_another_appeal_that_names_the_contact_still_gets_its_codes(self, desk):
        case = await confirmed(desk)
        desk.clock.advance(timedelta(hours=2))
        for _ in range(3):
            await ask(desk, case.number)
        other = await filed(desk)
        statuses = [(await other.do("verification", {})).status_code for _ in range(4)]
        assert statuses == [201, 201, 201, 429]

    async def test_wrong_tries_of_a_new_pin_leave_the_code_of_a_contact(self, desk):
        case = await confirmed(desk)
        code = await case.code(contact="email")
        await ask(desk, case.number)
        recovery = await code_of(desk)
        wrong = f"{(int(recovery) + 1) % 10**6:06}"
        for _ in range(5):
            desk.clock.advance(timedelta(seconds=50))
            assert (await confirm(desk, case.number, wrong)).status_code == 404
        desk.clock.advance(timedelta(minutes=2))  # the limit of guesses from one address has passed
        assert (await case.do("contact-confirmation", {"code": code})).status_code == 201

    async def test_codes_of_the_applicant_leave_the_one_for_a_new_pin(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        code = await code_of(desk)
        await case.code(purpose="withdrawal")
        assert (await confirm(desk, case.number, code)).status_code == 200


class TestConfirmation:
    async def test_the_new_pin_opens_the_appeal_and_the_old_one_no_longer_does(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        answer = await confirm(desk, case.number, await code_of(desk))
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        pin = answer.json()["pin"]
        assert (await desk.track(case.number, pin)).status_code == 200
        assert pin == case.pin or (await desk.track(case.number, case.pin)).status_code == 404

    async def test_a_new_pin_leaves_a_trace_and_every_confirmed_contact_gets_a_message(self, desk):
        case = await confirmed(desk)
        await case.do("contact-confirmation", {"code": await case.code(contact="email")})
        await ask(desk, case.number)
        pin = (await confirm(desk, case.number, await code_of(desk))).json()["pin"]
        notices = [row for row in await desk.rows(Notification) if row.fact == "pin-replaced"]
        assert sorted((row.channel, row.appeal_id, row.secret) for row in notices) == [("EMAIL", case.id, None), ("SMS", case.id, None)]
        assert (await desk.track(case.number, pin)).json()["timeline"][-1]["type"] == "pin-replaced"
        reads = [(row.reader, row.purpose, row.ids) for row in await desk.rows(ContentRead)]
        assert ("applicant", "pin-recovery", [str(case.id)]) in reads

    async def test_every_failure_is_the_same_404(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        code = await code_of(desk)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        refused = [await confirm(desk, case.number, wrong), await confirm(desk, MISSING, code), await confirm(desk, "nothing", code)]
        assert {(answer.status_code, answer.content) for answer in refused} == {(404, refused[0].content)}
        assert (await confirm(desk, case.number, code)).status_code == 200
        assert (await confirm(desk, case.number, code)).content == refused[0].content  # used up

    async def test_a_code_is_good_for_ten_minutes(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        desk.clock.advance(timedelta(minutes=10))
        assert (await confirm(desk, case.number, await code_of(desk))).status_code == 404

    async def test_a_code_for_something_else_gives_no_pin(self, desk):
        case = await confirmed(desk)
        assert (await confirm(desk, case.number, await case.code(purpose="withdrawal"))).status_code == 404

    async def test_a_code_for_a_new_pin_serves_nothing_else(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        assert (await case.withdraw(code=await code_of(desk))).json()["code"] == "wrong-code"
        assert (await case.do("verification", {"purpose": "pin-recovery"})).status_code == 422

    async def test_five_wrong_tries_spoil_the_code_from_whatever_address(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        code = await code_of(desk)
        wrong = f"{(int(code) + 1) % 10**6:06}"
        for _ in range(5):
            desk.clock.advance(timedelta(seconds=50))  # the limit of one address has passed
            assert (await confirm(desk, case.number, wrong)).status_code == 404
        desk.clock.advance(timedelta(minutes=2))
        assert (await confirm(desk, case.number, code)).status_code == 404

    async def test_wrong_codes_count_as_guesses_of_the_pin(self, desk):
        assert [(await confirm(desk, MISSING, "123456")).status_code for _ in range(4)] == [404, 404, 404, 429]

    async def test_nothing_readable_is_stored(self, desk):
        case = await confirmed(desk)
        await ask(desk, case.number)
        code = await code_of(desk)
        pin = (await confirm(desk, case.number, code, **{"Idempotency-Key": key_named("new")})).json()["pin"]
        stored = repr(await desk.rows(Appeal)) + repr(await desk.rows(ContactCode))
        assert pin not in stored
        assert code not in stored


class TestPages:
    async def test_the_tracker_leads_to_a_new_pin(self, desk):
        case = await confirmed(desk)
        assert 'href="/intake/track/recovery"' in (await desk.client.get("/intake/track")).text
        assert (await desk.client.get("/intake/track/recovery?lang=ru")).status_code == 200
        page = await desk.client.post("/intake/track/recovery", data={"number": case.number, "contact": PHONE})
        assert (page.status_code, "код уже отправлен" in page.text) == (200, True)
        fields = {"number": case.number, "code": await code_of(desk)}
        page = await desk.client.post("/intake/track/recovery/confirmation", data=fields)
        assert page.status_code == 200
        (pin,) = {part for part in page.text.split('"') if part.isdecimal() and len(part) == 8}
        assert (await desk.track(case.number, pin)).status_code == 200

    async def test_sent_twice_it_shows_the_same_pin(self, desk):
        case = await confirmed(desk)
        page = await desk.client.post("/intake/track/recovery", data={"number": case.number, "contact": PHONE})
        code = await code_of(desk)
        fields = {"number": case.number, "key": key_in(page), "code": f"{(int(code) + 1) % 10**6:06}"}
        wrong = await desk.client.post("/intake/track/recovery/confirmation", data=fields)
        assert (wrong.status_code, key_in(wrong)) == (404, fields["key"])
        fields["code"] = code
        pages = [await desk.client.post("/intake/track/recovery/confirmation", data=fields) for _ in range(2)]
        assert [page.status_code for page in pages] == [200, 200]
        assert pages[0].text == pages[1].text
        again = await desk.client.post("/intake/track/recovery/confirmation", data=fields | {"code": "123456"})
        assert (again.status_code, key_in(again) != fields["key"]) == (422, True)

    async def test_a_stranger_sees_the_same_page(self, desk):
        case = await confirmed(desk)
        pages = [
            (number, await desk.client.post("/intake/track/recovery?lang=kk", data={"number": number, "contact": PHONE}))
            for number in (case.number, MISSING)
        ]
        shown = [page.text.replace(number, "").replace(key_in(page), "") for number, page in pages]
        assert shown[0] == shown[1]

    async def test_errors_say_what_to_do(self, desk):
        page = await desk.client.post("/intake/track/recovery?lang=ru", data={"number": MISSING, "contact": "Сынақ"})
        assert (page.status_code, "Укажите телефон или электронную почту" in page.text) == (422, True)
        for status, shown in ((404, "Код не подходит"), (404, "Код не подходит"), (404, "Код не подходит"), (429, "Слишком много попыток")):
            page = await desk.client.post("/intake/track/recovery/confirmation?lang=ru", data={"number": MISSING, "code": "123456"})
            assert (page.status_code, shown in page.text) == (status, True)
