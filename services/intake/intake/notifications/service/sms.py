"""Sending of SMS through a gateway's webhook, and verification of its receipts and replies (Standard Webhooks)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from standardwebhooks import Webhook

from intake.notifications.service.senders import MessageRefused, MessageTimedOut, OutgoingMessage, ServerUnavailable
from shared.clock import Clock
from shared.errors import Unauthorized
from shared.tls import authorities

TIMEOUT_SECONDS: Final = 10.0
TOLERANCE: Final = timedelta(minutes=5)  # the tolerance of the reference library of Standard Webhooks
_SERVER_ERRORS: Final = frozenset({401, 403, 404, 408, 425, 429})  # of the set-up or the gateway, not of this message


class BadSignature(Unauthorized):
    """The request was not signed by the gateway, or too long ago."""

    code, title = "bad-signature", "The signature is missing, wrong or too old."


class _GatewayResponse(BaseModel):
    message_id: str | None = Field(None, max_length=200)


@dataclass(frozen=True, slots=True)
class SmsSender:
    """Sends messages by `POST url {"id", "to", "text"}`; `webhook-id` is the id. 2xx accepts it, optionally with `{"message_id"}`."""

    url: str
    secret: str = field(repr=False)
    clock: Clock

    async def send(self, message: OutgoingMessage) -> str | None:
        raw = to_json({"id": message.notification_id, "to": message.address, "text": message.text})
        headers = {"Content-Type": "application/json", **sign_headers(self.secret, str(message.notification_id), raw, self.clock.now())}
        try:
            async with httpx.AsyncClient(verify=authorities(), trust_env=False, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(self.url, content=raw, headers=headers)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.RemoteProtocolError):
            raise MessageTimedOut from None  # the gateway was reached: one message at which it fails must not delay the others
        except httpx.HTTPError:
            raise ServerUnavailable from None
        if answer.is_success:
            return _reference(answer.content)
        is_refused = answer.is_client_error and answer.status_code not in _SERVER_ERRORS
        raise MessageRefused if is_refused else ServerUnavailable


def _reference(raw: bytes) -> str | None:
    try:
        return _GatewayResponse.model_validate_json(raw).message_id
    except ValidationError:
        return None


def sign_headers(secret: str, message_id: str, raw: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a body: id, time and signature."""
    at = at.astimezone(UTC)
    signature = Webhook(secret).sign(message_id, at, raw.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def verify_signature(secret: str | None, headers: Mapping[str, str], raw: bytes, clock: Clock) -> str:
    """Return the id of a message that the gateway signed. Raises BadSignature, also if no gateway is configured."""
    message_id, timestamp = headers.get("webhook-id"), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()
    if not (secret and message_id and timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):  # noqa: PLR2004 - seconds
        raise BadSignature
    at = datetime.fromtimestamp(int(timestamp), UTC)
    try:
        expected = Webhook(secret).sign(message_id, at, raw.decode())
    except UnicodeDecodeError:
        raise BadSignature from None
    if not any(hmac.compare_digest(expected.encode(), signature.encode()) for signature in signatures) or abs(clock.now() - at) > TOLERANCE:
        raise BadSignature
    return message_id
