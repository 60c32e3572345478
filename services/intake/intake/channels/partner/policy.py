"""What partners are granted (`data/partner_policy.toml`), which of them speaks for which body, and where no webhook goes."""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork

from intake.reference import rows_of

APP: Final = "APP"


class WebhookPolicy(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    retries_seconds: tuple[int, ...] = Field(min_length=1)
    timeout_seconds: int = Field(gt=0)
    answer_bytes: int = Field(gt=0)
    at_once: int = Field(gt=0)
    claim_seconds: int = Field(gt=0)
    former_secret_hours: int = Field(ge=0)
    subscriptions_each: int = Field(gt=0)
    replayed_at_most: int = Field(gt=0)
    kept_days: int = Field(gt=0)

    def wait(self, attempts: int) -> timedelta | None:
        """How long to wait after as many failed attempts; None: no longer."""
        return timedelta(seconds=self.retries_seconds[attempts - 1]) if attempts <= len(self.retries_seconds) else None


class RefusedAddresses(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    names: frozenset[str]
    networks: tuple[IPvAnyNetwork, ...]


@cache
def webhooks() -> WebhookPolicy:
    """Raises ValidationError for a file that does not hold together."""
    policy = WebhookPolicy.model_validate(_read("partner_policy.toml")["webhooks"])
    if policy.claim_seconds <= policy.timeout_seconds:
        raise ValueError("partner_policy.toml: a claim has to outlast the time a receiver has")
    return policy


@cache
def refused_addresses() -> RefusedAddresses:
    return RefusedAddresses.model_validate(_read("refused_addresses.toml"))


@cache
def subjects_of_bodies() -> Mapping[str, str]:
    """The subject of the partner who speaks for a body, by the body's code. Raises ReferenceDataError."""
    found: dict[str, str] = {}
    for row in rows_of("partner_bodies.csv"):
        if row.text("body") in found:
            raise row.error(f"{row.text('body')} is given twice")
        found[row.text("body")] = row.text("subject")
    return found


def check() -> None:
    """Read every file, so that a process does not start with one that cannot be trusted."""
    webhooks()
    refused_addresses()
    subjects_of_bodies()


def _read(file: str) -> dict[str, object]:
    return tomllib.loads((files("intake") / "data" / file).read_text(encoding="utf-8"))
