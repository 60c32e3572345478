"""Residents rate organisations and doctors: once a person, provider and month, and nobody learns who."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from intake.assembly import delivery_methods
from intake.notifications.models import Notification
from intake.notifications.service.dispatch import Dispatcher
from intake.ratings import service
from intake.ratings.models import Rating
from intake.ratings.policy import rating_policy
from intake.register.models import ContactCode
from shared.contracts import ProviderRated
from shared.messaging.tables import outbox
from tests.intake.ratings.rosters import DOCTOR, OTHER, PROVIDER, STRANGER, serve_rosters
from tests.intake.register.test_handlers import apply, recorded
from tests.keys import key_named

PHONE = "8 701 000 00 07"


@pytest.fixture
async def rated(desk):
    """A desk whose directory has two providers."""
    await apply(desk, recorded(PROVIDER), recorded(OTHER, "№24 емхана"))
    return desk


async def rate(desk, headers=None, **changes):
    body = {"provider_id": str(PROVIDER), "score": 4} | changes
    return await desk.client.post("/intake/v1/ratings", json=body, headers=headers)


async def code_for(desk, phone=PHONE):
    asked = await desk.client.post("/intake/v1/ratings/codes", json={"phone": phone, "language": "ru"})
    assert asked.status_code == 202, asked.text
    latest = max((row for row in await desk.rows(Notification) if row.secret), key=lambda row: (row.planned_at, str(row.id)))
    return desk.parts.sealer.open("notice", latest.id, "secret", latest.secret).decode()


async def published(desk):
    async with desk.parts.database.read() as session:
        rows = (await session.execute(outbox.select().where(outbox.c.type == ProviderRated.TYPE).order_by(outbox.c.id))).all()
    return [(row.topic, row.key, json.loads(row.value)) for row in rows]


class TestToken:
    async def test_a_citizen_rates_in_one_call_and_the_event_names_nobody(self, rated):
        me = rated.token("applicant", subject="991231501014")
        answer = await rate(rated, me, aspects={"ACCESS": 2}, doctor_id=str(uuid4()))
        assert answer.status_code == 201, answer.text
        assert (answer.json()["month"], answer.json()["replaced"]) == ("2026-02-01", False)
        [(topic, key, event)] = await published(rated)
        assert (topic, key) == ("aryz.ratings.v1", str(PROVIDER))
        assert (event["score"], event["aspects"], event["channel"]) == (4, {"ACCESS": 2}, "APP")
        assert "991231501014" not in json.dumps(event)
        assert "991231501014" not in str(await rated.rows(Rating))

    async def test_a_later_rating_of_the_month_replaces_the_earlier_one_and_the_next_month_begins_anew(self, rated):
        me = rated.token("applicant", subject="a")
        first = (await rate(rated, me)).json()
        again = (await rate(rated, me, score=1)).json()
        assert (again["rating_id"], again["replaced"], again["score"]) == (first["rating_id"], True, 1)
        assert [row.score for row in await rated.rows(Rating)] == [1]
        rated.clock.advance(timedelta(days=31))
        later = (await rate(rated, rated.token("applicant", subject="a"))).json()
        assert (later["month"], later["replaced"]) == ("2026-03-01", False)
        assert later["rating_id"] != first["rating_id"]
        assert [event["score"] for *_, event in await published(rated)] == [4, 1, 4]

    async def test_the_same_rating_again_publishes_nothing(self, rated):
        me = rated.token("applicant", subject="a")
        for _ in range(3):
            assert (await rate(rated, me)).status_code == 201
        assert len(await published(rated)) == 1

    async def test_requests_at_the_same_time_store_one_rating(self, rated):
        me = rated.token("applicant", subject="a")
        answers = await asyncio.gather(*(rate(rated, me, score=score) for score in (1, 2, 3)))
        assert {answer.status_code for answer in answers} == {201}
        assert len(await rated.rows(Rating)) == 1
        assert len({event["rating_id"] for *_, event in await published(rated)}) == 1

    async def test_a_repeated_request_has_the_same_answer(self, rated):
        me = rated.token("applicant", subject="a") | {"Idempotency-Key": key_named("rating")}
        first, again = await rate(rated, me), await rate(rated, me)
        assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")

    async def test_ratings_of_one_person_are_not_linked_with_each_other(self, rated):
        me = rated.token("applicant", subject="a")
        await rate(rated, me)
        await rate(rated, me, provider_id=str(OTHER))
        one, other = await rated.rows(Rating)
        assert {name for name in one._fields if getattr(one, name) != getattr(other, name)} == {"id", "provider_id"}
        assert one.id.bytes[:4] != other.id.bytes[:4]

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"score": 0}, "score"),
            ({"score": 6}, "score"),
            ({"aspects": {"FOOD": 3}}, "aspects"),
            ({"aspects": {"ACCESS": 9}}, "aspects.ACCESS"),
            ({"provider_id": str(UUID(int=99))}, "provider_id"),
            ({"text": "атым"}, "text"),
        ],
    )
    async def test_what_is_wrong_is_named_by_its_field(self, rated, wrong, field):
        refused = await rate(rated, rated.token("applicant", subject="a"), **wrong)
        assert refused.status_code == 422
        assert field.split(".")[0] in refused.text
        assert await rated.rows(Rating) == []

    async def test_nobody_rates_the_whole_country_in_a_day(self, rated, monkeypatch):
        monkeypatch.setattr(service, "rating_policy", lambda: rating_policy().model_copy(update={"a_day": 1}))
        me = rated.token("applicant", subject="a")
        assert (await rate(rated, me)).status_code == 201
        assert (await rate(rated, me, provider_id=str(OTHER))).status_code == 429
        assert (await rate(rated, me, score=2)).status_code == 201  # a change of mind is no further rating
        assert len(await rated.rows(Rating)) == 1


class TestDoctor:
    async def test_a_doctor_of_the_organisation_is_rated_and_no_event_names_the_doctor(self, rated):
        serve_rosters(rated)
        answer = await rate(rated, rated.token("applicant", subject="a"), doctor_id=str(DOCTOR))
        assert (answer.status_code, answer.json()["doctor_id"]) == (201, str(DOCTOR))
        [(*_, event)] = await published(rated)
        assert event["doctor_id"] == str(DOCTOR)
        assert "Сын" not in json.dumps(event, ensure_ascii=False) + str(await rated.rows(Rating))

    async def test_a_doctor_of_another_organisation_is_refused(self, rated):
        serve_rosters(rated)
        refused = await rate(rated, rated.token("applicant", subject="a"), doctor_id=str(STRANGER))
        assert (refused.status_code, refused.json()["code"]) == (422, "doctor-not-listed")
        assert await rated.rows(Rating) == []

    async def test_a_refused_doctor_uses_up_no_code(self, rated):
        serve_rosters(rated)
        confirmation = {"phone": PHONE, "code": await code_for(rated)}
        assert (await rate(rated, confirmation=confirmation, doctor_id=str(STRANGER))).status_code == 422
        assert (await rate(rated, confirmation=confirmation, doctor_id=str(DOCTOR))).status_code == 201

    async def test_without_an_answer_any_doctor_is_passed_on(self, rated):
        serve_rosters(rated).status = 503
        answer = await rate(rated, rated.token("applicant", subject="a"), doctor_id=str(STRANGER))
        assert answer.status_code == 201
        assert [row.doctor_id for row in await rated.rows(Rating)] == [STRANGER]

    async def test_a_repeated_request_has_the_same_answer_after_the_doctor_has_left(self, rated):
        double = serve_rosters(rated)
        me = rated.token("applicant", subject="a") | {"Idempotency-Key": key_named("doctor")}
        first = await rate(rated, me, doctor_id=str(DOCTOR))
        double.rosters = {}
        rated.clock.advance(timedelta(minutes=rating_policy().roster_minutes))
        again = await rate(rated, me, doctor_id=str(DOCTOR))
        assert (again.status_code, again.content) == (201, first.content)


class TestPhone:
    async def test_a_phone_confirmed_by_a_code_rates_without_a_token_and_is_not_stored(self, rated):
        code = await code_for(rated)
        answer = await rate(rated, confirmation={"phone": PHONE, "code": code})
        assert answer.status_code == 201, answer.text
        [(*_, event)] = await published(rated)
        assert event["channel"] == "WEB"
        assert "7010000007" not in str(await rated.rows(Rating)) + str(await rated.rows(ContactCode)) + json.dumps(event)

    async def test_the_code_is_sent_without_an_appeal(self, rated):
        await code_for(rated)
        while await Dispatcher(rated.parts, delivery_methods(rated.parts, rated.parts.settings), "https://aryz.example").run_once():
            pass
        [notice] = await rated.rows(Notification)
        assert (notice.state, notice.fact, notice.channel, notice.secret) == ("SENT", "rating-code", "SMS", None)

    async def test_a_code_is_used_once(self, rated):
        confirmation = {"phone": PHONE, "code": await code_for(rated)}
        assert (await rate(rated, confirmation=confirmation)).status_code == 201
        refused = await rate(rated, confirmation=confirmation, score=1)
        assert (refused.status_code, refused.json()["code"]) == (422, "wrong-code")

    async def test_a_wrong_code_counts_and_another_phone_s_code_is_wrong(self, rated):
        code = await code_for(rated)
        await code_for(rated, "8 701 000 00 08")
        wrong = f"{(int(code) + 1) % 10**6:06}"
        assert (await rate(rated, confirmation={"phone": "8 701 000 00 08", "code": code})).status_code == 422
        for _ in range(5):
            assert (await rate(rated, confirmation={"phone": PHONE, "code": wrong})).json()["code"] == "wrong-code"
        assert (await rate(rated, confirmation={"phone": PHONE, "code": code})).status_code == 422
        assert await rated.rows(Rating) == []

    async def test_without_token_and_code_nobody_rates(self, rated):
        for headers in (
            None,
            rated.token("operator"),
            rated.token("provider", provider_id=str(PROVIDER)),
            rated.token("channel", subject="c"),
        ):
            refused = await rate(rated, headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "phone-not-confirmed")

    async def test_the_phone_of_the_same_person_counts_once_a_month(self, rated):
        for score in (5, 2):
            code = await code_for(rated)
            await rate(rated, confirmation={"phone": PHONE, "code": code}, score=score)
            rated.clock.advance(timedelta(hours=2))
        assert [row.score for row in await rated.rows(Rating)] == [2]


class TestRetention:
    async def test_a_rating_is_deleted_after_thirteen_months(self, rated):
        await rate(rated, rated.token("applicant", subject="a"))
        for days, left in ((390, 1), (62, 0)):
            rated.clock.advance(timedelta(days=days))
            async with rated.parts.units.write() as work:
                await service.purge(work)
            assert len(await rated.rows(Rating)) == left
