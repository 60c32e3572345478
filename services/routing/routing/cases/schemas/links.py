"""Cases that belong to another one, as they are read."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LinkedCase:
    """A case that belongs to another one. `region`, `tier`, `provider_id` and `protection` decide who may see it."""

    appeal_id: UUID
    number: str
    region: str
    tier: int
    provider_id: UUID | None
    protection: str | None
    duplicate_of: UUID | None


@dataclass(frozen=True, slots=True)
class CaseSubject:
    """What a case is about, as far as similar cases are looked for by it."""

    appeal_id: UUID
    region: str
    provider_id: UUID | None
    category: str | None
    topic: str | None
