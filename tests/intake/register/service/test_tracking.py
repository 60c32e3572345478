from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from fastapi import FastAPI, Request

from intake.handlers import HANDLERS
from shared.contracts import AnswerGiven
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received

ANSWER = {
    "language": "kk",
    "text": "Сізді дәрігер 5 ақпанда қабылдайды.",
    "findings": [{"category": "REFUSAL", "outcome": "JUSTIFIED", "fact": "f", "rule": "r"}],
    "next_steps": "Емханаға келіңіз",
    "how_to_complain": "Үш ай ішінде",
}


def stand_in_routing(found):
    """Routing as intake meets it: its contents read alone."""
    app = FastAPI()
    asked = []

    @app.post("/routing/internal/v1/contents")
    async def contents(request: Request):
        asked.append(await request.json())
        return {"items": [{"id": one, "found": found, "content": ANSWER if found else None} for one in asked[-1]["ids"]]}

    return app, asked


async def answered(desk):
    told = (await desk.file()).json()
    event = AnswerGiven(appeal_id=UUID(told["appeal_id"]), answer_id=uuid4(), language="kk", findings=["JUSTIFIED"], actor_role="expert")
    envelope = Envelope(uuid4(), event.TYPE, desk.clock.now(), told["appeal_id"], uuid4(), None, None, b"")
    async with desk.parts.units.write() as work:
        await HANDLERS[AnswerGiven](work, Batch([Received(event, envelope, ("", 0, 0))], {}))
    return told, event


class CountedTransactions:
    """Counts the transactions and snapshots that are open: put in the place of `Database.read` and `Database.write`."""

    def __init__(self):
        self.open = 0

    def counting(self, begin):
        @asynccontextmanager
        async def counted(**options):
            async with begin(**options) as session:
                self.open += 1
                try:
                    yield session
                finally:
                    self.open -= 1

        return counted


class TestAnswer:
    async def test_it_is_claimed_from_routing(self, desk):
        told, event = await answered(desk)
        desk.foundation.local_apps["routing"], asked = stand_in_routing(found=True)
        tracked = (await desk.track(told["number"], told["pin"])).json()
        assert tracked["answer"] == {"at": "2026-02-02T09:15:00Z", **ANSWER}
        assert tracked["answer_available"] is True
        assert asked == [{"ids": [str(event.answer_id)], "purpose": "tracking", "on_behalf_of": "applicant"}]

    async def test_no_transaction_is_open_while_routing_is_asked(self, desk, monkeypatch):
        told, _ = await answered(desk)
        transactions, seen, app = CountedTransactions(), [], FastAPI()
        for name in ("read", "write"):
            monkeypatch.setattr(desk.parts.database, name, transactions.counting(getattr(desk.parts.database, name)))

        @app.post("/routing/internal/v1/contents")
        async def contents(request: Request):
            seen.append(transactions.open)
            return {"items": [{"id": answer_id, "found": True, "content": ANSWER} for answer_id in (await request.json())["ids"]]}

        desk.foundation.local_apps["routing"] = app
        assert (await desk.track(told["number"], told["pin"])).json()["answer_available"] is True
        assert seen == [0]

    async def test_while_routing_is_down_the_rest_is_still_shown(self, desk):
        told, _ = await answered(desk)
        answer = await desk.track(told["number"], told["pin"])
        tracked = answer.json()
        assert answer.status_code == 200
        assert (tracked["status"], tracked["answer"], tracked["answer_available"]) == ("ANSWERED", None, True)

    async def test_an_erased_answer_is_not_promised(self, desk):
        told, _ = await answered(desk)
        desk.foundation.local_apps["routing"], _ = stand_in_routing(found=False)
        tracked = (await desk.track(told["number"], told["pin"])).json()
        assert (tracked["answer"], tracked["answer_available"]) == (None, False)
