"""One-time links of mails: made with the mail, stored as keyed hashes, valid until used or expired."""

import secrets
from typing import Final
from uuid import UUID

from provider_contact.deliveries.models import Delivery, ReplyLink
from provider_contact.deliveries.policy import delivery_policy
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork

TABLE: Final = "reply_link"
TOKEN_BYTES: Final = 32
LONGEST_TOKEN: Final = 100  # characters of a path that are looked at
PATH: Final = "/provider-contact/v1/replies"


def new_link(work: UnitOfWork, delivery: Delivery, provider_id: UUID) -> ReplyLink:
    """Return the link of a mail that was not sent yet, with its token sealed."""
    link_id, token = work.ids.new(), secrets.token_urlsafe(TOKEN_BYTES)
    return ReplyLink(
        link_id=link_id,
        token_key=token_key(work.pepper, token),
        token=work.sealer.seal(TABLE, link_id, "token", token.encode()),
        delivery_id=delivery.delivery_id,
        inquiry_id=delivery.inquiry_id,
        provider_id=provider_id,
        expires_at=work.clock.now() + delivery_policy().replies.life,
        used_at=None,
        is_late=None,
    )


def token_key(pepper: Pepper, token: str) -> bytes:
    """Return the lookup key of a token: a keyed hash, 32 bytes."""
    return pepper.keyed_hmac("reply-link", token[:LONGEST_TOKEN].encode())


def address_of(link: ReplyLink, sealer: Sealer, public_url: str) -> str | None:
    """Return the address of a link that was not sent yet; None for one whose mail is done. Raises SealError."""
    if link.token is None:
        return None
    return f"{public_url}{PATH}/{sealer.open(TABLE, link.link_id, 'token', link.token).decode()}"
