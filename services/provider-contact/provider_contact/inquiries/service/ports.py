"""What inquiries need from the slices above them. `app.py` passes the implementations when it builds the service.

- `Notices` plans what a provider, or a body above it, is notified of.
- `InquiryFiles` stores files, and knows which documents of the appeal a provider may read.
- `ActionHandler` adds an action: a slice above declares what its command does, and `actions.Actions` does the rest. See there.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from provider_contact.inquiries.codes import NoticeKind
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.schemas.commands import Command
from provider_contact.inquiries.schemas.views import AnswerFileView, DeliveryView
from shared.auth import Principal
from shared.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Notice:
    """Something of which a provider is notified, or a body above it (`body`, with an ESCALATION alone).

    `notice_id` is the same when an event is handled again. `due_at` is the due date as it is then.
    """

    notice_id: UUID
    inquiry_id: UUID
    appeal_id: UUID
    provider_id: UUID
    kind: NoticeKind
    round: int
    due_at: datetime
    body: str | None = None


class Notices(Protocol):
    """Plans notices in the transaction that causes them: a number of statements that does not grow with the notices."""

    async def plan(self, work: UnitOfWork, notices: Sequence[Notice]) -> None: ...


class FindDeliveries(Protocol):
    """Return the deliveries of inquiries by inquiry id, oldest first; an inquiry without any is left out."""

    async def __call__(self, work: UnitOfWork, inquiry_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[DeliveryView]]: ...


class InquiryFiles(Protocol):
    """The files of providers' answers, and the documents of appeals that are shown to providers."""

    async def claim(self, work: UnitOfWork, inquiry: Inquiry, response_id: UUID, file_ids: Sequence[UUID]) -> None:
        """Claim uploads of this inquiry for an answer. Raises InvalidInput for an upload that is unknown or claimed, and for too many."""
        ...

    async def of_answers(self, work: UnitOfWork, response_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[AnswerFileView]]:
        """Return the files of answers by response id, oldest first; an answer without any is left out."""
        ...

    async def shown_documents(self, work: UnitOfWork, inquiry_id: UUID) -> Sequence[UUID]:
        """Return the ids of the appeal's documents that were chosen for the provider, in the order of choice."""
        ...


class NoNotices:
    """Plans nothing: the null implementation. The portal shows every inquiry without a notice."""

    async def plan(self, work: UnitOfWork, notices: Sequence[Notice]) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class ActionContext:
    """An action on a locked inquiry that the principal sees, in the version that the command names. The step of the workflow is open.

    A handler changes the inquiry, adds its own rows and publishes its events. It leaves `status`, `settled` and `version` alone: the
    caller sets them afterwards.
    """

    work: UnitOfWork
    inquiry: Inquiry
    appeal: Appeal
    principal: Principal
    now: datetime
    planned: list[tuple[NoticeKind, str | None]] = field(default_factory=list)
    """The notices that the action causes, planned after it: their kinds and bodies."""

    def notify(self, kind: NoticeKind, body: str | None = None) -> None:
        """Plan a notice of the inquiry as it is after the action."""
        self.planned.append((kind, body))

    @property
    def role(self) -> str:
        """The role named in events and entries."""
        return self.principal.role or ""


@dataclass(frozen=True, slots=True)
class ActionHandler:
    """An action of a slice above: its command, and what it does."""

    command: type[Command]
    carry_out: Callable[[ActionContext, Any], Awaitable[None]]
