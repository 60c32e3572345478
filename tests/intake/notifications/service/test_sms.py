import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from intake.notifications import api
from intake.notifications.service.dispatch import Dispatcher
from intake.notifications.service.sms import SmsSender
from intake.register.models import Appeal, Tracking
from shared.errors import Unavailable
from shared.outgoing.signatures import sign_headers


def over(desk, gateway, secret):
    return Dispatcher(desk.parts, {"SMS": SmsSender(gateway.url, secret, desk.clock)}, "https://aryz.example")


class TestSmsSender:
    async def test_a_message_is_posted_with_a_signature_and_a_stable_id(self, desk, case_of, gateway, secret):
        case = await case_of(desk, language="ru")
        await case.answered()
        gateway.status = 503
        await over(desk, gateway, secret).run_once()
        (notification,) = await case.notifications()
        assert (notification.state, notification.reason) == ("PLANNED", "NO_REPLY")
        desk.clock.set(notification.due_at)
        gateway.status = 202
        await over(desk, gateway, secret).run_once()
        assert [headers["webhook-id"] for headers, _ in gateway.requests] == [str(notification.id)] * 2
        headers, raw = gateway.requests[-1]
        assert json.loads(raw) == {
            "id": str(notification.id),
            "to": "+77010000000",
            "text": f"№ {case.number}: ответ дан. 1 – решено, 2 – не решено",
        }
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert headers["webhook-signature"] == Webhook(secret).sign(str(notification.id), at, raw.decode())
        assert (await case.notifications())[0].provider_ref == "gw-2"

    async def test_a_phone_number_that_the_gateway_refuses_is_not_retried(self, desk, case_of, gateway, secret):
        case = await case_of(desk)
        await case.inquired()
        gateway.status = 422
        await over(desk, gateway, secret).run_once()
        assert [(each.state, each.reason) for each in await case.notifications()] == [("FAILED", "REFUSED")]

    @pytest.mark.parametrize(("status", "reason", "is_server"), [(400, "REFUSED", False), (429, "NO_REPLY", True), (500, "NO_REPLY", True)])
    async def test_a_refusal_affects_its_own_number_and_a_failure_of_the_gateway_all(
        self, desk, case_of, gateway, secret, status, reason, is_server
    ):
        cases = [await case_of(desk, applicant={"full_name": "Сынақ Азамат", "phone": f"+770100000{index:02}"}) for index in range(12)]
        for case in cases:
            await case.inquired()
        gateway.status = status
        await over(desk, gateway, secret).run_once()
        assert (len(gateway.requests) <= 4) is is_server
        assert {each.reason for case in cases for each in await case.notifications()} == {reason}


class Telephone:
    """Sends the gateway's calls to a desk that has a gateway."""

    def __init__(self, desk, secret):
        self.desk, self.secret = desk, secret

    async def post(self, path, document, *, message_id=None, **headers):
        raw = json.dumps(document).encode()
        sent = sign_headers(self.secret, message_id or str(uuid4()), raw, self.desk.clock.now()) | headers
        address = f"/intake/v1/channels/sms/{path}"
        return await self.desk.client.post(address, content=raw, headers={"Content-Type": "application/json", **sent})


@pytest.fixture
async def telephone(start, tmp_path, secret):
    async with start(tmp_path, sms_secret=secret) as desk:
        yield Telephone(desk, secret)


class TestReceipts:
    async def test_a_delivery_is_recorded_and_an_undelivered_message_uses_another_method(self, telephone, case_of, senders, dispatcher):
        desk = telephone.desk
        delivered, lost = await case_of(desk), await case_of(desk)
        for case in (delivered, lost):
            await case.inquired()
        await dispatcher(desk, senders).run_once()
        for case, status in ((delivered, "DELIVERED"), (lost, "UNDELIVERED"), (lost, "UNDELIVERED"), (delivered, "UNDELIVERED")):
            (notification, *_) = await case.notifications()
            assert (await telephone.post("receipts", {"id": str(notification.id), "status": status})).status_code == 204
        await dispatcher(desk, senders).run_once()
        assert [(each.state, each.delivered_at) for each in await delivered.notifications()] == [("DELIVERED", desk.clock.now())]
        assert sorted((each.channel, each.state, each.reason) for each in await lost.notifications()) == [
            ("EMAIL", "SENT", None),
            ("SMS", "FAILED", "UNDELIVERED"),
        ]

    async def test_an_unknown_id_is_ignored_and_an_unsigned_receipt_is_refused(self, telephone):
        receipt = {"id": str(uuid4()), "status": "DELIVERED"}
        assert (await telephone.post("receipts", receipt)).status_code == 204
        refused = await telephone.post("receipts", receipt, **{"webhook-signature": "v1,AAAA"})
        assert (refused.status_code, refused.json()["code"]) == (401, "bad-signature")
        wrong = await telephone.post("receipts", {"id": "x", "status": "DELIVERED"})
        assert wrong.status_code == 422


