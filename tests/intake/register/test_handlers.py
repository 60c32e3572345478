from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event as engine_events

from intake.channels.partner.models import UpdateEntry
from intake.handlers import HANDLERS
from intake.register.models import Provider, Timeline, Tracking
from shared.contracts import (
    AnswerGiven,
    AppealRouted,
    CaseClaimed,
    CaseClosed,
    CaseReturned,
    ClassificationCorrected,
    ClockStarted,
    InquiryAnswered,
    InquirySent,
    ProviderMatched,
    ProviderRecorded,
    StartedClock,
    TermExtended,
    TierRaised,
)
from shared.messaging.envelope import Envelope
from shared.messaging.handling import Batch, Received

PROVIDER = UUID(int=23)


def routed(appeal_id, tier=2, due_at=None):
    """`due_at`: of the clock that the event carries; None: it carries none."""
    started = due_at and StartedClock(clock_id=uuid4(), policy="APPK_15WD", started_at=due_at, due_at=due_at, calendar_version="v")
    return AppealRouted(
        clock=started,
        appeal_id=appeal_id,
        kind="COMPLAINT",
        statutory_form="ZAYAVLENIE",
        category="REFUSAL",
        topic=None,
        tier=tier,
        urgency="NORMAL",
        queue=f"KZ-43/{tier}/kk",
        region="KZ-43",
        language="kk",
        decision="auto",
        confidence=0.9,
        versions={},
    )


def recorded(provider_id=PROVIDER, name="№23 емхана"):
    return ProviderRecorded(
        provider_id=provider_id,
        name_kk=name,
        name_ru="Поликлиника №23",
        short_name="23",
        aliases=[],
        region="KZ-43",
        district="",
        kind="POLYCLINIC",
        ownership="STATE",
        active=True,
    )


def clock(appeal_id, due_at, *, statutory=True):
    return ClockStarted(
        appeal_id=appeal_id,
        clock_id=uuid4(),
        policy="APPK_15WD",
        statutory=statutory,
        started_at=due_at,
        due_at=due_at,
        calendar_version="v",
    )


def received(event, at):
    key = str(event.subject)
    event_id = uuid4()
    return Received(event, Envelope(event_id, event.TYPE, at, key, event_id, None, None, event.model_dump_json().encode()), ("", 0, 0))


async def apply(desk, *events, batch=None):
    batch = batch or [received(one, desk.clock.now()) for one in events]
    async with desk.parts.units.write() as work:
        await HANDLERS[type(batch[0].event)](work, Batch(batch, {}))
    return batch


async def filed(desk):
    told = (await desk.file()).json()
    return UUID(told["appeal_id"]), told["number"], told["pin"]


def corrected(appeal_id, tier=2):
    changed = {"kind": "COMPLAINT", "statutory_form": "ZAYAVLENIE", "category": "REFUSAL", "topic": None, "actor_role": "specialist"}
    return ClassificationCorrected(appeal_id=appeal_id, tier=tier, queue=f"KZ-43/{tier}/kk", **changed)


def unsorted(appeal_id):
    return routed(appeal_id).model_copy(update={"queue": "KZ-43/unsorted/kk", "decision": "triage"})


class TestSorting:
    BEING_SORTED = ("Өтініш қабылданды. Мамандар оның тақырыбын анықтап жатыр", "Обращение принято. Специалисты определяют его тему")

    async def lines(self, desk, number, pin):
        timeline = (await desk.track(number, pin)).json()["timeline"]
        return [(entry["kk"], entry["ru"]) for entry in timeline if entry["type"] in {"appeal-routed", "classification-corrected"}]

    async def test_the_provisional_tier_of_an_unsorted_appeal_is_not_shown(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, unsorted(appeal_id))
        assert await self.lines(desk, number, pin) == [self.BEING_SORTED]

    @pytest.mark.parametrize("tier", [2, 3])
    async def test_it_is_shown_who_considers_it_once_a_person_has_sorted_it(self, desk, tier):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, unsorted(appeal_id))
        desk.clock.advance(timedelta(minutes=1))
        await apply(desk, corrected(appeal_id, tier))
        first, second = await self.lines(desk, number, pin)
        assert first == self.BEING_SORTED
        assert second[0].startswith("Өтініштің тақырыбы нақтыланды. Қарайтын:")
        await apply(desk, corrected(appeal_id, tier))
        assert len(await self.lines(desk, number, pin)) == 2, "a correction of the same tier is shown once"

    async def test_both_may_come_at_once(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, batch=[received(event, desk.clock.now()) for event in (unsorted(appeal_id), corrected(appeal_id))])
        assert len(await self.lines(desk, number, pin)) == 2

    async def test_a_sorted_appeal_says_who_considers_it(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, routed(appeal_id), corrected(appeal_id))
        [(kk, ru)] = await self.lines(desk, number, pin)
        assert kk.startswith("Өтініш қарауға алынды. Қарайтын:")
        assert ru.startswith("Обращение принято к рассмотрению. Рассматривает")


