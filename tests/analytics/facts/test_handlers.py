import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as sqlalchemy_event

from analytics.facts.errors import UnknownAppeal
from analytics.facts.handlers import HANDLERS, local_day
from analytics.facts.models import fact, transition
from shared.contracts import REGISTRY, ProviderRecorded
from shared.contracts.event import ARTICLES
from tests.processor_time import processor_time

NOW = datetime(2026, 2, 5, 6, 0, tzinfo=UTC)
LIFE = [
    "appeal-registered", "appeal-routed", "clock-started", "case-claimed", "provider-matched", "inquiry-sent", "inquiry-acknowledged",
    "clock-warned", "inquiry-overdue", "inquiry-answered", "clock-breached", "tier-raised", "classification-corrected", "answer-given",
    "case-closed",
]  # fmt: skip


PROPOSED = ("solution-proposed", {})
YES, NO = ("proposal-answered", {"confirmed": True}), ("proposal-answered", {"confirmed": False})
WITHDRAWN = ("appeal-withdrawn", {})
REOPENED = ("case-reopened", {"reason": "CONFIRMATION_REFUTED"})


def checked(about, result):
    return "outcome-verified", {"about": about, "result": result}


class TestHandlers:
    def test_every_event_of_every_service_is_counted(self):
        counted = {event for event in REGISTRY.values() if event.TOPIC != ARTICLES}
        assert set(HANDLERS) == counted, "an article is no fact about an appeal"


class TestLocalDay:
    @pytest.mark.parametrize(
        ("moment", "region", "day"),
        [
            ("2026-02-01T18:59:59Z", "KZ-43", "2026-02-01"),
            ("2026-02-01T19:00:00Z", "KZ-43", "2026-02-02"),
            # Almaty was at UTC+6 until the end of February 2024 and is at UTC+5 since; Qyzylorda was at UTC+5 all the time.
            ("2024-02-28T18:00:00Z", "KZ-75", "2024-02-29"),
            ("2024-02-28T18:00:00Z", "KZ-43", "2024-02-28"),
            ("2024-03-01T18:00:00Z", "KZ-75", "2024-03-01"),
            ("2024-03-01T19:00:00Z", "KZ-75", "2024-03-02"),
            ("2024-02-28T18:00:00Z", "KZ-00", "2024-02-29"),
        ],
    )
    def test_an_appeal_belongs_to_the_day_of_its_region(self, moment, region, day):
        assert local_day(datetime.fromisoformat(moment), region) == date.fromisoformat(day)


