"""Which claims of a token name roles, region, organisation and person: `data/claims.toml`, or a file of the installation."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from shared.auth.principal import Role
from shared.settings import BadSettings

Claims: TypeAlias = Mapping[str, JsonValue]
"""The claims of a JWT: untrusted JSON, each checked where it is read."""

ClaimPath = Annotated[str, Field(min_length=1, max_length=200)]
ROLES_LIMIT: Final = 1_000  # names of roles that are read from one token
_OWN: Final = Path(__file__).parent / "data" / "claims.toml"


class BadClaimsFile(BadSettings):
    """The file of ARYZ_OIDC_CLAIMS_FILE cannot be read. The message says why."""


class ClaimPaths(BaseModel):
    """The paths of each claim, the preferred first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: tuple[ClaimPath, ...] = Field(min_length=1)
    region: tuple[ClaimPath, ...] = ()
    provider_id: tuple[ClaimPath, ...] = ()
    name: tuple[ClaimPath, ...] = ()


class ClaimMapping(BaseModel):
    """The mapping of one identity provider's tokens to the roles and attributes of Aryz."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claims: ClaimPaths
    roles: dict[str, Role]

    def roles_of(self, claims: Claims) -> frozenset[Role]:
        """Return the roles that the token names. Unknown names are dropped."""
        _, named = first_of(claims, self.claims.roles)
        given = named if isinstance(named, list) else [named]
        return frozenset(self.roles[name] for name in given[:ROLES_LIMIT] if isinstance(name, str) and name in self.roles)


def first_of(claims: Claims, paths: tuple[str, ...]) -> tuple[bool, JsonValue]:
    """Return whether the token has a claim at one of the paths, and the claim at the first. One that is null counts."""
    for path in paths:
        *outer, last = path.split(".")
        inside: JsonValue = dict(claims)
        for part in outer:
            inside = inside.get(part) if isinstance(inside, dict) else None
        if isinstance(inside, dict) and last in inside:
            return True, inside[last]
    return False, None


@cache
def claim_mapping(file: Path | None = None) -> ClaimMapping:
    """Return the mapping of `file`, by default the one that is delivered. Raises BadClaimsFile."""
    try:
        return ClaimMapping.model_validate(tomllib.loads((file or _OWN).read_text(encoding="utf-8")))
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False))
        raise BadClaimsFile(f"ARYZ_OIDC_CLAIMS_FILE: {found}") from None
    except (OSError, ValueError) as error:
        raise BadClaimsFile(f"ARYZ_OIDC_CLAIMS_FILE: {type(error).__name__}") from None
