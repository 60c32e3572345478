"""Mails to the people of a provider that are about no inquiry: invitations, and that the provider's webhook is disabled."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.deliveries import repository
from provider_contact.deliveries.codes import DeliveryError, DeliveryState, ProviderMailKind, WebhookDisabledReason
from provider_contact.deliveries.models import ProviderMail
from provider_contact.deliveries.policy import delivery_policy, delivery_texts
from provider_contact.deliveries.service.mail_worker import MailWorker
from provider_contact.directory.service.contacts import contacts_of, with_role
from shared.domain.labels import Label, Language
from shared.leases import Lease
from shared.outgoing.senders import OutgoingMessage
from shared.sealing import SealError
from shared.unit_of_work import UnitOfWork

TABLE: Final = "provider_mail"
_LANGUAGES: Final[tuple[Language, ...]] = ("kk", "ru")
_SEPARATOR: Final = "\n\n* * *\n\n"
LINK: Final = "link"
"""The value that is a path on the address of the pages."""


async def plan_mail(
    work: UnitOfWork,
    kind: ProviderMailKind,
    provider_id: UUID,
    address: str,
    values: Mapping[str, str],
    *,
    languages: Sequence[Language] = _LANGUAGES,
    about: UUID | None = None,
) -> None:
    """Plan a mail with these values of its text, sealed until it was sent or has failed. `about`: what `drop_mails` finds it by."""
    mail_id, now, seal = work.ids.new(), work.clock.now(), work.sealer.seal
    work.session.add(
        ProviderMail(
            mail_id=mail_id,
            provider_id=provider_id,
            kind=kind,
            about=about,
            address=seal(TABLE, mail_id, "address", address.encode()),
            content=seal(TABLE, mail_id, "content", json.dumps(dict(values), ensure_ascii=False).encode()),
            languages=list(languages),
            state=DeliveryState.WAITING,
            attempts=0,
            planned_at=now,
            next_at=now,
            delivered_at=None,
            last_error=None,
        )
    )


async def drop_mails(work: UnitOfWork, about: UUID) -> None:
    """Drop the mails about something that were not sent yet."""
    await repository.drop_provider_mails(work.session, about)


class MailProgress(NamedTuple):
    """How far the mail of an invitation is. `error`: why the latest attempt failed; None: none did."""

    state: DeliveryState
    label: Label
    at: datetime
    """When it was delivered, or else planned."""
    error: Label | None


async def invitation_mails(work: UnitOfWork, account_ids: Collection[UUID]) -> Mapping[UUID, MailProgress]:
    """Return how far the latest mail of an invitation is, by account; accounts without one are left out."""
    texts, found = delivery_texts(), await repository.latest_invitation_mails(work.session, account_ids)
    return {
        account_id: MailProgress(
            mail.state,
            texts.states[mail.state],
            mail.delivered_at or mail.planned_at,
            texts.errors.get(mail.last_error) if mail.last_error else None,
        )
        for account_id, mail in found.items()
    }


async def plan_webhook_disabled(work: UnitOfWork, provider_id: UUID, reason: WebhookDisabledReason) -> None:
    """Plan the mail that a provider's webhook is disabled, to whoever answers for its system. Without such a contact there is none."""
    roles = delivery_policy().webhooks.disabled_roles
    contacts = with_role([each for each in await contacts_of(work, provider_id) if each.email], *roles)
    if not contacts:
        return
    contact = contacts[0]
    names = (await repository.provider_names(work.session, {provider_id})).get(provider_id, ("", ""))
    values = {"provider_kk": names[0], "provider_ru": names[1], "reason": reason}
    languages = [language for language in _LANGUAGES if not contact.languages or language in contact.languages] or list(_LANGUAGES)
    await plan_mail(work, ProviderMailKind.WEBHOOK_DISABLED, provider_id, contact.email or "", values, languages=languages)


class ProviderMailDispatcher(MailWorker[ProviderMail]):
    """Sends the mails to providers' people that are due."""

    async def _has_due(self, now: datetime) -> bool:
        return await repository.has_due_provider_mail(self._parts.database, now)

    async def _claim(self, work: UnitOfWork, lease: Lease, now: datetime, limit: int) -> Sequence[ProviderMail]:
        return await repository.claim_provider_mails(work.session, lease, now, limit)

    def _is_needed(self, item: ProviderMail) -> bool:
        return item.content is not None

    def _message(self, item: ProviderMail) -> OutgoingMessage:
        if item.content is None:
            raise SealError
        open_ = self._parts.sealer.open
        values: dict[str, str] = json.loads(open_(TABLE, item.mail_id, "content", item.content))
        if LINK in values:
            values[LINK] = f"{self._public_url}{values[LINK]}"
        address = open_(TABLE, item.mail_id, "address", item.address).decode()
        subject, text = compose(item.kind, item.languages, values)
        return OutgoingMessage(item.mail_id, item.provider_id, address, subject, text, self._parts.clock.now())

    async def _record_delivered(self, work: UnitOfWork, item: ProviderMail, external_id: str | None) -> None:  # noqa: ARG002 - mail has none
        now = work.clock.now()
        await repository.record_provider_mail(
            work.session, item, state=DeliveryState.DELIVERED, delivered_at=now, last_error=None, next_at=None, content=None
        )

    async def _record_failed(self, work: UnitOfWork, item: ProviderMail, error: DeliveryError) -> None:
        await repository.record_provider_mail(work.session, item, state=DeliveryState.FAILED, last_error=error, next_at=None, content=None)

    async def _record_deferred(self, work: UnitOfWork, item: ProviderMail, error: DeliveryError, *, is_charged: bool) -> None:
        now, limits = work.clock.now(), delivery_policy().mail
        if is_charged and now >= item.planned_at + limits.longest:
            await self._record_failed(work, item, error)
            return
        wait: timedelta = limits.wait(item.attempts + 1) if is_charged else limits.wait(1)
        await repository.record_provider_mail(work.session, item, is_charged=is_charged, last_error=error, next_at=now + wait)

    async def _record_dropped(self, work: UnitOfWork, item: ProviderMail) -> None:
        await repository.record_provider_mail(work.session, item, is_charged=False, state=DeliveryState.DROPPED, next_at=None, content=None)


def compose(kind: ProviderMailKind, languages: Sequence[str], values: Mapping[str, str]) -> tuple[str, str]:
    """Return the subject and the text of a mail, in its languages one after the other.

    A value that differs by language has its language in its name (`provider_kk`); `reason` is a code of the texts.
    """
    texts = delivery_texts()
    parts = []
    for language in (each for each in languages if each in _LANGUAGES):
        in_language = {name.removesuffix(f"_{language}"): value for name, value in values.items()}
        if "reason" in values:
            in_language["reason"] = texts.disabled_reasons[WebhookDisabledReason(values["reason"])].in_(_of(language))
        template = texts.provider_mails[kind]
        subject = _filled(template.subject, _of(language), in_language)
        parts.append((subject, "\n\n".join([_filled(template.body, _of(language), in_language), texts.signature.in_(_of(language))])))
    return parts[0][0], _SEPARATOR.join(text for _, text in parts) + "\n"


def _of(language: str) -> Language:
    return "kk" if language == "kk" else "ru"


def _filled(label: Label, language: Language, values: Mapping[str, str]) -> str:
    return label.in_(language).format_map(values)