class TestFacts:
    async def test_before_routing_the_declared_codes_count_and_after_it_routings(self, world, make):
        await world.consume(make("appeal-registered", 1, kind="CONSULTATION", topic="REFERRAL"))
        [declared] = await world.facts()
        assert (declared.kind, declared.topic, declared.tier, declared.status, declared.language) == (
            "CONSULTATION", "REFERRAL", None, "REGISTERED", None,
        )  # fmt: skip
        await world.consume(make("appeal-routed", 1, urgency="URGENT"))
        [routed] = await world.facts()
        assert (routed.kind, routed.category, routed.topic, routed.tier, routed.status, routed.language, routed.urgency) == (
            "COMPLAINT", "QUALITY_TREATMENT", None, 2, "IN_REVIEW", "kk", "URGENT",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("fact_name", "outcome"),
        [
            ("appeal-withdrawn", "WITHDRAWN"),
            ("case-returned", "RETURNED"),
            ("case-terminated", "TERMINATED"),
            ("case-forwarded", "FORWARDED"),
        ],
    )
    async def test_an_end_without_an_answer_is_an_outcome_and_a_finished_appeal_keeps_its_own(self, world, make, fact_name, outcome):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make(fact_name, 1, ground="X", body="Y"))
        await world.consume(make("appeal-registered", 2), make("case-closed", 2), make(fact_name, 2, ground="X", body="Y"))
        ended, closed = await world.facts()
        assert (ended.status, ended.outcome, closed.outcome) == (outcome, outcome, "JUSTIFIED")
        assert ended.closed_at is not None

    @pytest.mark.parametrize(
        ("decision", "status", "outcome"),
        [
            ("answer-given", "ANSWERED", None),
            ("case-closed", "CLOSED", "JUSTIFIED"),
            ("case-returned", "RETURNED", "RETURNED"),
            ("case-terminated", "TERMINATED", "TERMINATED"),
            ("case-forwarded", "FORWARDED", "FORWARDED"),
        ],
    )
    async def test_a_withdrawal_that_crossed_the_decision_counts_nowhere_whichever_of_them_came_first(
        self, world, make, decision, status, outcome
    ):
        given = {"ground": "X", "body": "Y"}
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make("appeal-withdrawn", 1), make(decision, 1, **given))
        await world.consume(make("appeal-registered", 2), make("appeal-routed", 2), make(decision, 2, **given), make("appeal-withdrawn", 2))
        assert {(fact.status, fact.outcome, fact.closed_at is None) for fact in await world.facts()} == {(status, outcome, outcome is None)}

    @pytest.mark.parametrize("end", ["case-closed", "appeal-withdrawn", "answer-given"])
    async def test_a_reopened_case_has_neither_an_outcome_nor_an_end(self, world, make, end):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make(end, 1), make("outcome-confirmed", 1))
        await world.consume(make("case-reopened", 1, tier=3))
        [fact] = await world.facts()
        assert (fact.status, fact.outcome, fact.closed_at, fact.confirmed, fact.tier) == ("IN_REVIEW", None, None, None, 3)

    async def test_what_was_withdrawn_is_not_ended_as_well(self, world, make):
        await world.consume(make("appeal-registered", 1), make("appeal-withdrawn", 1), make("clock-breached", 1))
        [fact] = await world.facts()
        assert (fact.status, fact.outcome) == ("WITHDRAWN", "WITHDRAWN")

    async def test_what_was_said_of_the_outcome_is_known(self, world, make):
        await world.consume(make("appeal-registered", 1), make("answer-given", 1), make("outcome-denied", 1, followed_by=None))
        [denied] = await world.facts()
        await world.consume(make("answer-given", 1), make("outcome-confirmed", 1), make("appeal-rated", 1, score=5))
        [confirmed] = await world.facts()
        assert (denied.status, denied.confirmed, confirmed.status, confirmed.confirmed, confirmed.score) == (
            "IN_REVIEW", False, "ANSWERED", True, 5,
        )  # fmt: skip

    async def test_what_was_answered_in_the_contact_was_answered_when_it_was_registered(self, world, make):
        await world.consume(make("appeal-registered", 1, resolved_in_contact=True))
        [fact] = await world.facts()
        assert fact.answered_at == fact.registered_at

    async def test_the_provisional_tier_of_an_unsorted_appeal_counts_for_no_tier_until_a_person_sorts_it(self, world, make):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1, tier=1, queue="KZ-43/unsorted/kk", decision="triage"))
        [unsorted] = await world.facts()
        await world.consume(make("classification-corrected", 1, tier=2))
        [found] = await world.facts()
        assert (unsorted.tier, unsorted.status, found.tier) == (None, "IN_REVIEW", 2)

    async def test_a_whole_life_ends_with_everything_known(self, world, make):
        await world.consume(*(make(name, 1) for name in LIFE))
        [fact] = await world.facts()
        assert (fact.status, fact.outcome, fact.tier, fact.kind, fact.category) == (
            "CLOSED",
            "JUSTIFIED",
            2,
            "COMPLAINT",
            "REFUSAL_APPOINTMENT",
        )
        assert fact.provider_id == UUID(int=5)
        assert (fact.routed_at, fact.answered_at, fact.closed_at) == tuple(NOW + timedelta(seconds=n) for n in (1, 13, 14))
        assert fact.due_at == NOW + timedelta(days=20)
        assert fact.moved_at == fact.closed_at

    async def test_an_imported_appeal_is_closed_with_its_outcome(self, world, make):
        await world.consume(
            make("appeal-imported", 1, outcome="ON_SPOT_OR_WITHDRAWN_UNSPLIT"), make("provider-matched", 1, matched_by="bin")
        )
        [fact] = await world.facts()
        assert (fact.imported, fact.status, fact.outcome, fact.received_on) == (
            True,
            "CLOSED",
            "ON_SPOT_OR_WITHDRAWN_UNSPLIT",
            date(2025, 6, 10),
        )
        assert fact.provider_id == UUID(int=5)

    async def test_the_first_answer_is_the_one_that_is_timed(self, world, make):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make("answer-given", 1))
        await world.consume(make("answer-given", 1), at=NOW + timedelta(days=3))
        assert (await world.facts())[0].answered_at == NOW + timedelta(seconds=2)

    async def test_only_the_clock_of_the_law_moves_the_term(self, world, make):
        await world.consume(make("appeal-registered", 1), make("clock-started", 1, statutory=False, due_at=NOW))
        assert (await world.facts())[0].due_at == NOW - timedelta(hours=1) + timedelta(days=21)

    async def test_the_clock_that_the_routing_carries_moves_the_term_as_an_event_of_its_own_does(self, world, make):
        due_at = NOW + timedelta(days=9)
        clock = {"clock_id": str(UUID(int=8)), "policy": "APPK_20WD", "started_at": NOW, "due_at": due_at, "calendar_version": "v"}
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1, clock=clock))
        await world.consume(make("appeal-registered", 2), make("appeal-routed", 2, clock=None), make("clock-started", 2, due_at=due_at))
        assert [fact.due_at for fact in await world.facts()] == [due_at, due_at]

    async def test_an_extension_moves_the_term_to_the_new_day(self, world, make):
        due_at = NOW + timedelta(days=40)
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1), make("term-extended", 1, due_at=due_at))
        assert (await world.facts())[0].due_at == due_at

    async def test_an_extension_decided_after_the_end_of_the_term_undoes_no_breach(self, world, make):
        due_at = NOW + timedelta(days=9)
        await world.consume(make("appeal-registered", 1), make("clock-started", 1, due_at=due_at))
        await world.consume(make("term-extended", 1, due_at=NOW + timedelta(days=40)), at=due_at + timedelta(seconds=1))
        assert (await world.facts())[0].due_at == due_at

    async def test_an_event_of_an_appeal_nobody_knows_is_not_passed_over(self, world, make):
        with pytest.raises(UnknownAppeal):
            await world.consume(make("appeal-routed", 1))

    async def test_events_consumed_twice_change_nothing(self, world, make):
        consumed = await world.consume(*(make(name, 1) for name in LIFE), make("appeal-imported", 2))
        before = (await world.facts(), await world.transitions())
        await world.apply(consumed)
        for received in consumed:
            await world.apply([received])
        assert (await world.facts(), await world.transitions()) == before

    async def test_a_batch_takes_as_many_statements_as_a_single_event(self, world, make):
        statements: list[str] = []

        def count(_connection, _cursor, statement, *_rest):
            statements.append(statement)

        sqlalchemy_event.listen(world.parts.database.engine.sync_engine, "before_cursor_execute", count)
        sizes = {}
        for size, first in ((1, 1), (300, 1000)):
            numbers = range(first, first + size)
            for name in ("appeal-registered", "appeal-routed", "case-closed"):
                statements.clear()
                await world.consume(*(make(name, number) for number in numbers))
                sizes.setdefault(name, []).append(len(statements))
            statements.clear()
            await world.consume(*(make(name, number + size) for name in LIFE for number in numbers[:30]))
            sizes.setdefault("lives", []).append(len(statements) + 1)  # nothing was there to be changed
        assert all(each == many for each, many in sizes.values()), sizes

    async def test_a_life_in_one_batch_is_as_event_by_event(self, world, make):
        at_once = [make(name, number) for name in LIFE for number in (1, 2)]
        await world.consume(*at_once)
        together = (await world.facts(), await world.transitions())
        async with world.parts.database.write() as session:
            for table in (fact, transition):
                await session.execute(table.delete())
        world.begin_again()
        for second, each in enumerate(at_once):
            await world.consume(each, at=NOW + timedelta(seconds=second))
        assert (await world.facts(), await world.transitions()) == together

    async def test_500_events_are_applied_quickly(self, world, make):
        took = {"appeal-registered": [], "appeal-routed": []}
        for first in (0, 1000, 2000):  # the best of three: what else the process does can only add to it
            for name, seconds in took.items():
                batch = [make(name, number) for number in range(first, first + 500)]
                with processor_time(time.process_time) as spent:
                    await world.consume(*batch)
                seconds.append(spent.seconds)
        assert max(min(seconds) for seconds in took.values()) < 0.120  # 60 ms wanted of a processor of its own


