"""Ports of the register: what it needs from other slices. The assembly fills them at construction."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from intake.register.codes import CodePurpose
from intake.register.schemas.rows import ExternalNumberRow, TrackingRow
from shared.errors import DomainError
from shared.messaging.handling import Batch, Received
from shared.sealing import Pepper, Sealer
from shared.unit_of_work import UnitOfWork


class AttachedFile(NamedTuple):
    """A file of an appeal. `size` is bytes; `message_id` None: it came with the appeal itself. `name` is None for a damaged one."""

    id: UUID
    message_id: UUID | None
    kind: str | None
    size: int
    state: str
    added_at: datetime
    name: str | None
    media_type: str
    available: bool
    """It may be downloaded in its state."""


ListFiles = Callable[[UnitOfWork, Collection[UUID]], Awaitable[Mapping[UUID, Sequence[AttachedFile]]]]
"""Return the files of appeals by appeal id, oldest first, as far as they were received whole."""


ListShown = Callable[[UnitOfWork, Collection[UUID]], Awaitable[Mapping[UUID, Sequence[str]]]]
"""Return the ids of the articles that were shown before filing, by appeal id."""


class SendCode(Protocol):
    """Send a one-time code to this address and nowhere else, once the caller's transaction is committed."""

    async def __call__(
        self,
        work: UnitOfWork,
        *,
        appeal_id: UUID,
        channel: Literal["SMS", "EMAIL"],
        address: str,
        code: str,
        language: str,
        purpose: CodePurpose,
    ) -> None: ...


class PlanReceipt(Protocol):
    """Plan the one message to a confirmed contact that says an appeal is registered, and nothing of its content."""

    async def __call__(self, work: UnitOfWork, appeal_id: UUID, answer_by: str | None) -> None: ...


class PlanPinNotices(Protocol):
    """Plan a message by each of these channels, SMS or EMAIL, that the PIN was replaced. It has no PIN in it."""

    async def __call__(self, work: UnitOfWork, appeal_id: UUID, channels: Collection[str]) -> None: ...


class ExternalNumbers(Protocol):
    """The numbers of appeals in the registers of partners; each is used once a partner."""

    def row_of(self, pepper: Pepper, sealer: Sealer, appeal_id: UUID, owner: bytes, number: str) -> ExternalNumberRow:
        """Return the row to claim: keyed hash and sealed number."""
        ...

    async def claim(self, work: UnitOfWork, rows: Sequence[ExternalNumberRow]) -> Mapping[UUID, DomainError]:
        """Claim numbers in the transaction; return the refusals by appeal id."""
        ...

    async def release(self, work: UnitOfWork, appeal_ids: list[UUID]) -> None:
        """Release the numbers of appeals that were not registered after all."""
        ...


@dataclass(frozen=True, slots=True)
class TrackedChange:
    """An event of another service after it was applied to the tracking row of its appeal."""

    received: Received[Any]
    tracking: TrackingRow
    """The row as it is after the event."""
    is_shown: bool
    """The event has a line in the citizen's timeline."""
    overrules_withdrawal: bool
    """The Fund decided before it received the withdrawal: the decision holds (АППК art. 64(9))."""


TrackingListener = Callable[[UnitOfWork, Batch[Any], Sequence[TrackedChange]], Awaitable[None]]
"""Called in the consumer's transaction after the tracking rows of a batch are written."""
