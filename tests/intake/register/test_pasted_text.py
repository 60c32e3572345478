"""What people paste, with characters that nobody sees, at every entrance of intake."""

import json
import re
from uuid import uuid4

import pytest
from pydantic import ValidationError

from intake.imports.schemas import LegacyRow
from intake.imports.service.importing import Line, check_lines, import_lines
from intake.imports.service.legacy_lines import read_csv
from intake.register.models import Appeal, WrongAttempt
from intake.register.schemas import ContactIn
from tests.intake.channels.counter.test_pages import WRITTEN as AT_COUNTER
from tests.intake.channels.counter.test_pages import Clerk
from tests.intake.channels.phone.test_pages import WRITTEN as IN_CALL
from tests.intake.channels.phone.test_pages import Screen
from tests.intake.channels.telegram.person import Person
from tests.intake.channels.web.test_filing import FORM
from tests.intake.register.test_api import fields

PHONES = (
    "+7\u00a0701\u00a0000\u00a000\u00a000",
    "+7\u202f701\u202f000\u202f00\u202f00",
    "\u202a+7 701 000 00 00\u202c",
    "+77010000000\u200b",
    "\ufeff+77010000000",
)
NUMBERS = ("№ {}", "№{}", "\u200b{}", "{}\ufeff", "\u202a{}\u202c")
SHORT = ("103", "112", "1414")


def written(number):
    """The number in the forms in which it is pasted."""
    return [each.format(number) for each in NUMBERS] + [number.replace("-", hyphen) for hyphen in ("\u00ad", "–", "‑", " ", "\u00a0")]


async def stored(desk):
    row = (await desk.rows(Appeal))[-1]
    opened = desk.parts.sealer.open("appeal", row.id, "applicant", row.applicant)
    return json.loads(opened), desk.parts.sealer.open("appeal", row.id, "text", row.text).decode()


class TestByTheApi:
    @pytest.mark.parametrize("phone", PHONES)
    async def test_a_phone_has_one_form(self, desk, phone):
        assert (await desk.file(applicant={"phone": phone})).status_code == 201
        assert (await stored(desk))[0] == {"phone": "+77010000000"}

    @pytest.mark.parametrize("phone", SHORT)
    async def test_a_short_number_is_nobodys_phone(self, desk, phone):
        assert fields(await desk.file(applicant={"phone": phone})) == {("applicant.phone", "bad-phone")}

    async def test_an_e_mail_can_be_written_to(self, desk):
        assert (await desk.file(applicant={"email": "user\u200b@MAIL.kz"})).status_code == 201
        assert (await stored(desk))[0] == {"email": "user@mail.kz"}

    @pytest.mark.parametrize("email", ["a,b@x.kz", "a@x.kz,", "a@x.kz;", "<a@x.kz>", "mailto:a@x.kz", "a@[x.kz", "a b@x.kz"])
    async def test_what_is_no_e_mail_is_refused(self, desk, email):
        assert fields(await desk.file(applicant={"email": email})) == {("applicant.email", "bad-email")}

    @pytest.mark.parametrize("iin", ["991231 501014", "9912\u00a03150\u00a01014", "\ufeff991231501014", "991231-501014"])
    async def test_an_iin_in_groups_is_one_number(self, desk, iin):
        answer = await desk.file(applicant={"iin": iin}, patient={"full_name": "Сынақ Бала", "iin": iin})
        assert answer.status_code == 201
        assert (await stored(desk))[0] == {"iin": "991231501014"}
        row = (await desk.rows(Appeal))[-1]
        particulars = json.loads(desk.parts.sealer.open("appeal", row.id, "particulars", row.particulars))
        assert particulars["patient"]["iin"] == "991231501014"

    @pytest.mark.parametrize("text", ["\u2800", "\u3164", "\uffa0", "\u0301", "\u00ad\u200b", " \u2800\u0301 "])
    async def test_a_text_that_shows_nothing_is_too_short(self, desk, text):
        assert fields(await desk.file(text=text)) == {("text", "too-short")}

    async def test_a_text_is_stored_as_it_is_read(self, desk):
        assert (await desk.file(text="Ребёнок не ды\u00adшит\u200b\r\n«Скорая» не едет 😷")).status_code == 201
        assert (await stored(desk))[1] == "Ребёнок не дышит\n«Скорая» не едет 😷"

    async def test_a_number_is_found_as_pasted_and_counts_no_wrong_attempt(self, desk):
        told = (await desk.file()).json()
        for number in written(told["number"]):
            assert (await desk.track(number, told["pin"])).status_code == 200, number
            for between in ("\u00a0", "-", "\u00ad"):
                typed = f"{told['pin'][:4]}{between}{told['pin'][4:]}".encode("latin-1")
                assert (await desk.track(number, typed)).status_code == 200, between
        assert await desk.rows(WrongAttempt) == []

    def test_a_code_loses_what_was_pasted_with_it(self):
        for pasted in ("123\u202f456\u200b", "123-456", " 123–456."):
            assert ContactIn.model_validate({"code": pasted}).code == "123456"
        with pytest.raises(ValidationError):
            ContactIn(code="12a456")


