"""The local token issuer: signed tokens on one machine without an identity provider. It cannot be created in production."""

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from shared.auth.keys import FileKeys
from shared.auth.principal import ROLES, Role
from shared.auth.revocation import RevokedTokens
from shared.auth.tokens import TokenVerifier
from shared.clock import Clock
from shared.sealing import write_secret

ISSUER = "aryz-local"
AUDIENCE = "aryz"
KEY_FILE = "issuer.json"
LIFETIME = timedelta(hours=12)  # a working day, so that a demo user signs in once a day


class LocalIssuerForbidden(RuntimeError):
    """The local issuer was requested in production."""


class LocalIssuer:
    """Issues ES256 tokens with the key in `folder`/issuer.json (0600), which is created on first use."""

    def __init__(self, folder: Path, *, env: str, clock: Clock) -> None:
        """`env`: the value of ARYZ_ENV. Raises LocalIssuerForbidden for `production`."""
        if env == "production":
            raise LocalIssuerForbidden("the local issuer is for one machine; in production set the OIDC provider's address")
        self._clock = clock
        self.path = folder / KEY_FILE
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.path.exists():
            key = ECKey.generate_key("P-256", parameters={"use": "sig", "alg": "ES256"}, auto_kid=True)
            write_secret(self.path, to_json(KeySet([key]).as_dict(private=True)).decode(), replace=False)

    @cached_property
    def _key(self) -> ECKey:
        return ECKey.import_key(from_json(self.path.read_bytes())["keys"][0])

    def issue(
        self,
        role: Role,
        *,
        region: str | None = None,
        provider_id: UUID | None = None,
        subject: str | None = None,
        name: str | None = None,
        lifetime: timedelta = LIFETIME,
    ) -> str:
        """Return a signed token. Raises ValueError for an unknown role.

        `subject`: by default the role followed by the region or the provider.
        """
        if role not in ROLES:
            raise ValueError("unknown role")
        now = self._clock.now()
        place = region or (str(provider_id) if provider_id else None)
        claims: dict[str, JsonValue] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "jti": token_hex(12),  # tells two sessions of one person in one second apart, so that they can be revoked separately
            "sub": subject or "-".join(filter(None, [role, place])),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "role": role,
        }
        optional = {"region": region, "provider_id": str(provider_id) if provider_id else None, "name": name}
        claims |= {claim: value for claim, value in optional.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self._key.kid}, claims, self._key, algorithms=["ES256"])

    def jwks(self) -> dict[str, Any]:
        """Return the public key set."""
        return dict(KeySet([self._key]).as_dict(private=False))

    def verifier(self, revoked: RevokedTokens | None = None) -> TokenVerifier:
        """Return a verifier that accepts this issuer's tokens except revoked ones."""
        keys = FileKeys(self.path, self._clock)
        return TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=self._clock, revoked=revoked)
