"""Answers by one-time links: whoever has the link answers for the provider, once, and whoever wrote the mail is not asked."""

from provider_contact.deliveries import repository
from provider_contact.deliveries.errors import LinkExpired, LinkUsed
from provider_contact.deliveries.models import ReplyLink
from provider_contact.deliveries.service.links import token_key
from provider_contact.inquiries.codes import AnswerMethod
from provider_contact.inquiries.schemas.commands import AnswerContent
from provider_contact.inquiries.service import Actions, AnswerSender, ReceivedAnswer
from shared.auth import Principal
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

ISSUER = "provider-reply-link"


async def open_link(work: UnitOfWork, token: str) -> ReplyLink:
    """Return the link of a token that may still be used. Raises NotFound for an unknown token, LinkUsed and LinkExpired."""
    return _usable(await repository.reply_link(work.session, token_key(work.pepper, token)), work)


async def answer(work: UnitOfWork, token: str, content: AnswerContent, actions: Actions) -> ReceivedAnswer:
    """Store the answer of a link and use the link up. An answer that nobody expects any more is stored and changes nothing.

    Raises NotFound, LinkUsed, LinkExpired, and InvalidInput for what does not fit the inquiry: then the link can be used again.
    """
    key = token_key(work.pepper, token)
    found = await repository.reply_link(work.session, key)
    if found is None:
        raise NotFound
    await repository.lock_inquiry(work.session, found.inquiry_id)  # before the link, as whoever records that its mail was sent
    link = _usable(await repository.reply_link(work.session, key, lock=True), work)
    received = await actions.receive_answer(work, link.inquiry_id, content, AnswerSender(AnswerMethod.EMAIL, str(link.link_id)))
    link.used_at, link.is_late = work.clock.now(), not received.counts
    return received


def bearer(link: ReplyLink) -> Principal:
    """Return whoever has the link, as the audit logs of other services name them."""
    return Principal(subject=f"link {link.link_id}", issuer=ISSUER, roles=frozenset({"provider"}), provider_id=link.provider_id)


def _usable(link: ReplyLink | None, work: UnitOfWork) -> ReplyLink:
    if link is None:
        raise NotFound
    if link.used_at is not None:
        raise LinkUsed(link.used_at, is_late=bool(link.is_late))
    if work.clock.now() >= link.expires_at:
        raise LinkExpired(link.expires_at)
    return link