class TestLife:
    async def test_the_citizen_sees_who_held_the_appeal_and_for_how_long(self, desk):
        appeal_id, number, pin = await filed(desk)
        inquiry = {"appeal_id": appeal_id, "inquiry_id": uuid4(), "provider_id": PROVIDER}
        await apply(desk, recorded())
        steps = [
            routed(appeal_id),
            InquirySent(**inquiry, category="REFUSAL", due_at=datetime(2026, 2, 5, 18, 59, 59, tzinfo=UTC), discloses=False),
            InquiryAnswered(**inquiry, response_id=uuid4(), code="RESOLVED"),
            TierRaised(appeal_id=appeal_id, tier=3, queue="KZ-43/3/kk", reason="QUALITY"),
            AnswerGiven(appeal_id=appeal_id, answer_id=uuid4(), language="kk", findings=["JUSTIFIED"], actor_role="expert"),
            CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="expert"),
        ]
        seen = []
        for hours, step in enumerate(steps, start=1):
            desk.clock.advance(timedelta(hours=hours))
            await apply(desk, step)
            tracked = (await desk.track(number, pin)).json()
            seen.append((tracked["status"], tracked["holder"]))
        assert seen == [
            ("IN_REVIEW", "FUND_TIER2"),
            ("AWAITING_PROVIDER", "PROVIDER"),
            ("IN_REVIEW", "FUND_TIER2"),
            ("IN_REVIEW", "FUND_TIER3"),
            ("ANSWERED", "APPLICANT"),
            ("CLOSED", "NONE"),
        ]
        desk.clock.advance(timedelta(days=9))
        tracked = (await desk.track(number, pin)).json()
        held = {one["holder"]: one["seconds"] // 3600 for one in tracked["time_held"]}
        assert held == {"FUND_TIER1": 1, "FUND_TIER2": 2 + 4, "PROVIDER": 3, "FUND_TIER3": 5, "APPLICANT": 6}
        assert tracked["outcome"] == "JUSTIFIED"
        assert [one["kk"] for one in tracked["timeline"]] == [
            "Өтініш тіркелді",
            "Өтініш қарауға алынды. Қарайтын: Қор маманы",
            "Қор медұйымға сұрау жіберді: №23 емхана. Оның жауап беру мерзімі: 2026\N{NARROW NO-BREAK SPACE}ж. 5 ақпан",
            "Медұйым жауап берді: №23 емхана",
            "Өтініш басқа маманға берілді. Енді қарайтын: Қор сарапшысы",
            "Өтінішке жауап берілді",
            "Өтінішті қарау аяқталды. Нәтижесі: Негізді",
        ]
        assert "Рассмотрение обращения завершено. Итог: Обоснована" in [one["ru"] for one in tracked["timeline"]]

    async def test_an_ending_that_comes_after_another_changes_nothing(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, CaseReturned(appeal_id=appeal_id, ground="OBSCENE", actor_role="specialist"))
        await apply(desk, CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="expert"))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["status"], tracked["outcome"]) == ("RETURNED", "RETURNED")

    async def test_a_final_status_stays(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, CaseClosed(appeal_id=appeal_id, outcome="NOTED", actor_role="head"))
        await apply(desk, TierRaised(appeal_id=appeal_id, tier=3, queue="q", reason="r"))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["status"], tracked["holder"]) == ("CLOSED", "NONE")