class TestReplies:
    @pytest.fixture
    def judged(self, monkeypatch):
        """Replace the use case and record the outcomes of the replies."""
        found = []

        async def confirm_outcome(_intake, item, _message_id, *, settled):
            found.append((item.number, settled))

        monkeypatch.setattr(api, "confirm_outcome", confirm_outcome)
        return found

    async def test_a_reply_confirms_the_latest_answer_sent_to_the_phone_number_once_a_message(
        self, telephone, case_of, senders, dispatcher, judged
    ):
        desk = telephone.desk
        first, latest = await case_of(desk), await case_of(desk)
        for case in (first, latest):
            await case.answered()
            await dispatcher(desk, senders).run_once()
            desk.clock.advance(timedelta(minutes=1))
        for _ in range(2):
            reply = await telephone.post("inbound", {"from": "8 701 000 00 00", "text": " 1. "}, message_id="m-1")
            assert reply.status_code == 204
        await telephone.post("inbound", {"from": "+77010000000", "text": "Шешілмеді"})
        assert judged == [(latest.number, True), (latest.number, False)]
        assert b"m-1" not in await desk.engine.stored(desk.parts.database)

    async def test_any_other_reply_is_ignored(self, telephone, case_of, senders, dispatcher, judged):
        desk = telephone.desk
        case = await case_of(desk)
        await case.inquired()
        await dispatcher(desk, senders).run_once()
        await telephone.post("inbound", {"from": "+77010000000", "text": "1"})  # nothing was answered yet
        await case.answered()
        await dispatcher(desk, senders).run_once()
        for sender, text in (("+77010000000", "рақмет"), ("+77010000009", "1"), ("1414", "1"), ("INFO", "1")):
            assert (await telephone.post("inbound", {"from": sender, "text": text})).status_code == 204
        assert judged == []

    async def test_a_reply_that_failed_is_processed_when_it_comes_again(self, telephone, case_of, senders, dispatcher, monkeypatch, judged):
        desk = telephone.desk
        case = await case_of(desk)
        await case.answered()
        await dispatcher(desk, senders).run_once()

        async def broken(_intake, _item, _message_id, *, settled):
            raise Unavailable(str(settled))

        original = api.confirm_outcome
        monkeypatch.setattr(api, "confirm_outcome", broken)
        reply = {"from": "+77010000000", "text": "2"}
        assert (await telephone.post("inbound", reply, message_id="m-2")).status_code == 503
        monkeypatch.setattr(api, "confirm_outcome", original)
        assert (await telephone.post("inbound", reply, message_id="m-2")).status_code == 204
        assert judged == [(case.number, False)]

    @pytest.mark.parametrize(("text", "verdict"), [("1", "RESOLVED"), ("2", "NOT_RESOLVED")])
    async def test_a_reply_is_the_applicants_verdict_on_the_answer(self, telephone, case_of, senders, dispatcher, text, verdict):
        desk = telephone.desk
        case = await case_of(desk, language="ru", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await case.answered()
        await dispatcher(desk, senders).run_once()
        for message_id in ("m-1", "m-1", "m-2"):
            reply = await telephone.post("inbound", {"from": "+77010000000", "text": text}, message_id=message_id)
            assert reply.status_code == 204
        (tracking,) = [row for row in await desk.rows(Tracking) if row.appeal_id == case.appeal_id]
        assert tracking.verdict == verdict
        later = [row for row in await desk.rows(Appeal) if row.follows == case.appeal_id]
        await dispatcher(desk, senders).run_once()
        texts = [message.text for message in senders.by("SMS")[1:]]
        assert texts == [f"№ {each.number}: продолжено под этим номером. 1414" for each in later]
        assert len(later) == (verdict == "NOT_RESOLVED")

    async def test_an_unsigned_reply_is_refused(self, telephone):
        refused = await telephone.post("inbound", {"from": "+77010000000", "text": "1"}, **{"webhook-signature": "v1,AAAA"})
        assert (refused.status_code, refused.json()["code"]) == (401, "bad-signature")
