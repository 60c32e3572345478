from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 2, 5, 6, 0, tzinfo=UTC)  # 11:00 in Almaty
MIDNIGHT = datetime(2026, 2, 4, 19, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class TestLiveFigures:
    async def test_today_begins_at_midnight_in_almaty_and_yesterday_is_counted_until_this_hour(self, world, make):
        day = timedelta(days=1)
        moments = [
            NOW, MIDNIGHT,  # today
            MIDNIGHT - day, NOW - day - SECOND,  # yesterday by now
            MIDNIGHT - SECOND, NOW - day, MIDNIGHT - day - SECOND,  # later yesterday, and the day before
        ]  # fmt: skip
        await world.consume(*(make("appeal-registered", number, received_at=moment) for number, moment in enumerate(moments)))
        live = await world.app.state.live.now()
        assert (live.received_today, live.received_yesterday_by_now) == (2, 2)

    async def test_what_is_open_and_what_is_urgent_is_counted(self, world, make):
        await world.consume(*(make("appeal-registered", number) for number in range(5)), make("appeal-imported", 9))
        await world.consume(*(make("appeal-routed", number, urgency="URGENT" if number < 3 else "NORMAL") for number in range(4)))
        await world.consume(make("answer-given", 0), make("case-closed", 1))
        live = await world.app.state.live.now()
        assert (live.in_progress, live.urgent_open) == (3, 1)

    async def test_answers_of_thirty_days_are_in_time_or_late(self, world, make):
        long_ago = NOW - timedelta(days=60)
        for number, (answered, due) in enumerate([(-29, -28), (-29, -29), (-1, -2), (-31, -40)]):
            at, due_at = NOW + timedelta(days=answered), NOW + timedelta(days=due)
            await world.consume(
                make("appeal-registered", number, received_at=long_ago, due_at=due_at), make("appeal-routed", number), at=long_ago
            )
            await world.consume(make("answer-given", number), at=at)
        live = await world.app.state.live.now()
        assert (live.answered_in_time_30d.value, live.answered_in_time_30d.n) == (66.7, 3)

    async def test_it_is_counted_anew_after_five_seconds(self, world, make):
        first = await world.app.state.live.now()
        await world.consume(make("appeal-registered", 1))
        world.clock.advance(timedelta(seconds=4.9))
        assert await world.app.state.live.now() is first
        world.clock.advance(timedelta(seconds=0.1))
        assert (await world.app.state.live.now()).received_today == 1
