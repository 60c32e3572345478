import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from intake.notifications.service import inbound
from intake.notifications.service.dispatch import Dispatcher
from intake.notifications.service.sms import BadSignature, Gateway, signed, verified
from intake.register.models import Appeal, Tracking
from shared.clock import FakeClock, SystemClock
from shared.errors import Unavailable


def over(desk, gateway, secret):
    return Dispatcher(desk.parts, {"SMS": Gateway(gateway.url, secret, desk.clock)}, "https://aryz.example")


class TestGateway:
    async def test_a_message_is_posted_with_a_signature_and_an_id_that_stays(self, desk, case_of, gateway, secret):
        case = await case_of(desk, language="ru")
        await case.answered()
        gateway.status = 503
        await over(desk, gateway, secret).run_once()
        (notice,) = await case.notices()
        assert (notice.state, notice.reason) == ("PLANNED", "NO_REPLY")
        desk.clock.set(notice.due_at)
        gateway.status = 202
        await over(desk, gateway, secret).run_once()
        assert [headers["webhook-id"] for headers, _ in gateway.requests] == [str(notice.id)] * 2
        headers, raw = gateway.requests[-1]
        assert json.loads(raw) == {
            "id": str(notice.id),
            "to": "+77010000000",
            "text": f"№ {case.number}: ответ дан. 1 – решено, 2 – не решено",
        }
        at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        assert headers["webhook-signature"] == Webhook(secret).sign(str(notice.id), at, raw.decode())
        assert (await case.notices())[0].provider_ref == "gw-2"

    async def test_a_number_that_the_gateway_refuses_is_given_up(self, desk, case_of, gateway, secret):
        case = await case_of(desk)
        await case.inquired()
        gateway.status = 422
        await over(desk, gateway, secret).run_once()
        assert [(one.state, one.reason) for one in await case.notices()] == [("FAILED", "REFUSED")]

    @pytest.mark.parametrize(("status", "reason", "is_server"), [(400, "REFUSED", False), (429, "NO_REPLY", True), (500, "NO_REPLY", True)])
    async def test_a_refusal_concerns_its_own_number_and_a_failure_of_the_gateway_all(
        self, desk, case_of, gateway, secret, status, reason, is_server
    ):
        cases = [await case_of(desk, applicant={"full_name": "Сынақ Азамат", "phone": f"+770100000{one:02}"}) for one in range(12)]
        for case in cases:
            await case.inquired()
        gateway.status = status
        await over(desk, gateway, secret).run_once()
        assert (len(gateway.requests) <= 4) is is_server
        assert {one.reason for case in cases for one in await case.notices()} == {reason}

    def test_the_reference_library_accepts_the_signature(self, secret):
        headers = signed(secret, "m", b'{"a":1}', SystemClock().now())
        assert Webhook(secret).verify(b'{"a":1}', headers) == {"a": 1}


class TestVerified:
    NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)

    @pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6)])
    def test_an_old_or_future_signature_is_refused(self, secret, off):
        with pytest.raises(BadSignature):
            verified(secret, signed(secret, "m", b"{}", self.NOW + off), b"{}", FakeClock(self.NOW))

    @pytest.mark.parametrize(
        "change",
        [
            {"webhook-signature": ""},
            {"webhook-signature": "v1,AAAA"},
            {"webhook-signature": "ж"},
            {"webhook-id": "other"},
            {"webhook-id": ""},
            {"webhook-timestamp": "x"},
            {"webhook-timestamp": "9" * 40},
        ],
    )
    def test_a_changed_header_is_refused(self, secret, change):
        with pytest.raises(BadSignature):
            verified(secret, signed(secret, "m", b"{}", self.NOW) | change, b"{}", FakeClock(self.NOW))

    def test_a_changed_body_is_refused_and_so_is_everything_where_no_gateway_is_set(self, secret):
        headers = signed(secret, "m", b"{}", self.NOW)
        assert verified(secret, headers, b"{}", FakeClock(self.NOW)) == "m"
        for held, raw in ((secret, b"{ }"), (secret, b"\xff"), (None, b"{}")):
            with pytest.raises(BadSignature):
                verified(held, headers, raw, FakeClock(self.NOW))


class Telephone:
    """The gateway's calls to a desk that has one."""

    def __init__(self, desk, secret):
        self.desk, self.secret = desk, secret

    async def post(self, path, document, *, message_id=None, **headers):
        raw = json.dumps(document).encode()
        sent = signed(self.secret, message_id or str(uuid4()), raw, self.desk.clock.now()) | headers
        address = f"/intake/v1/channels/sms/{path}"
        return await self.desk.client.post(address, content=raw, headers={"Content-Type": "application/json", **sent})


@pytest.fixture
async def telephone(start, tmp_path, secret):
    async with start(tmp_path, sms_secret=secret) as desk:
        yield Telephone(desk, secret)


