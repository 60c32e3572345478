"""Signatures by Standard Webhooks: the reference library accepts ours, and a changed or old message is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from shared.clock import FakeClock, SystemClock
from shared.outgoing.signatures import BadSignature, new_secret, sign_headers, verify_signature


@pytest.fixture
def secret():
    return new_secret()


class TestSignHeaders:
    def test_the_reference_library_accepts_the_signature(self, secret):
        headers = sign_headers(secret, "m", b'{"a":1}', SystemClock().now())
        assert Webhook(secret).verify(b'{"a":1}', headers) == {"a": 1}

    def test_each_valid_secret_signs_while_one_replaces_the_other(self, secret):
        newer = new_secret()
        headers = sign_headers([newer, secret], "m", b"{}", SystemClock().now())
        assert Webhook(secret).verify(b"{}", headers) == Webhook(newer).verify(b"{}", headers) == {}


class TestVerifySignature:
    NOW = datetime(2026, 2, 2, 9, 15, tzinfo=UTC)

    @pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6)])
    def test_an_old_or_future_signature_is_refused(self, secret, off):
        with pytest.raises(BadSignature):
            verify_signature(secret, sign_headers(secret, "m", b"{}", self.NOW + off), b"{}", FakeClock(self.NOW))

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
            verify_signature(secret, sign_headers(secret, "m", b"{}", self.NOW) | change, b"{}", FakeClock(self.NOW))

    def test_a_changed_body_is_refused_and_so_is_everything_without_a_gateway(self, secret):
        headers = sign_headers(secret, "m", b"{}", self.NOW)
        assert verify_signature(secret, headers, b"{}", FakeClock(self.NOW)) == "m"
        for held, raw in ((secret, b"{ }"), (secret, b"\xff"), (None, b"{}")):
            with pytest.raises(BadSignature):
                verify_signature(held, headers, raw, FakeClock(self.NOW))
