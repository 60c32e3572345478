"""What happened to an inquiry beyond its delivery and its answers: stored with sealed texts, and read for those who see the inquiry."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from provider_contact.inquiries.codes import InquiryAction
from provider_contact.inquiries.models import InquiryEntry
from provider_contact.inquiries.schemas.views import EntryView
from provider_contact.inquiries.service.ports import ActionContext
from shared.sealing import Sealer

TABLE: Final = "inquiry_entry"
INTERNAL: Final = frozenset({InquiryAction.RECORD_CALL})
"""Entries of the Fund's own, which the provider does not see."""


def enter(
    context: ActionContext,
    action: InquiryAction,
    *,
    code: str | None = None,
    day: date | None = None,
    texts: Mapping[str, str] | None = None,
) -> UUID:
    """Add an entry of the action, with its texts sealed. Return its id."""
    entry_id, inquiry = context.work.ids.new(), context.inquiry
    content = context.work.sealer.seal(TABLE, entry_id, "content", json.dumps(texts, ensure_ascii=False).encode()) if texts else None
    context.work.session.add(
        InquiryEntry(
            entry_id=entry_id,
            inquiry_id=inquiry.inquiry_id,
            at=context.now,
            type=action,
            round=inquiry.round,
            actor_role=context.role,
            actor=context.principal.subject,
            code=code,
            day=day,
            content=content,
        )
    )
    return entry_id


def entry_view(entry: InquiryEntry, sealer: Sealer) -> EntryView:
    """Return an entry with its texts."""
    texts: Mapping[str, str] = json.loads(sealer.open(TABLE, entry.entry_id, "content", entry.content)) if entry.content else {}
    return EntryView(
        at=entry.at,
        type=entry.type,
        round=entry.round,
        actor_role=entry.actor_role,
        code=entry.code,
        day=entry.day,
        text=texts.get("text"),
        spoken_to=texts.get("spoken_to"),
        position=texts.get("position"),
    )
