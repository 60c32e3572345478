import json

import pytest

from intake.register.models import ContentRead
from tests.intake.channels.phone.test_pages import OPERATOR, TALKING, Screen, send
from tests.intake.conftest import open_connections, running

INSURED = {"status": "INSURED", "since": "2024-01-01", "payments": [{"month": "2026-01", "payer": "EMPLOYER", "amount": 85001234}]}


@pytest.fixture
async def connected(engine, tmp_path):
    """With a register of insured persons."""
    file = tmp_path / "insured.json"
    file.write_text(json.dumps({"991231501014": INSURED}))
    async with running(engine, tmp_path, insurance_file=file) as desk:
        yield Screen(desk)


class TestInsurance:
    async def ask(self, screen, iin="991231501014"):
        return await screen.post("insurance", call=await screen.call(), iin=iin)

    async def test_a_verified_callers_status_is_shown_and_only_the_access_is_recorded(self, connected):
        await send(connected.desk, TALKING)
        await connected.verified()
        page = await self.ask(connected)
        assert "Застрахован" in page.text
        assert "85 001 234" in page.text.replace("\u00a0", " ").replace("\u202f", " ")
        assert "991231501014" not in page.text
        [access] = await connected.desk.rows(ContentRead)
        assert (access.purpose, access.reader, access.ids) == ("insurance", OPERATOR, [await connected.call()])
        assert access.about == connected.desk.parts.pepper.keyed_hmac("insured-person", b"991231501014")
        stored = await connected.desk.engine.stored(connected.desk.parts.database)
        assert b"991231501014" not in stored
        assert b"85001234" not in stored

    async def test_the_access_is_recorded_before_the_register_is_asked_and_no_transaction_is_open_meanwhile(self, connected):
        desk, found = connected.desk, []

        class SlowRegister:
            async def insured_status(self, _iin):
                found.append((open_connections(desk), len(await desk.rows(ContentRead))))

        desk.app.state.insurance = SlowRegister()
        await send(desk, TALKING)
        await connected.verified()
        assert (await self.ask(connected)).status_code == 200
        assert found == [(0, 1)]

    async def test_nobody_is_looked_up_for_a_caller_who_is_not_verified(self, connected):
        await send(connected.desk, TALKING)
        assert (await self.ask(connected)).status_code == 403
        assert await connected.desk.rows(ContentRead) == []

    async def test_a_wrong_iin_and_an_unknown_person_are_reported(self, connected):
        await send(connected.desk, TALKING)
        await connected.verified()
        assert (await self.ask(connected, "123")).status_code == 422
        assert "В регистре этого человека нет" in (await self.ask(connected, "991231505027")).text

    async def test_without_a_register_the_page_says_so(self, desk):
        screen = Screen(desk)
        await send(desk, TALKING)
        await screen.verified()
        assert "Регистр застрахованных не подключён" in (await screen.get()).text
        assert (await self.ask(screen)).status_code == 503
