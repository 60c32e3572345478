"""Sending of SMS through a gateway's webhook, signed by Standard Webhooks."""

from dataclasses import dataclass, field
from typing import Final

import httpx
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import to_json

from shared.clock import Clock
from shared.outgoing.senders import MessageRefused, MessageTimedOut, OutgoingMessage, ServerUnavailable
from shared.outgoing.signatures import sign_headers
from shared.tls import authorities

TIMEOUT_SECONDS: Final = 10.0
_SERVER_ERRORS: Final = frozenset({401, 403, 404, 408, 425, 429})  # of the set-up or the gateway, not of this message


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
