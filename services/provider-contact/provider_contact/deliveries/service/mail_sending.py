"""The mails of notices about inquiries."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryError
from provider_contact.deliveries.models import ReplyLink
from provider_contact.deliveries.repository import NotifiedDelivery
from provider_contact.deliveries.service import recording
from provider_contact.deliveries.service.composition import compose_mail
from provider_contact.deliveries.service.links import address_of
from provider_contact.deliveries.service.mail_worker import MailWorker
from provider_contact.deliveries.service.stepping import TABLE, is_needed
from shared.leases import Lease
from shared.outgoing.senders import OutgoingMessage
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork


class NoticeMail(NamedTuple):
    """A notice to be mailed, with its one-time link and the names of the provider in Kazakh and Russian."""

    sent: NotifiedDelivery
    link: ReplyLink | None
    provider: tuple[str, str]


class MailDispatcher(MailWorker[NoticeMail]):
    """Sends the mails of notices that are due."""

    async def _has_due(self, now: datetime) -> bool:
        return await repository.has_due_mail(self._parts.database, now)

    async def _claim(self, work: UnitOfWork, lease: Lease, now: datetime, limit: int) -> Sequence[NoticeMail]:
        items = await repository.claim_mail(work.session, lease, now, limit)
        links = await repository.links_of(work.session, [item.delivery.delivery_id for item in items])
        names = await repository.provider_names(work.session, {item.inquiry.provider_id for item in items})
        return [NoticeMail(item, links.get(item.delivery.delivery_id), names.get(item.inquiry.provider_id, ("", ""))) for item in items]

    def _is_needed(self, item: NoticeMail) -> bool:
        delivery, inquiry = item.sent
        return is_needed(delivery.notice, delivery.channel, inquiry)

    def _message(self, item: NoticeMail) -> OutgoingMessage:
        delivery, inquiry = item.sent
        if delivery.address is None:
            raise SealError
        sealer = self._parts.sealer
        address = sealer.open(TABLE, delivery.delivery_id, "address", delivery.address).decode()
        url = address_of(item.link, sealer, self._public_url) if item.link is not None else None
        subject, text = compose_mail(item.sent, url, item.provider)
        return OutgoingMessage(delivery.delivery_id, inquiry.appeal_id, address, subject, text, self._parts.clock.now())

    async def _record_delivered(self, work: UnitOfWork, item: NoticeMail, external_id: str | None) -> None:
        await recording.record_delivered(work, item.sent, external_id=external_id)

    async def _record_failed(self, work: UnitOfWork, item: NoticeMail, error: DeliveryError) -> None:
        await recording.record_failed(work, item.sent, error)

    async def _record_deferred(self, work: UnitOfWork, item: NoticeMail, error: DeliveryError, *, is_charged: bool) -> None:
        await recording.record_mail_deferred(work, item.sent, error, is_charged=is_charged)

    async def _record_dropped(self, work: UnitOfWork, item: NoticeMail) -> None:
        await recording.record_dropped(work, item.sent)
