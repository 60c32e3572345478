"""What a person typed and has not sent. Each person has one draft of their own on each inquiry; it is deleted when the answer is sent."""

from collections.abc import Mapping
from uuid import UUID

from pydantic import ValidationError

from provider_contact.accounts.schemas import AccountView
from provider_contact.portal import repository
from provider_contact.portal.errors import DraftChanged
from provider_contact.portal.models import ResponseDraft
from provider_contact.portal.schemas import LONGEST_VALUE, DraftContent, DraftView
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

TABLE = "response_draft"


async def find_draft(work: UnitOfWork, account: AccountView, inquiry_id: UUID) -> DraftView | None:
    """Return the person's own draft, None without one. The caller has checked that the person sees the inquiry."""
    found = await repository.find_draft(work.session, account.account_id, inquiry_id)
    return _view(found, work.sealer) if found else None


async def save_draft(
    work: UnitOfWork, account: AccountView, inquiry_id: UUID, values: Mapping[str, str], expected_version: int | None
) -> DraftView:
    """Store the person's own draft. `expected_version` None: whatever is stored is replaced.

    Raises DraftChanged if the draft changed since it was read, InvalidInput for a field that is longer than an answer may be. The caller
    has checked that the person sees the inquiry.
    """
    stored = await repository.draft(work.session, account.account_id, inquiry_id)
    current = stored.version if stored else 0
    if expected_version is not None and current != expected_version:
        raise DraftChanged
    draft_id = stored.draft_id if stored else work.ids.new()
    content = work.sealer.seal(TABLE, draft_id, "content", _content(values).model_dump_json().encode())
    now = work.clock.now()
    if stored is None:
        stored = ResponseDraft(
            draft_id=draft_id, account_id=account.account_id, inquiry_id=inquiry_id, version=1, saved_at=now, content=content
        )
        work.session.add(stored)
        await work.session.flush()
    else:
        stored.version, stored.saved_at, stored.content = current + 1, now, content
    return _view(stored, work.sealer)


async def delete_draft(work: UnitOfWork, account: AccountView, inquiry_id: UUID) -> None:
    """Delete the person's own draft, if there is one."""
    await repository.delete_draft(work.session, account.account_id, inquiry_id)


def _content(values: Mapping[str, str]) -> DraftContent:
    try:
        return DraftContent(values=dict(values))
    except ValidationError:
        raise InvalidInput.field("text", "too-long", DETAILS["too-long"].format(max_length=LONGEST_VALUE)) from None


def _view(draft: ResponseDraft, sealer: Sealer) -> DraftView:
    content = DraftContent.model_validate_json(sealer.open(TABLE, draft.draft_id, "content", draft.content))
    return DraftView(draft.version, draft.saved_at, content.values)
