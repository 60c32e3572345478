"""A checked appeal on its way from the check to the register."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from intake.register.schemas.rows import Particulars
from shared.domain.deadlines import Deadline


class Filing(NamedTuple):  # a frozen dataclass of so many fields takes three times as long to make
    """A checked appeal, ready to be registered. Texts are cleaned, the phone is E.164, an IIN is twelve digits, times are UTC."""

    channel: str
    region: str
    language: str | None
    kind: str | None
    category: str | None
    topic: str | None
    statutory_form: str | None
    provider_id: UUID | None
    provider_name: str | None
    text: str | None
    applicant: dict[str, str] | None
    particulars: Particulars | None
    answer_by: str | None
    consents: list[str]
    received_at: datetime
    registered_at: datetime
    due_at: datetime
    deadline: Deadline
    received_by: dict[str, str] | None
    owner: str | None
    """Issuer and subject of the token that may track the appeal."""
    follows: UUID | None = None
    lowest_tier: int = 1
    resolved_in_contact: bool = False
    external_number: str | None = None
    """The number in the register of the partner that passed the appeal on."""
    owner_key: bytes | None = None
    """Keyed hash of the owner of the earlier appeal, who may track this one as well."""