class TestReceipts:
    async def test_delivery_is_noted_and_what_did_not_arrive_goes_on_another_way(self, telephone, case_of, ways, dispatcher):
        desk = telephone.desk
        delivered, lost = await case_of(desk), await case_of(desk)
        for case in (delivered, lost):
            await case.inquired()
        await dispatcher(desk, ways).run_once()
        for case, status in ((delivered, "DELIVERED"), (lost, "UNDELIVERED"), (lost, "UNDELIVERED"), (delivered, "UNDELIVERED")):
            (notice, *_) = await case.notices()
            assert (await telephone.post("receipts", {"id": str(notice.id), "status": status})).status_code == 204
        await dispatcher(desk, ways).run_once()
        assert [(one.state, one.delivered_at) for one in await delivered.notices()] == [("DELIVERED", desk.clock.now())]
        assert sorted((one.channel, one.state, one.reason) for one in await lost.notices()) == [
            ("EMAIL", "SENT", None),
            ("SMS", "FAILED", "UNDELIVERED"),
        ]

    async def test_an_unknown_id_is_passed_over_and_an_unsigned_receipt_is_refused(self, telephone):
        receipt = {"id": str(uuid4()), "status": "DELIVERED"}
        assert (await telephone.post("receipts", receipt)).status_code == 204
        refused = await telephone.post("receipts", receipt, **{"webhook-signature": "v1,AAAA"})
        assert (refused.status_code, refused.json()["code"]) == (401, "bad-signature")
        wrong = await telephone.post("receipts", {"id": "x", "status": "DELIVERED"})
        assert wrong.status_code == 422


class TestReplies:
    @pytest.fixture
    def judged(self, monkeypatch):
        """What the replies came to, in place of the use case itself."""
        found = []

        async def judge(_intake, row, _message_id, *, settled):
            found.append((row.number, settled))

        monkeypatch.setattr(inbound, "judge", judge)
        return found

    async def test_the_latest_answer_that_the_telephone_was_told_of_is_confirmed_once_a_message(
        self, telephone, case_of, ways, dispatcher, judged
    ):
        desk = telephone.desk
        first, latest = await case_of(desk), await case_of(desk)
        for case in (first, latest):
            await case.answered()
            await dispatcher(desk, ways).run_once()
            desk.clock.advance(timedelta(minutes=1))
        for _ in range(2):
            reply = await telephone.post("inbound", {"from": "8 701 000 00 00", "text": " 1. "}, message_id="m-1")
            assert reply.status_code == 204
        await telephone.post("inbound", {"from": "+77010000000", "text": "Шешілмеді"})
        assert judged == [(latest.number, True), (latest.number, False)]
        assert b"m-1" not in await desk.engine.stored(desk.parts.database)

    async def test_anything_else_is_passed_over(self, telephone, case_of, ways, dispatcher, judged):
        desk = telephone.desk
        case = await case_of(desk)
        await case.inquired()
        await dispatcher(desk, ways).run_once()
        await telephone.post("inbound", {"from": "+77010000000", "text": "1"})  # nothing was answered yet
        await case.answered()
        await dispatcher(desk, ways).run_once()
        for sender, text in (("+77010000000", "рақмет"), ("+77010000009", "1"), ("1414", "1"), ("INFO", "1")):
            assert (await telephone.post("inbound", {"from": sender, "text": text})).status_code == 204
        assert judged == []

    async def test_what_breaks_off_is_done_when_it_comes_again(self, telephone, case_of, ways, dispatcher, monkeypatch, judged):
        desk = telephone.desk
        case = await case_of(desk)
        await case.answered()
        await dispatcher(desk, ways).run_once()

        async def broken(_intake, _row, _message_id, *, settled):
            raise Unavailable(str(settled))

        works = inbound.judge
        monkeypatch.setattr(inbound, "judge", broken)
        reply = {"from": "+77010000000", "text": "2"}
        assert (await telephone.post("inbound", reply, message_id="m-2")).status_code == 503
        monkeypatch.setattr(inbound, "judge", works)
        assert (await telephone.post("inbound", reply, message_id="m-2")).status_code == 204
        assert judged == [(case.number, False)]

    @pytest.mark.parametrize(("text", "verdict"), [("1", "RESOLVED"), ("2", "NOT_RESOLVED")])
    async def test_it_is_the_applicants_own_word_on_the_answer(self, telephone, case_of, ways, dispatcher, text, verdict):
        desk = telephone.desk
        case = await case_of(desk, language="ru", kind="COMPLAINT", category="REFUSAL_APPOINTMENT")
        await case.answered()
        await dispatcher(desk, ways).run_once()
        for message_id in ("m-1", "m-1", "m-2"):
            reply = await telephone.post("inbound", {"from": "+77010000000", "text": text}, message_id=message_id)
            assert reply.status_code == 204
        (tracking,) = [row for row in await desk.rows(Tracking) if row.appeal_id == case.appeal_id]
        assert tracking.verdict == verdict
        later = [row for row in await desk.rows(Appeal) if row.follows == case.appeal_id]
        await dispatcher(desk, ways).run_once()
        told = [message.text for message in ways.by("SMS")[1:]]
        assert told == [f"№ {one.number}: продолжено под этим номером. 1414" for one in later]
        assert len(later) == (verdict == "NOT_RESOLVED")

    async def test_an_unsigned_reply_is_refused(self, telephone):
        refused = await telephone.post("inbound", {"from": "+77010000000", "text": "1"}, **{"webhook-signature": "v1,AAAA"})
        assert (refused.status_code, refused.json()["code"]) == (401, "bad-signature")
