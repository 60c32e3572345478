"""A test update: sent at once, signed as any other, and answered with what the receiver said."""

import asyncio
from uuid import uuid4

import pytest

from tests.intake.channels.partner.service.test_webhooks import verified

PUBLIC = "93.184.215.14"


@pytest.fixture
async def subscription(partner, receiver):
    return await partner.subscribe(receiver.url)


def trial_path(subscription):
    return f"/subscriptions/{subscription['subscription_id']}/test"


class TestATestUpdate:
    async def test_it_is_signed_and_names_the_subscription(self, trial, partner, receiver, subscription):
        answer = await partner.post(trial_path(subscription))

        [call] = receiver.got
        sent = verified(subscription["secret"], call, trial.clock)
        assert (sent["type"], sent["data"]) == ("test", {"subscription_id": subscription["subscription_id"]})
        assert answer.json() == {"webhook_id": call[0]["webhook-id"], "delivered": True, "status": 204, "error": None}

    @pytest.mark.parametrize("status", [302, 410, 500])
    async def test_a_refusal_is_reported_and_changes_nothing(self, partner, receiver, subscription, status):
        receiver.answers = [status]

        answer = (await partner.post(trial_path(subscription))).json()

        assert (answer["delivered"], answer["status"], answer["error"]) == (False, status, "refused")
        [shown] = (await partner.get("/subscriptions")).json()["items"]
        assert shown["active"]
        assert (await partner.get(f"/subscriptions/{subscription['subscription_id']}/deliveries")).json()["total"] == 0
        assert await partner.deliver() == 0

    async def test_it_is_sent_once_for_each_key(self, partner, receiver, subscription):
        first = await partner.once("k", trial_path(subscription))
        again = await partner.once("k", trial_path(subscription))

        assert (len(receiver.got), again.content) == (1, first.content)

    async def test_eight_equal_requests_at_once_send_it_once(self, partner, receiver, subscription):
        answers = await asyncio.gather(*(partner.once("k", trial_path(subscription)) for _ in range(8)))

        assert (len(receiver.got), len({answer.content for answer in answers})) == (1, 1)

    async def test_a_name_that_moved_inside_is_not_called(self, partner, stands_for):
        stands_for([PUBLIC], ["10.0.0.7"])
        subscription = await partner.subscribe("https://callcentre.kz/hook")

        answer = (await partner.post(trial_path(subscription))).json()

        assert (answer["status"], answer["error"]) == (None, "refused-address")

    async def test_a_receiver_that_is_not_there_is_reported(self, partner):
        subscription = await partner.subscribe("http://127.0.0.1:9/hook")

        assert (await partner.post(trial_path(subscription))).json()["error"] == "unreachable"

    async def test_it_is_for_the_subscriber_alone(self, another, subscription, receiver):
        for path in (trial_path(subscription), f"/subscriptions/{uuid4()}/test"):
            answer = await another("somebody-else").post(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert receiver.got == []
