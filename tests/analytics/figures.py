"""Published figures as test data."""

from datetime import UTC, datetime

CATEGORIES = [("QUALITY_TREATMENT", 294), ("REFUSAL_APPOINTMENT", 200), ("REFUSAL", 38), ("DRUGS", 94), (None, 110)]


async def publish_kyzylorda(world, make):
    """736 complaints of 2025, 415 of them resolved on the spot or withdrawn, and 847 of 2024: Kyzylorda as its branch published it."""
    number, events = 0, []
    for category, count in CATEGORIES:
        for _ in range(count):
            number += 1
            outcome = "ON_SPOT_OR_WITHDRAWN_UNSPLIT" if number <= 415 else "JUSTIFIED"
            events.append(make("appeal-imported", number, category=category, outcome=outcome))
    before = datetime(2024, 6, 10, 5, 0, tzinfo=UTC)
    events += [make("appeal-imported", 10_000 + each, received_at=before) for each in range(847)]
    await world.consume(*events)
