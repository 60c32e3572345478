"""SMS through a gateway's webhook: signed JSON out, signed receipts and replies in (Standard Webhooks)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json
from standardwebhooks import Webhook

from intake.notifications.service.senders import Hung, Message, NoReply, Refused
from shared.clock import Clock
from shared.errors import Unauthorized
from shared.tls import authorities

TIMEOUT_SECONDS: Final = 10.0
TOLERANCE: Final = timedelta(minutes=5)  # as the reference library of Standard Webhooks has it
_LATER: Final = frozenset({401, 403, 404, 408, 425, 429})  # ours or the gateway's to mend, not this message's fault


class BadSignature(Unauthorized):
    """Not from the gateway, or too long ago."""

    code, title = "bad-signature", "The signature is missing, wrong or too old."


class _Taken(BaseModel):
    message_id: str | None = Field(None, max_length=200)


@dataclass(frozen=True, slots=True)
class Gateway:
    """`POST url {"id", "to", "text"}`, `webhook-id` being the id; 2xx takes it, perhaps with `{"message_id"}`."""

    url: str
    secret: str = field(repr=False)
    clock: Clock

    async def send(self, message: Message) -> str | None:
        raw = to_json({"id": message.notice_id, "to": message.address, "text": message.text})
        headers = {"Content-Type": "application/json", **signed(self.secret, str(message.notice_id), raw, self.clock.now())}
        try:
            async with httpx.AsyncClient(verify=authorities(), trust_env=False, timeout=TIMEOUT_SECONDS) as client:
                answer = await client.post(self.url, content=raw, headers=headers)
        except (httpx.ReadTimeout, httpx.WriteTimeout, httpx.RemoteProtocolError):
            raise Hung from None  # it was reached: one message over which it falls must not keep the others
        except httpx.HTTPError:
            raise NoReply from None
        if answer.is_success:
            return _reference(answer.content)
        raise (Refused if answer.is_client_error and answer.status_code not in _LATER else NoReply) from None


def _reference(raw: bytes) -> str | None:
    try:
        return _Taken.model_validate_json(raw).message_id
    except ValidationError:
        return None


def signed(secret: str, message_id: str, raw: bytes, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    at = at.astimezone(UTC)
    signature = Webhook(secret).sign(message_id, at, raw.decode())
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def verified(secret: str | None, headers: Mapping[str, str], raw: bytes, clock: Clock) -> str:
    """The id of a message that the gateway signed. Raises BadSignature, also where no gateway is set."""
    given: Any = headers.get("webhook-id"), headers.get("webhook-timestamp", ""), headers.get("webhook-signature", "")
    message_id, timestamp, signatures = given
    if not (secret and message_id and timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 12):  # noqa: PLR2004 - seconds
        raise BadSignature
    at = datetime.fromtimestamp(int(timestamp), UTC)
    try:
        expected = Webhook(secret).sign(message_id, at, raw.decode())
    except UnicodeDecodeError:
        raise BadSignature from None
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in signatures.split()) or abs(clock.now() - at) > TOLERANCE:
        raise BadSignature
    return str(message_id)
