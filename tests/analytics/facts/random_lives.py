"""Events of appeals at random, each appeal's in an order that may happen, as the relays would put them into the log."""

import random
from datetime import date, timedelta
from uuid import UUID

from shared.contracts import AppealEvent
from tests.analytics.conftest import NOW, received

LATER = (
    ("appeal-routed", {}),
    ("classification-corrected", {}),
    ("inquiry-sent", {}),
    ("inquiry-answered", {"refusal_reason": "NO_QUOTA", "late": True}),
    ("inquiry-accepted", {"refusal_reason": "NO_QUOTA", "refusal_lawful": True}),
    ("commitment-made", {"due_on": date(2026, 2, 9)}),
    ("commitment-ended", {"result": "KEPT"}),
    ("solution-proposed", {}),
    ("term-extended", {}),
    ("answer-given", {}),
    ("case-closed", {}),
    ("appeal-withdrawn", {}),
    ("case-reopened", {"reason": "X"}),
    ("appeal-rated", {"score": 4}),
    ("outcome-confirmed", {}),
)
REGIONS = ("KZ-43", "KZ-27", "KZ-75")


def lives(make, chance: random.Random, first: int, number: int):
    """Return the envelopes of `number` appeals, shuffled across appeals; events may be late, and answers may come after an end."""
    waiting = [list(_life(make, chance, appeal)) for appeal in range(first, first + number)]
    found = []
    while waiting:
        life = chance.choice(waiting)
        found.append(life.pop(0))
        if not life:
            waiting.remove(life)
    return found


def _life(make, chance: random.Random, appeal: int):
    at = NOW - timedelta(days=chance.randrange(90), seconds=chance.randrange(80_000))
    own = {"commitment_id": UUID(int=10_000 + appeal), "inquiry_id": UUID(int=20_000 + appeal)}
    region = {"region": chance.choice(REGIONS), "received_at": at}
    if chance.random() < 0.1:
        yield _envelope(make("appeal-imported", appeal, **region), at, appeal, 0)
        return
    follows = {"follows": UUID(int=chance.randrange(1, appeal + 1))} if chance.random() < 0.2 else {}
    yield _envelope(
        make("appeal-registered", appeal, kind=chance.choice(("COMPLAINT", "CONSULTATION")), **region, **follows), at, appeal, 0
    )
    for number in range(1, chance.randrange(9)):
        at += timedelta(seconds=chance.randrange(-3_600, 400_000))  # clocks of services differ
        fact_name, changed = chance.choice(LATER)
        yield _envelope(make(fact_name, appeal, **own, **changed), at, appeal, number)


def _envelope(event: AppealEvent, at, appeal: int, number: int):
    return received(event, at, UUID(int=(appeal << 16) + number)).envelope
