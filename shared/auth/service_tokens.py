"""Tokens with which a service reads contents from another: of the local issuer, or of an OIDC provider by client credentials."""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

import httpx
from pydantic import BaseModel, Field, ValidationError

from shared.auth.answers import ask
from shared.auth.issuer import LocalIssuer
from shared.clock import Clock
from shared.errors import Unavailable

LOCAL_LIFETIME = timedelta(minutes=5)
MARGIN = timedelta(seconds=60)  # a token is renewed this long before it expires


class ServiceTokens(Protocol):
    async def token(self) -> str:
        """Return a valid token of this service. Raises Unavailable if the identity provider returns none."""
        ...


class LocalServiceTokens:
    """Tokens of the local issuer with the role `service`."""

    def __init__(self, issuer: LocalIssuer, *, service: str, clock: Clock) -> None:
        self._issuer = issuer
        self._service = service
        self._clock = clock
        self._token = ""
        self._renew_at: datetime | None = None

    async def token(self) -> str:
        now = self._clock.now()
        if self._renew_at is None or now >= self._renew_at:
            self._token = self._issuer.issue("service", subject=self._service, lifetime=LOCAL_LIFETIME)
            self._renew_at = now + LOCAL_LIFETIME - MARGIN
        return self._token


class _Granted(BaseModel):
    access_token: str = Field(min_length=1)
    expires_in: int = Field(default=60, ge=0)


class ClientCredentials:
    """Tokens of an OIDC provider (RFC 6749 §4.4), requested once and reused until shortly before they expire."""

    def __init__(
        self, client: httpx.AsyncClient, *, token_url: str, client_id: str, client_secret: str, audience: str, clock: Clock
    ) -> None:
        self._client = client
        self._url = token_url
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._form = {"grant_type": "client_credentials", "audience": audience}
        self._clock = clock
        self._token = ""
        self._renew_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            now = self._clock.now()
            if self._renew_at is None or now >= self._renew_at:
                granted = await self._ask()
                self._token = granted.access_token
                self._renew_at = now + timedelta(seconds=granted.expires_in) - MARGIN
            return self._token

    async def _ask(self) -> _Granted:
        try:
            response = await ask(self._client, "POST", self._url, data=self._form, auth=self._auth)
            return _Granted.model_validate_json(response.raise_for_status().content)
        except (httpx.HTTPError, ValidationError):
            raise Unavailable("The identity provider gave no token.") from None
