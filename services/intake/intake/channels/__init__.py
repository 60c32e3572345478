"""Ways in. Each adapter turns what its channel knows of the sender into an `Admission`; the use case behind them all is `Intake.file`."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Admission:
    """Under what terms an appeal is taken in."""

    channel: str
    sender: str | None = None
    """Issuer and subject of the token, one a line; None: nobody is known."""
    may_follow: bool = False
    """The sender may follow the appeal by the same token: the applicant, or a partner who passed it on."""
    may_backdate: bool = False
    """The sender may say when it came in (`received_at`)."""
    may_number: bool = False
    """The sender keeps a register of its own and may say its number there."""
    topic_suffices: bool = False
    """A topic may stand in place of the text: the sender notes a talk."""
    received_by: str | None = None
    """The name of the person who received it."""
    position: str | None = None
    """That person's role."""
    follows: UUID | None = None
    """The earlier appeal whose answer did not satisfy."""
    lowest_tier: int = 1
    resolved_in_contact: bool = False
    """A consultation answered while the citizen was on the line or at the counter."""
    way: str | None = None
    """How it came over a counter, a code of `data/counter_ways.csv`; None: it did not."""