class TestTransitions:
    async def test_each_event_leaves_one_with_its_actor_and_holders(self, world, make):
        await world.consume(*(make(name, 1) for name in LIFE))
        rows = await world.transitions()
        assert [row.type for row in rows] == LIFE
        assert [row.actor_kind for row in rows] == [
            "citizen", "system", "system", "fund", "system", "fund", "provider", "system", "system", "provider", "system", "fund", "fund",
            "fund", "fund",
        ]  # fmt: skip
        assert rows[0].holder_before is None
        assert all(earlier.holder_after == later.holder_before for earlier, later in pairwise(rows))
        assert [row.holder_after for row in rows][:2] == ["FUND_TIER1", "FUND_TIER2"]
        assert rows[5].holder_after == "PROVIDER"
        assert [row.holder_after for row in rows][-2:] == ["APPLICANT", "NONE"]

    async def test_dwell_is_the_time_since_the_event_before(self, world, make):
        await world.consume(make("appeal-registered", 1))
        await world.consume(make("appeal-routed", 1), at=NOW + timedelta(hours=2))
        assert [row.dwell_seconds for row in await world.transitions()] == [None, 7200]

    async def test_a_clock_that_is_behind_makes_no_negative_dwell(self, world, make):
        await world.consume(make("appeal-registered", 1))
        await world.consume(make("appeal-routed", 1), at=NOW - timedelta(seconds=3))
        assert sorted(row.dwell_seconds or 0 for row in await world.transitions()) == [0, 0]
        assert (await world.facts())[0].moved_at == NOW

    async def test_only_a_way_back_is_marked_as_one(self, world, make):
        await world.consume(*(make(name, 1) for name in LIFE))
        assert [row.type for row in await world.transitions() if row.backward] == ["classification-corrected"]  # from tier 3 to tier 2