class TestClockStarted:
    async def test_the_clock_of_the_law_replaces_the_talons_date_visibly(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, clock(appeal_id, datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["due_at"], tracked["due_provisional"]) == ("2026-03-02T18:59:59Z", False)
        assert tracked["timeline"][-1]["ru"] == "Срок ответа установлен: 2 марта 2026\N{NARROW NO-BREAK SPACE}г."

    async def test_the_same_date_is_only_confirmed(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, clock(appeal_id, datetime(2026, 2, 23, 18, 59, 59, tzinfo=UTC)))
        tracked = (await desk.track(number, pin)).json()
        assert tracked["due_provisional"] is False
        assert [one["type"] for one in tracked["timeline"]] == ["registered"]

    async def test_a_term_beyond_the_reviewed_calendar_stays_provisional(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, clock(appeal_id, datetime(2029, 1, 18, 18, 59, 59, tzinfo=UTC)))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["due_at"], tracked["due_provisional"]) == ("2029-01-18T18:59:59Z", True)

    async def test_the_funds_own_clocks_are_not_the_citizens(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, clock(appeal_id, datetime(2026, 2, 3, tzinfo=UTC), statutory=False))
        assert (await desk.track(number, pin)).json()["due_at"] == "2026-02-23T18:59:59Z"


class TestTermExtended:
    async def test_the_new_day_is_shown_and_survives_later_statuses(self, desk):
        appeal_id, number, pin = await filed(desk)
        assert (await desk.track(number, pin)).json()["extended_until"] is None
        due_at = datetime(2026, 3, 16, 18, 59, 59, tzinfo=UTC)
        extended = {"appeal_id": appeal_id, "clock_id": uuid4(), "policy": "APPK_15WD", "due_at": due_at}
        await apply(desk, routed(appeal_id))
        desk.clock.advance(timedelta(hours=1))
        await apply(desk, TermExtended(**extended, actor_role="head"))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["extended_until"], tracked["due_at"], tracked["status"]) == ("2026-03-16", "2026-03-16T18:59:59Z", "IN_REVIEW")
        assert tracked["timeline"][-1]["ru"].startswith("Срок ответа продлён до 16 марта 2026")
        await apply(desk, AnswerGiven(appeal_id=appeal_id, answer_id=uuid4(), language="kk", findings=[], actor_role="expert"))
        await apply(desk, CaseClosed(appeal_id=appeal_id, outcome="JUSTIFIED", actor_role="expert"))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["extended_until"], tracked["status"]) == ("2026-03-16", "CLOSED")

    async def test_another_term_takes_its_place(self, desk):
        appeal_id, number, pin = await filed(desk)
        due_at = datetime(2026, 3, 16, 18, 59, 59, tzinfo=UTC)
        await apply(desk, TermExtended(appeal_id=appeal_id, clock_id=uuid4(), policy="APPK_15WD", due_at=due_at, actor_role="head"))
        desk.clock.advance(timedelta(hours=1))
        await apply(desk, clock(appeal_id, datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)))
        tracked = (await desk.track(number, pin)).json()
        assert (tracked["extended_until"], tracked["due_at"]) == (None, "2026-03-02T18:59:59Z")


class TestRoutedWithClock:
    """An appeal is tracked alike whether `appeal-routed` carries the clock or `clock-started` follows, as from an earlier version."""

    @staticmethod
    def both_forms(appeal_id, due_at):
        return [routed(appeal_id, due_at=due_at)], [routed(appeal_id), clock(appeal_id, due_at)]

    @pytest.mark.parametrize("day", [date(2026, 3, 2), date(2026, 2, 23), date(2029, 1, 18)], ids=["other", "same", "provisional"])
    async def test_both_forms_set_the_same_columns_and_show_the_same_sentences(self, desk, day):
        seen = []
        for form in range(2):
            appeal_id, number, pin = await filed(desk)
            for event in self.both_forms(appeal_id, datetime.combine(day, time(18, 59, 59), UTC))[form]:
                desk.clock.advance(timedelta(seconds=1))
                await apply(desk, event)
            tracked = (await desk.track(number, pin)).json()
            row = next(each for each in await desk.rows(Tracking) if each.appeal_id == appeal_id)
            seen.append((row.due_at, row.due_provisional, row.status, [(each["type"], each["ru"]) for each in tracked["timeline"]]))
        assert seen[0] == seen[1]

    async def test_both_forms_in_one_log_are_shown_once(self, desk):
        appeal_id, number, pin = await filed(desk)
        due_at = datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)
        batch = await apply(desk, routed(appeal_id, due_at=due_at), clock(appeal_id, due_at))
        assert [one["type"] for one in (await desk.track(number, pin)).json()["timeline"]] == [
            "registered",
            "appeal-routed",
            "clock-started",
        ]
        assert [row.event_id for row in await desk.rows(Timeline) if row.type == "clock-started"] != [batch[1].envelope.id]

    async def test_who_follows_the_appeal_gets_the_update_of_a_changed_date_once(self, desk):
        receipt = (await desk.file(desk.token("applicant", subject="a"))).json()
        appeal_id = UUID(receipt["appeal_id"])
        await apply(desk, routed(appeal_id, due_at=datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)))
        assert [row.type for row in await desk.rows(UpdateEntry)] == ["appeal-routed", "clock-started"]


