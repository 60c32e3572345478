"""Webhooks: signed, in the order of each appeal's updates, each once, retried while a receiver is down."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text, update
from standardwebhooks import Webhook

from intake.channels.partner import jobs, policy, repository
from intake.channels.partner.models import Delivery, Subscription
from intake.channels.partner.service import sending
from shared.outgoing.addresses import AddressGuard
from shared.outgoing.webhooks import AttemptError, AttemptResult
from shared.rows import table_of
from tests.intake.register.test_handlers import apply, routed

HOUR = timedelta(hours=1)


def verified(secret, call, clock):
    """Verify a call with the reference library. Its own check uses the machine's clock, so the signatures are compared."""
    headers, body = call
    signed = Webhook(secret).sign(headers["webhook-id"], clock.now(), body.decode())
    assert signed in headers["webhook-signature"].split(" ")
    assert int(headers["webhook-timestamp"]) == int(clock.now().timestamp())
    return json.loads(body)


async def log_of(partner, subscription):
    answer = await partner.get(f"/subscriptions/{subscription['subscription_id']}/deliveries")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def until_waiting(desk, task):
    """Wait until the task waits for a lock that the test holds. On SQLite it waits for the writer lock in any case."""
    waits = text("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    while not desk.engine.is_sqlite and not task.done():
        async with desk.parts.database.read() as session:
            if (await session.execute(waits)).first():
                return


class TestDelivery:
    async def test_each_update_arrives_once_signed_and_without_content(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        filed = await partner.file(external_number="ЖТ-3")
        await partner.live(filed, "routed", "answered")
        while await partner.deliver():
            pass
        said = [verified(subscription["secret"], one, partner.desk.clock) for one in receiver.got]
        assert [one["type"] for one in said] == ["appeal-routed", "answer-given"]
        assert said[1]["data"]["number"] == filed["number"]
        assert said[1]["data"]["external_number"] == "ЖТ-3"
        assert said[1]["data"]["status"] == "ANSWERED"
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2
        assert not any(word.encode() in body for _, body in receiver.got for word in ("Жүрек", "Азамат", "991231501014"))
        assert [one["last_status"] for one in await log_of(partner, subscription)] == [204, 204]

    async def test_a_receiver_that_was_down_gets_all_updates_in_order_afterwards(self, partner, receiver):
        await partner.subscribe(receiver.url)
        receiver.answers = [503]
        first, second = await partner.file(), await partner.file()
        await partner.live(first, "routed", "raised", "answered", "closed")
        await partner.live(second, "routed", "answered")
        for _ in range(3):
            assert await partner.deliver() == 2  # the first of each appeal alone
            assert await partner.deliver() == 0
            partner.desk.clock.advance(HOUR)
        receiver.got.clear()
        receiver.answers = [204]
        while await partner.deliver():
            pass
        said = [json.loads(body) for _, body in receiver.got]
        for filed, types in (
            (first, ["appeal-routed", "tier-raised", "answer-given", "case-closed"]),
            (second, ["appeal-routed", "answer-given"]),
        ):
            assert [one["type"] for one in said if one["data"]["number"] == filed["number"]] == types
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 6
        assert all(row.delivered_at for row in await partner.desk.rows(Delivery))

    async def test_a_delivery_of_a_crashed_process_is_sent_again_after_the_claim_expires(self, partner, receiver):
        await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed")
        [row] = await partner.desk.rows(Subscription)
        assert await sending.WebhookSender(partner.desk.parts)._claim(row.id)
        assert await partner.deliver() == 0
        partner.desk.clock.advance(timedelta(seconds=policy.webhooks().claim_seconds))
        assert await partner.deliver() == 1
        assert len(receiver.got) == 1

    @pytest.mark.parametrize("status", [204, 410, 500])
    async def test_a_process_records_nothing_once_another_has_claimed_the_delivery(self, partner, receiver, status):
        await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed")
        [row] = await partner.desk.rows(Subscription)
        suspended, follower = (sending.WebhookSender(partner.desk.parts) for _ in range(2))
        subscription, [claimed] = await suspended._claim(row.id)
        assert await follower._claim(row.id) is None
        partner.desk.clock.advance(timedelta(seconds=policy.webhooks().claim_seconds))
        _, [claimed_again] = await follower._claim(row.id)
        result = AttemptResult(status, None if status == 204 else AttemptError.REFUSED)
        await suspended._record(subscription, claimed, result)
        [delivery] = await partner.desk.rows(Delivery)
        assert (delivery.attempts, delivery.last_status, delivery.delivered_at) == (0, None, None)
        assert (await partner.desk.rows(Subscription))[0].disabled_at is None
        assert await partner.deliver() == 0
        await follower._record(subscription, claimed_again, AttemptResult(204, None))
        [delivery] = await partner.desk.rows(Delivery)
        assert (delivery.attempts, delivery.last_status, delivery.leased_by) == (1, 204, None)

    @pytest.mark.parametrize("status", [204, 410, 500])
    async def test_a_replay_supersedes_the_attempt_that_is_being_made(self, partner, receiver, status):
        asked = await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed")
        [row] = await partner.desk.rows(Subscription)
        sender = sending.WebhookSender(partner.desk.parts)
        subscription, [claimed] = await sender._claim(row.id)
        claimed.delivery.attempts = len(policy.webhooks().retries_seconds)  # the last attempt
        replayed = await partner.post(f"/subscriptions/{asked['subscription_id']}/replay", since="2026-01-01T00:00:00Z")
        assert replayed.json() == {"replayed": 1}
        await sender._record(subscription, claimed, AttemptResult(status, None))
        assert (await partner.desk.rows(Subscription))[0].disabled_at is None
        assert await partner.deliver() == 1
        [delivery] = await partner.desk.rows(Delivery)
        assert (delivery.attempts, delivery.last_status, delivery.leased_by) == (1, 204, None)

    async def test_a_receiver_that_fails_until_the_last_attempt_gets_nothing_until_a_replay(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        receiver.answers = [500]
        await partner.live(await partner.file(), "routed")
        attempts = 0
        for _ in range(len(policy.webhooks().retries_seconds) + 3):
            attempts += await partner.deliver()
            partner.desk.clock.advance(25 * HOUR)
        assert attempts == len(receiver.got) == len(policy.webhooks().retries_seconds) + 1
        [shown] = (await partner.get("/subscriptions")).json()["items"]
        assert (shown["active"], shown["disabled_because"]) == (False, "FAILING")
        receiver.answers = [204]
        replayed = await partner.post(f"/subscriptions/{subscription['subscription_id']}/replay", since="2026-01-01T00:00:00Z")
        assert replayed.json() == {"replayed": 1}
        assert await partner.deliver() == 1
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        assert (await partner.get("/subscriptions")).json()["items"][0]["active"]

    async def test_410_ends_a_subscription_at_once(self, partner, receiver):
        await partner.subscribe(receiver.url)
        receiver.answers = [410]
        await partner.live(await partner.file(), "routed", "answered")
        assert await partner.deliver() == 1
        partner.desk.clock.advance(HOUR)
        assert await partner.deliver() == 0
        assert (await partner.get("/subscriptions")).json()["items"][0]["disabled_because"] == "GONE"

    async def test_a_redirect_is_not_followed(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        receiver.answers, receiver.location = [302], receiver.url
        await partner.live(await partner.file(), "routed")
        assert await partner.deliver() == 1
        assert len(receiver.got) == 1
        [shown] = await log_of(partner, subscription)
        assert (shown["last_status"], shown["last_error"], shown["delivered_at"]) == (302, "refused", None)

    @pytest.mark.parametrize(("url", "error"), [(None, "unreadable"), (b"https://xn--a.callcentre.kz/", "unreachable")])
    async def test_a_damaged_subscription_delays_no_other(self, partner, receiver, url, error):
        broken, _ = await partner.subscribe(receiver.url), await partner.subscribe(receiver.url)
        broken_id, parts = UUID(broken["subscription_id"]), partner.desk.parts
        sealed = parts.sealer.seal("subscription", broken_id, "url", url) if url else b"\x01\x00broken"
        async with parts.database.write() as session:
            mine = table_of(Subscription).c.id == broken_id
            await session.execute(update(table_of(Subscription)).where(mine).values(url=sealed))
        await partner.live(await partner.file(), "routed")
        assert await partner.deliver() == 2
        assert len(receiver.got) == 1
        [row] = [row for row in await partner.desk.rows(Delivery) if row.subscription_id == broken_id]
        assert (row.last_error, row.attempts) == (error, 1)

    async def test_cookies_of_a_receiver_are_not_stored(self, partner, receiver):
        await partner.subscribe(receiver.url)
        receiver.cookie = "synaq=1"
        await partner.live(await partner.file(), "routed", "answered")
        while await partner.deliver():
            pass
        assert [headers.get("cookie") for headers, _ in receiver.got] == [None, None]

    async def test_only_the_types_asked_for_are_sent(self, partner, receiver):
        await partner.subscribe(receiver.url, events=["answer-given"])
        await partner.live(await partner.file(), "routed", "answered", "closed")
        while await partner.deliver():
            pass
        assert [json.loads(body)["type"] for _, body in receiver.got] == ["answer-given"]

    async def test_old_entries_of_the_delivery_log_are_purged(self, partner, receiver):
        await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed")
        await partner.deliver()
        partner.desk.clock.advance(timedelta(days=policy.webhooks().kept_days, seconds=1))
        await jobs.purge_deliveries(partner.desk.parts)
        assert await partner.desk.rows(Delivery) == []


class TestSubscription:
    async def test_a_new_secret_and_the_former_one_both_sign_for_a_day(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        renewed = (await partner.post(f"/subscriptions/{subscription['subscription_id']}/secret")).json()
        filed = await partner.file()
        await partner.live(filed, "routed")
        await partner.deliver()
        for secret in (subscription["secret"], renewed["secret"]):
            verified(secret, receiver.got[0], partner.desk.clock)
        partner.desk.clock.advance(25 * HOUR)
        await partner.live(filed, "answered")
        await partner.deliver()
        verified(renewed["secret"], receiver.got[1], partner.desk.clock)
        with pytest.raises(AssertionError):
            verified(subscription["secret"], receiver.got[1], partner.desk.clock)

    async def test_deliveries_are_replayed_by_their_ids(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed", "answered")
        while await partner.deliver():
            pass
        chosen = (await log_of(partner, subscription))[0]
        path = f"/subscriptions/{subscription['subscription_id']}/replay"
        assert (await partner.post(path, ids=[chosen["delivery_id"], str(uuid4())])).json() == {"replayed": 1}
        await partner.deliver()
        assert [json.loads(body)["type"] for _, body in receiver.got] == ["appeal-routed", "answer-given", "answer-given"]
        assert receiver.got[1][0]["webhook-id"] == receiver.got[2][0]["webhook-id"]
        for wrong in ({}, {"since": "2026-01-01T00:00:00Z", "ids": [chosen["delivery_id"]]}, {"since": "yesterday"}):
            assert (await partner.post(path, **wrong)).status_code == 422

    async def test_concurrent_requests_make_no_more_than_are_allowed(self, partner, receiver):
        calls = (partner.post("/subscriptions", url=f"{receiver.url}/{one}") for one in range(8))
        answers = await asyncio.gather(*calls)
        assert sorted(one.status_code for one in answers) == [201] * 5 + [409] * 3
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {"too-many-subscriptions"}

    async def test_a_deleted_subscription_gets_nothing_more(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        await partner.live(await partner.file(), "routed")
        path = f"/intake/v1/subscriptions/{subscription['subscription_id']}"
        assert (await partner.desk.client.delete(path, headers=partner.headers)).status_code == 204
        assert await partner.deliver() == 0
        assert (await partner.get("/subscriptions")).json()["items"] == []

    async def test_a_subscription_of_another_partner_is_not_found(self, partner, another, receiver):
        subscription = await partner.subscribe(receiver.url)
        stranger = another("other-department")
        for end, call in (("/deliveries", stranger.get), ("/secret", stranger.post)):
            theirs, none = [await call(f"/subscriptions/{one}{end}") for one in (subscription["subscription_id"], uuid4())]
            assert (theirs.status_code, theirs.content) == (none.status_code, none.content)
            assert theirs.status_code == 404
        assert (await stranger.get("/subscriptions")).json()["total"] == 0

    async def test_a_repeat_under_the_same_key_gives_the_same_subscription(self, partner, receiver, monkeypatch):
        first = await partner.once("key-1", "/subscriptions", url=receiver.url)
        monkeypatch.setattr(AddressGuard, "check", None)  # a repeat asks nobody again
        again = await partner.once("key-1", "/subscriptions", url=receiver.url)
        assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (await partner.get("/subscriptions")).json()["total"] == 1
        other = await partner.once("key-1", "/subscriptions", url=f"{receiver.url}/other")
        assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")

    async def test_a_renewal_whose_answer_was_lost_is_repeated_with_the_same_secret(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        path = f"/subscriptions/{subscription['subscription_id']}/secret"
        first, again = [await partner.once("key-2", path) for _ in range(2)]
        assert (first.status_code, again.json()) == (200, first.json())
        await partner.live(await partner.file(), "routed")
        await partner.deliver()
        for secret in (subscription["secret"], first.json()["secret"]):  # the former one was not lost to a second renewal
            verified(secret, receiver.got[0], partner.desk.clock)

    async def test_a_subscription_deleted_while_positions_are_assigned_is_skipped(self, partner, receiver):
        gone, kept = [UUID((await partner.subscribe(receiver.url))["subscription_id"]) for _ in range(2)]
        filed = await partner.file()
        await apply(partner.desk, routed(UUID(filed["appeal_id"])))
        database = partner.desk.parts.database
        async with database.write() as session:
            await repository.subscription_of(session, gone, (await partner.desk.rows(Subscription))[0].subscriber, lock=True)
            numbering = asyncio.create_task(jobs.assign_positions(partner.desk.parts))
            await until_waiting(partner.desk, numbering)
            await repository.delete_subscription(session, gone)
        assert await numbering == 1
        assert [row.subscription_id for row in await partner.desk.rows(Delivery)] == [kept]

    async def test_a_removed_backend_gets_no_more_updates_of_others(self, partner, another, receiver):
        citizen, backend = another("citizen-1", "applicant"), another("app", "channel")
        await backend.subscribe(receiver.url)
        filed = await citizen.file(channel="APP")
        await partner.live(filed, "routed")
        partner.desk.parts.settings.app_backends = ("another-app",)
        await partner.live(filed, "answered")
        while await partner.deliver():
            pass
        assert [json.loads(body)["type"] for _, body in receiver.got] == ["appeal-routed"]

    async def test_a_partner_has_a_limited_number_of_subscriptions(self, partner, receiver):
        for _ in range(policy.webhooks().subscriptions_each):
            await partner.subscribe(receiver.url)
        refused = await partner.post("/subscriptions", url=receiver.url)
        assert (refused.status_code, refused.json()["code"]) == (409, "too-many-subscriptions")

    async def test_an_unknown_type_is_refused_by_name(self, partner, receiver):
        refused = await partner.post("/subscriptions", url=receiver.url, events=["answer-given", "nonsense"])
        assert refused.json()["errors"][0]["field"] == "events.1"

    async def test_url_and_secret_are_sealed(self, partner, receiver):
        subscription = await partner.subscribe(receiver.url)
        stored = await partner.desk.engine.stored(partner.desk.parts.database)
        assert receiver.url.encode() not in stored
        assert subscription["secret"].encode() not in stored