class TestNameProviders:
    async def test_the_latest_name_holds(self, world):
        values = {"provider_id": uuid4(), "short_name": "5 емхана", "aliases": [], "region": "KZ-43", "district": "", "kind": "POLYCLINIC"}
        for name in ("№5 емхана", "№5 қалалық емхана"):
            await world.consume(ProviderRecorded(**values, name_kk=name, name_ru="Поликлиника №5", ownership="STATE", active=True))
        assert [row.name_kk for row in await world.providers()] == ["№5 қалалық емхана"]


class TestProof:
    """What is known of a solution from the applicant's own word."""

    @pytest.mark.parametrize(
        ("story", "proof"),
        [
            ([("answer-given", {}), ("case-closed", {})], None),
            ([PROPOSED], "PROPOSED"),
            ([PROPOSED, YES], "CONFIRMED"),
            ([PROPOSED, NO], "DENIED"),
            ([PROPOSED, ("proposal-unanswered", {})], "NO_ANSWER"),
            ([PROPOSED, ("proposal-unanswered", {}), YES], "CONFIRMED"),
            ([PROPOSED, YES, ("answer-given", {}), ("outcome-denied", {"followed_by": None})], "DENIED"),
            ([PROPOSED, YES, checked("PROPOSAL", "VERIFIED")], "VERIFIED"),
            ([PROPOSED, YES, checked("PROPOSAL", "REFUTED"), REOPENED], "REFUTED"),
            ([PROPOSED, YES, checked("PROPOSAL", "UNREACHED")], "CONFIRMED"),
            ([PROPOSED, YES, ("case-reopened", {"reason": "PROMISE_BROKEN"})], "BROKEN"),
            ([WITHDRAWN], "WITHDRAWN"),
            ([WITHDRAWN, ("answer-given", {})], None),
            ([checked("ANSWER", "VERIFIED")], "ANSWER_VERIFIED"),
            ([checked("ANSWER", "REFUTED"), REOPENED, ("answer-given", {}), checked("ANSWER", "VERIFIED")], "ANSWER_VERIFIED"),
            ([PROPOSED, ("proposal-unanswered", {}), ("answer-given", {}), checked("ANSWER", "VERIFIED")], "ANSWER_VERIFIED"),
            ([checked("ANSWER", "VERIFIED"), ("case-reopened", {"reason": "PROMISE_BROKEN"})], "BROKEN"),
            ([checked("ANSWER", "UNREACHED")], None),
            ([checked("ANSWER", "REFUTED"), REOPENED], "ANSWER_REFUTED"),
            ([PROPOSED, YES, checked("PROPOSAL", "VERIFIED"), checked("ANSWER", "VERIFIED")], "VERIFIED"),
            ([PROPOSED, YES, checked("ANSWER", "REFUTED")], "ANSWER_REFUTED"),
            ([WITHDRAWN, checked("WITHDRAWAL", "VERIFIED")], "WITHDRAWAL_VERIFIED"),
            ([WITHDRAWN, checked("WITHDRAWAL", "REFUTED"), REOPENED], "WITHDRAWAL_REFUTED"),
        ],
    )
    async def test_the_latest_word_of_the_applicant_counts(self, world, make, story, proof):
        await world.consume(make("appeal-registered", 1), make("appeal-routed", 1))
        for name, given in story:
            await world.consume(make(name, 1, **given))
        [fact] = await world.facts()
        assert fact.proof == proof
