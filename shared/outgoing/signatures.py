"""Signatures of messages between systems by Standard Webhooks: signing, verifying, and new secrets."""

import hmac
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from standardwebhooks import Webhook

from shared.clock import Clock
from shared.errors import Unauthorized

TOLERANCE: Final = timedelta(minutes=5)  # the tolerance of the reference library of Standard Webhooks
NEW_SECRET_BYTES: Final = 32  # Standard Webhooks: 24 to 64


class BadSignature(Unauthorized):
    """The request was not signed with the secret, or too long ago."""

    code, title = "bad-signature", "The signature is missing, wrong or too old."


def new_secret() -> str:
    """Return a random secret in the format of Standard Webhooks."""
    return f"whsec_{b64encode(secrets.token_bytes(NEW_SECRET_BYTES)).decode()}"


def sign_headers(valid: str | Sequence[str], message_id: str, raw: bytes, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a body: id, time, and a signature by each valid secret."""
    at = at.astimezone(UTC)
    signatures = [Webhook(secret).sign(message_id, at, raw.decode()) for secret in ([valid] if isinstance(valid, str) else valid)]
    return {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures)}


def verify_signature(secret: str | None, headers: Mapping[str, str], raw: bytes, clock: Clock) -> str:
    """Return the id of a message that was signed with the secret. Raises BadSignature, also if there is no secret."""
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
