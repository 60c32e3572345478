"""Sources of the issuer's public keys: a file, or the JWKS URL of an OIDC provider."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from pydantic_core import from_json

from shared.auth.answers import ask
from shared.clock import Clock
from shared.errors import Unavailable

MAX_AGE = timedelta(minutes=10)  # a key that the issuer withdrew is trusted no longer than this
MIN_INTERVAL = timedelta(seconds=30)  # tokens with invented key ids must not cause a stream of requests

log = structlog.get_logger("auth")


class KeySource(Protocol):
    async def key(self, kid: str | None, *, is_trusted: bool = False) -> Key | None:
        """Return the signature key with this id, or the only key. None if there is none. Raises Unavailable if no keys are loaded.

        `is_trusted`: the token comes from the provider itself, so that a new key id is loaded at once.
        """
        ...


class _RefreshedKeys:
    """Keys that are reloaded when they are old or an unknown id appears. If reloading fails, the loaded keys stay in use."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str | None, Key] = {}
        self._tried_at: datetime | None = None
        self._read_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str | None, *, is_trusted: bool = False) -> Key | None:
        if self._is_due(kid, is_trusted):
            async with self._lock:
                if self._is_due(kid, is_trusted):
                    await self._refresh()
        if not self._keys:
            raise Unavailable("The keys that tokens are checked with cannot be read.")
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _is_due(self, kid: str | None, is_trusted: bool) -> bool:
        now, is_new = self._clock.now(), kid is not None and kid not in self._keys
        if is_new and is_trusted:
            return True
        if self._tried_at is not None and timedelta(0) <= now - self._tried_at < MIN_INTERVAL:  # a clock may be set back
            return False
        return self._read_at is None or now - self._read_at >= MAX_AGE or is_new

    async def _refresh(self) -> None:
        try:
            keys = _readable(await self._read())
        except (httpx.HTTPError, JoseError, OSError, ValueError, KeyError, TypeError) as error:
            log.warning("keys-not-read", error=type(error).__name__)
            return
        finally:
            self._tried_at = self._clock.now()  # set after loading: concurrent callers wait for the keys
        self._keys = {key.kid: key for key in keys if key.get("use", "sig") == "sig"}
        self._read_at = self._tried_at

    async def _read(self) -> Any:
        raise NotImplementedError


def _readable(document: Any) -> list[Key]:
    """Return the keys of a JWKS. One that cannot be read, such as of a new type, is skipped (RFC 7517 §5)."""
    keys: list[Key] = []
    for each in document["keys"]:
        try:
            keys.extend(KeySet.import_key_set({"keys": [each]}))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("key-not-read", error=type(error).__name__)
    if not keys:
        raise ValueError("no key")
    return keys


class FileKeys(_RefreshedKeys):
    """A JWKS in a local file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(clock)
        self._path = path

    async def _read(self) -> Any:
        return from_json(await asyncio.to_thread(self._path.read_bytes))


class UrlKeys(_RefreshedKeys):
    """A JWKS served by an OIDC provider."""

    def __init__(self, url: str, client: httpx.AsyncClient, clock: Clock) -> None:
        super().__init__(clock)
        self._url = url
        self._client = client

    async def _read(self) -> Any:
        response = await ask(self._client, "GET", self._url)
        return response.raise_for_status().json()
