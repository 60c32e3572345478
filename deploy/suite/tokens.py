"""`aryz token`: a token of the data folder's issuer. It works while the suite runs, because both use the same key file."""

from pathlib import Path
from typing import cast
from uuid import UUID

from shared.auth import ROLES, LocalIssuer, Role
from shared.clock import SystemClock
from shared.settings import ServiceSettings


def issue(
    data: Path,
    role: str,
    *,
    region: str | None = None,
    provider_id: UUID | None = None,
    subject: str | None = None,
    name: str | None = None,
) -> str:
    """Return a signed token. Raises ValueError for an unknown role, LocalIssuerForbidden in production."""
    if role not in ROLES:
        raise ValueError(f"there is no role {role}; known: {', '.join(sorted(ROLES))}")
    issuer = LocalIssuer(data / "keys", env=ServiceSettings().env, clock=SystemClock())
    return issuer.issue(cast("Role", role), region=region, provider_id=provider_id, subject=subject, name=name)
