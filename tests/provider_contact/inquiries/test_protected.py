"""Protected appeals: no provider is asked by rule, and only readers of protected cases see what was asked."""

import pytest

from provider_contact.inquiries.models import Appeal, Inquiry
from tests.provider_contact.conftest import PROVIDER, corrected, registered, routed

READERS = [("expert", None, 1), ("admin", None, 1), ("head", "KZ-00", 1), ("expert", "KZ-43", 1)]
OTHERS = [("operator", None, 0), ("specialist", "KZ-43", 0), ("supervisor", "KZ-43", 0), ("head", "KZ-43", 0)]


async def test_no_inquiry_is_sent_by_rule_whatever_the_category(world):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(routed(1, tier=3, protection="SENSITIVE"))
    assert await world.rows(Inquiry) == []
    (appeal,) = await world.rows(Appeal)
    assert appeal.protection == "SENSITIVE"


async def test_a_correction_that_says_nothing_leaves_it_protected_and_one_that_opens_it_asks_the_provider(world):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(routed(1, tier=3, protection="SENSITIVE"))
    await world.consume(corrected(1))
    assert await world.rows(Inquiry) == []
    await world.consume(corrected(1, protection="OPEN"))
    assert len(await world.rows(Inquiry)) == 1


@pytest.mark.parametrize(("role", "region", "seen"), [*READERS, *OTHERS])
async def test_an_inquiry_about_a_case_that_became_protected_is_seen_by_its_readers_alone(world, role, region, seen):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(routed(1))
    await world.consume(corrected(1, tier=3, protection="SENSITIVE"))
    (inquiry,) = await world.rows(Inquiry)
    token = world.token(role, region=region, subject="тексеруші")
    assert (await world.get("/v1/inquiries", token)).json()["total"] == seen
    assert (await world.get(f"/v1/inquiries/{inquiry.inquiry_id}", token)).status_code == (200 if seen else 404)


async def test_a_complaint_about_the_fund_is_hidden_from_an_expert_of_its_branch(world):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(routed(1))
    await world.consume(corrected(1, tier=3, protection="FUND"))
    seen = [(await world.get("/v1/inquiries", world.token("expert", region=region))).json()["total"] for region in ("KZ-43", "KZ-75", None)]
    assert seen == [0, 1, 1]


async def test_the_provider_still_answers_what_it_was_asked(world):
    await world.consume(registered(1, provider_id=PROVIDER))
    await world.consume(routed(1))
    await world.consume(corrected(1, tier=3, protection="SENSITIVE"))
    token = world.token("provider", provider_id=PROVIDER, subject="тіркеуші")
    assert (await world.get("/v1/inquiries", token)).json()["total"] == 1


async def test_a_name_that_waits_to_be_matched_is_shown_to_readers_alone(world):
    world.intake.names(1, "белгісіз емхана әлдеқайда")
    await world.consume(registered(1, provider_named=True, kind="COMPLAINT", category="EXTORTION"))
    totals = {}
    for role, region in (("operator", None), ("specialist", "KZ-43"), ("expert", None)):
        totals[role] = (await world.get("/v1/matches", world.token(role, region=region))).json()["total"]
    assert totals == {"operator": 0, "specialist": 0, "expert": 1}
