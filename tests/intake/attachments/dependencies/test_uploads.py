from intake.attachments.repository import FILES
from tests.intake.conftest import open_connections
from tests.shared.files.samples import PDF


class TestTransactions:
    async def test_none_is_open_while_a_file_is_received_and_inspected(self, desk):
        found = []

        async def data():
            yield PDF[:30]
            found.append(open_connections(desk))
            yield PDF[30:]

        async def run(inspection):
            found.append(open_connections(desk))
            return await inspection

        uploads = desk.app.state.uploads
        ticket = await uploads.store(data(), None, name="акт.pdf", media_type="application/pdf", run=run)
        assert found == [0, 0]
        assert (await uploads.find(ticket)).kind == "PDF"

    async def test_open_ones_are_counted(self, desk):
        async with desk.parts.units.read() as work:
            await FILES.unclaimed_before(work.session, work.clock.now(), limit=1)
            assert open_connections(desk) > 0
