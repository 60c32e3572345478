"""An existing and a missing number cost the same work, so that the time of a refusal says nothing."""

import pytest
from sqlalchemy import event

from shared.domain.identifiers import RegistrationNumber
from shared.fast import bulk, sqlite_rows

MISSING = RegistrationNumber.format(2026, "43", 9_000_001)


@pytest.fixture
def statements_of(desk):
    """The statements that a request sends to the database, with how many parameter sets or values each had.

    Those through SQLAlchemy, and those that `shared.fast` passes to the drivers.
    """

    async def run(request):
        found = []

        def noting(patch, module, name, values_from):
            send = getattr(module, name)

            async def sent(session, statement, *rest):
                found.append((statement, len(rest[values_from:])))
                return await send(session, statement, *rest)

            patch.setattr(module, name, sent)

        def note(_connection, _cursor, statement, parameters, _context, executemany):
            found.append((statement, len(parameters) if executemany else 1))

        database = desk.parts.database
        engines = {id(one): one for one in (database.engine.sync_engine, database._reader.sync_engine)}.values()
        for one in engines:
            event.listen(one, "before_cursor_execute", note)
        try:
            with pytest.MonkeyPatch.context() as patch:
                noting(patch, bulk, "fetch", 0)
                noting(patch, sqlite_rows, "_run", 1)
                answer = await request
        finally:
            for one in engines:
                event.remove(one, "before_cursor_execute", note)
        return answer, found

    return run


class TestSameWork:
    @pytest.mark.parametrize("pin", ["00000000", "", "not a PIN"])
    async def test_the_same_statements_are_executed_for_a_number_that_exists_and_one_that_does_not(self, desk, statements_of, pin):
        receipt = (await desk.file()).json()
        pin = pin if pin != receipt["pin"] else "11111111"
        await desk.track(MISSING, "1")  # prepares what is prepared once
        existing, with_it = await statements_of(desk.track(receipt["number"], pin))
        missing, without = await statements_of(desk.track(RegistrationNumber.format(2026, "43", 9_000_002), pin))
        assert existing.status_code == missing.status_code == 404
        assert with_it == without
        assert with_it

    async def test_a_refusal_costs_the_same_too_and_writes_nothing(self, desk, statements_of):
        receipt = (await desk.file()).json()
        wrong = "00000000" if receipt["pin"] != "00000000" else "11111111"
        for number in (receipt["number"], MISSING):
            for _ in range(3):
                await desk.track(number, wrong)
        refused, with_it = await statements_of(desk.track(receipt["number"], wrong))
        missing, without = await statements_of(desk.track(MISSING, wrong))
        assert refused.status_code == missing.status_code == 429
        assert with_it == without
        assert not any(statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")) for statement, _ in with_it)


class TestPinRecovery:
    async def test_a_wrong_code_costs_the_same_statements_whether_or_not_there_is_such_an_appeal(self, desk, statements_of):
        receipt = (await desk.file()).json()

        def confirm(number):
            return desk.client.post("/intake/v1/pin-recovery/confirmation", json={"number": number, "code": "123456"})

        await confirm(MISSING)  # prepares what is prepared once
        existing, with_it = await statements_of(confirm(receipt["number"]))
        missing, without = await statements_of(confirm(RegistrationNumber.format(2026, "43", 9_000_002)))
        assert (existing.status_code, existing.content) == (missing.status_code, missing.content)
        assert existing.status_code == 404
        assert with_it == without