class TestByTheForm:
    @pytest.mark.parametrize("phone", PHONES)
    async def test_a_phone_has_one_form(self, desk, phone):
        sent = FORM | {"applicant.phone": phone, "consents.PROCESSING": "yes", "step": "send", "key": str(uuid4())}
        assert (await desk.client.post("/intake/", data=sent)).status_code == 201
        assert (await stored(desk))[0]["phone"] == "+77010000000"

    @pytest.mark.parametrize(("field", "value"), [("applicant.phone", "103"), ("applicant.email", "a@x.kz,"), ("text", "\u2800\u3164")])
    async def test_what_is_none_is_marked(self, desk, field, value):
        answer = await desk.client.post("/intake/", data=FORM | {"consents.PROCESSING": "yes", field: value, "step": "send"})
        assert answer.status_code == 422
        assert f'href="#f-{field.replace(".", "-")}"' in answer.text

    async def test_a_number_is_found_as_pasted_and_counts_no_wrong_attempt(self, desk):
        told = (await desk.file()).json()
        for number in written(told["number"]):
            answer = await desk.client.post("/intake/track", data={"number": number, "pin": f" {told['pin']}\u200b"})
            assert answer.status_code == 200, number
        assert await desk.rows(WrongAttempt) == []
        assert 'value="2026-43-0000001-1"' in (await desk.client.get("/intake/track", params={"number": "\u200b2026-43-0000001-1"})).text


class TestAtTheCounterAndInACall:
    @pytest.mark.parametrize("phone", PHONES)
    async def test_a_phone_has_one_form(self, desk, phone):
        assert (await Clerk(desk).post(AT_COUNTER | {"applicant.phone": phone})).status_code == 201
        assert (await stored(desk))[0]["phone"] == "+77010000000"
        answer = await Screen(desk).post("register", **(IN_CALL | {"applicant.phone": phone, "confirmed": "yes", "step": "send"}))
        assert answer.status_code in {200, 201}
        assert (await stored(desk))[0]["phone"] == "+77010000000"

    @pytest.mark.parametrize("phone", SHORT)
    async def test_a_short_number_is_nobodys_phone(self, desk, phone):
        answers = [
            await Clerk(desk).post(AT_COUNTER | {"applicant.phone": phone}),
            await Screen(desk).post("register", **(IN_CALL | {"applicant.phone": phone, "confirmed": "yes", "step": "send"})),
        ]
        assert [one.status_code for one in answers] == [422, 422]
        assert all(re.search(r'href="#f-applicant-phone"', one.text) for one in answers)


class TestOverTheTelephone:
    async def test_a_number_is_found_as_an_exchange_may_send_it(self, desk):
        told = (await desk.file()).json()
        for number in written(told["number"]):
            keyed = {"number": number, "pin": f"{told['pin']}\u200b", "from": PHONES[0]}
            answer = await desk.client.post("/intake/v1/channels/phone/status", json=keyed, headers=desk.token("telephony"))
            assert answer.json()["status"] == "REGISTERED"
        assert await desk.rows(WrongAttempt) == []


class TestInAChat:
    @pytest.mark.parametrize("phone", PHONES)
    def test_a_phone_has_one_form(self, phone):
        assert Person().up_to("PHONE").writes(phone).state.draft["phone"] == "+77010000000"

    @pytest.mark.parametrize("phone", SHORT)
    def test_a_short_number_is_nobodys_phone(self, phone):
        person = Person().up_to("PHONE").writes(phone)
        assert (person.state.step, person.state.draft.get("phone")) == ("PHONE", None)

    @pytest.mark.parametrize("text", ["Звонил на 8 777 000 00 00 2 раза", "Был 2026-02-11 0930"])
    def test_a_number_that_is_no_iin_is_taken(self, text):
        assert Person().up_to("MATTER").writes(text).state.draft["text"] == text

    @pytest.mark.parametrize("text", ["ЖСН 991231\u00a0501014", "99\u200b1231501014", "9912 3150 1014"])
    def test_an_iin_is_not_taken_however_it_is_pasted(self, text):
        assert "text" not in Person().up_to("MATTER").writes(text).state.draft

    @pytest.mark.parametrize("text", ["\u2800", "\u3164", "\uffa0", "\u0301"])
    def test_a_text_that_shows_nothing_is_asked_for_again(self, text):
        person = Person().up_to("MATTER")
        asked = person.text
        assert person.writes(text).state.step == "MATTER"
        assert person.text.strip() == asked.strip()


class TestInAFile:
    async def test_cells_lose_what_was_pasted_with_them(self):
        async def body():
            yield "\ufefflegacy_number,channel,language,kind,region,received_at,closed_at,outcome,provider_bin,text\n".encode()
            yield "50\u200b,CALL_1414\u00a0,ru,COMPLAINT,\u200eKZ-43,2020-01-01T00:00:00Z,2020-01-02T00:00:00Z,NOTED,".encode()
            yield "2001 4000 0014,не ды\u00adшит\n".encode()

        [line] = [one async for some in read_csv(body()) for one in some]
        assert isinstance(line.row, LegacyRow), line.row
        assert (line.row.legacy_number, line.row.channel, line.row.region, line.row.text) == ("50", "CALL_1414", "KZ-43", "не дышит")

    async def test_a_bin_in_groups_is_one_number(self, desk):
        row = LegacyRow.model_validate(
            {
                "legacy_number": "50",
                "channel": "CALL_1414",
                "language": "ru",
                "kind": "CONSULTATION",
                "region": "KZ-43",
                "provider_bin": "2001 4000\u00a00014",
                "received_at": "2020-01-01T00:00:00Z",
                "closed_at": "2020-01-02T00:00:00Z",
                "outcome": "EXPLAINED",
            }
        )
        batch = await check_lines(desk.parts.pepper, [Line(1, row)], desk.clock.now())
        async with desk.parts.units.write() as work:
            assert (await import_lines(work, batch)).rejected == []