class TestQuietFacts:
    async def test_a_correction_shows_only_when_the_tier_changes(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, routed(appeal_id))
        for tier, shown in ((2, 2), (1, 3)):
            await apply(
                desk,
                ClassificationCorrected(
                    appeal_id=appeal_id,
                    kind="COMPLAINT",
                    statutory_form="ZAYAVLENIE",
                    category="REFUSAL",
                    topic=None,
                    tier=tier,
                    queue="q",
                    actor_role="specialist",
                ),
            )
            assert len((await desk.track(number, pin)).json()["timeline"]) == shown

    async def test_a_match_sets_the_provider_and_adds_no_timeline_entry(self, desk):
        appeal_id, number, pin = await filed(desk)
        await apply(desk, ProviderMatched(appeal_id=appeal_id, provider_id=PROVIDER, score=0.9, matched_by="name"))
        (row,) = await desk.rows(Tracking)
        assert row.provider_id == PROVIDER
        assert len((await desk.track(number, pin)).json()["timeline"]) == 1

    def test_a_claim_is_not_followed(self):
        assert CaseClaimed not in HANDLERS


class TestBatches:
    async def test_the_same_events_again_change_nothing_more(self, desk):
        appeal_id, _, _ = await filed(desk)
        batch = await apply(desk, routed(appeal_id))
        await apply(desk, batch=batch)
        assert len(await desk.rows(Timeline)) == 1

    async def test_an_event_of_an_unknown_appeal_is_passed_over(self, desk):
        await apply(desk, routed(uuid4()))
        assert await desk.rows(Timeline) == []

    @pytest.mark.parametrize("size", [2, 40])
    async def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(self, desk, size):
        ids = [(await filed(desk))[0] for _ in range(size)]
        statements = []
        engine_events.listen(desk.parts.database.engine.sync_engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
        await apply(desk, *(routed(one) for one in ids))
        assert len([one for one in statements if not one.startswith("BEGIN")]) <= 3  # PostgreSQL takes rows beside the cursor
        assert len(await desk.rows(Timeline)) == size

    async def test_several_events_of_an_appeal_in_one_batch_are_as_one_by_one(self, desk):
        lives = [(await filed(desk))[0] for _ in range(2)]
        told = [
            [
                routed(one),
                clock(one, datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)),
                TierRaised(appeal_id=one, tier=3, queue="q", reason="r"),
                CaseClosed(appeal_id=one, outcome="NOTED", actor_role="head"),
            ]
            for one in lives
        ]
        await apply(desk, *told[0])
        for event in told[1]:
            await apply(desk, event)
        at_once, one_by_one = sorted(await desk.rows(Tracking), key=lambda row: lives.index(row.appeal_id))
        assert [*at_once][1:] == [*one_by_one][1:]  # all but the id
        assert (at_once.status, at_once.tier, at_once.outcome, at_once.due_provisional, at_once.version) == ("CLOSED", 3, "NOTED", False, 5)
        kept = [[(row.type, row.data, row.holder) for row in await desk.rows(Timeline) if row.appeal_id == one] for one in lives]
        assert sorted(kept[0]) == sorted(kept[1])


class TestProviders:
    async def test_the_replica_holds_the_latest(self, desk):
        await apply(desk, recorded(), recorded(uuid4()))
        await apply(desk, recorded(name="№23 қалалық емхана"))
        assert {row.name_kk for row in await desk.rows(Provider)} == {"№23 қалалық емхана", "№23 емхана"}
