"""Facts of half a year as the Fund has them, of any number."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID


def fact_rows(size):
    chance = random.Random(2021)
    kinds = ["CONSULTATION"] * 96 + ["COMPLAINT"] * 2 + ["REQUEST", "OTHER"]
    regions = [f"KZ-{code}" for code in (10, 11, 15, 19, 23, 27, 31, 33, 35, 39, 43, 47, 55, 59, 61, 62, 63, 71, 75, 79)]
    topics = ["PAY_METHODS", "PARTICIPATION", "STATUS_CHECK", "BENEFIT_CATEGORY", "REFERRAL", "DENTAL", "SICK_LEAVE", None]
    start = datetime(2021, 1, 1, 3, 0, tzinfo=UTC)
    for number in range(size):
        kind = chance.choice(kinds)
        at = start + timedelta(days=chance.randrange(181), seconds=chance.randrange(30_000))
        yield {
            "appeal_id": UUID(int=chance.getrandbits(128)), "region": chance.choice(regions), "language": "kk", "kind": kind,
            "channel": chance.choice(["CALL_1406", "CALL_1406", "CALL_1406", "APP", "WEB_OLD", "TELEGRAM"]),
            "category": chance.choice(["REFUSAL", "QUALITY_TREATMENT", "WAITING", "DRUGS"]) if kind == "COMPLAINT" else None,
            "topic": chance.choice(topics) if kind == "CONSULTATION" else None, "tier": 1 if kind == "CONSULTATION" else 2,
            "urgency": "NORMAL",
            "provider_id": UUID(int=chance.randrange(1300)) if kind == "COMPLAINT" else None, "imported": False, "status": "CLOSED",
            "outcome": "EXPLAINED" if number % 3 else "JUSTIFIED", "received_at": at, "received_on": at.date(), "registered_at": at,
            "due_at": at + timedelta(days=21), "routed_at": at, "answered_at": at + timedelta(days=3), "closed_at": at + timedelta(days=4),
            "moved_at": at + timedelta(days=4),
        }  # fmt: skip
