"""The draft of an answer on the pages: saving what a form contains, and showing it again."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from pydantic_core import to_json

from routing.cases import service as cases
from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.drafts import DraftView, SaveDraft
from routing.cases.schemas.views import CaseView
from routing.desk.pages.case_forms import DraftNote
from routing.desk.pages.forms import SubmittedForm, number_in, of_draft
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader
from shared.auth import Principal
from shared.domain.regions import regions
from shared.errors import Conflict, InvalidInput
from shared.http import parse
from shared.unit_of_work import UnitOfWork, UnitsOfWork
from shared.web.i18n import N_

DRAFT: Final = "draft"
"""The last step of the URL to which a draft is posted, and the message after it was saved."""
DRAFT_DELETED: Final = "draft-deleted"


async def save(work: UnitOfWork, principal: Principal, appeal_id: UUID, form: SubmittedForm, sent: Mapping[str, str]) -> DraftView:
    """Save the form of an answer as the clerk's draft. Raises NotFound, DraftVersionConflict, and InvalidInput for a value too long."""
    expected = number_in(sent, "expected_draft_version")
    command = parse(SaveDraft, to_json({"expected_draft_version": expected} | form.draft()))
    return await cases.save_draft(work, principal, appeal_id, command)


async def save_refused(units: UnitsOfWork, principal: Principal, appeal_id: UUID, form: SubmittedForm, sent: Mapping[str, str]) -> None:
    """Save an answer that was not sent, so that a reload shows it again. What cannot be saved is on the page that comes back."""
    if form.shown_in is not CaseAction.ANSWER:
        return
    try:
        async with units.write() as work:
            await save(work, principal, appeal_id, form, sent)
    except (Conflict, InvalidInput):
        return


def shown_answer(form: SubmittedForm, draft: DraftView | None) -> SubmittedForm:
    """Return the form of the answer as the page shows it: the one that came back, else the draft, else an empty one."""
    if form.shown_in is CaseAction.ANSWER:
        return form
    return of_draft(draft) if draft else SubmittedForm()


def draft_note(case: CaseView, draft: DraftView | None, position: ListPosition, reader: DeskReader) -> DraftNote:
    """Return what the page says of the draft."""
    href = position.href(case.appeal_id, DRAFT)
    return DraftNote(draft.draft_version, saved_text(draft, case.region, reader), href) if draft else DraftNote(0, "", href)


def saved_text(draft: DraftView, region: str, reader: DeskReader) -> str:
    """Return when the draft was saved, in the local time of the case."""
    local = draft.saved_at.astimezone(regions()[region].timezone)
    return reader.translate(N_("Draft saved at %(time)s"), time=f"{local:%H:%M}")
