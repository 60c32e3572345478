"""Policy files of the partner channel: limits of webhooks and partners of bodies."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache

from pydantic import BaseModel, ConfigDict, Field

from shared.outgoing.addresses import refused_addresses
from shared.policy_files import policy_document, policy_rows


class WebhookPolicy(BaseModel):
    """Limits of webhooks (`data/partner_policy.toml`)."""

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
        """Return how long to wait after this many failed attempts; None: no attempt is left."""
        return timedelta(seconds=self.retries_seconds[attempts - 1]) if attempts <= len(self.retries_seconds) else None


@cache
def webhooks() -> WebhookPolicy:
    """Return the limits of webhooks. Raises ValidationError, and ValueError if a claim does not outlast the receiver's time-out."""
    policy = WebhookPolicy.model_validate(policy_document("intake.channels.partner", "partner_policy.toml")["webhooks"])
    if policy.claim_seconds <= policy.timeout_seconds:
        raise ValueError("partner_policy.toml: a claim has to outlast the time a receiver has")
    return policy


@cache
def subjects_of_bodies() -> Mapping[str, str]:
    """Return the subject of the partner that represents a body, by the body's code. Raises ReferenceDataError."""
    found: dict[str, str] = {}
    for row in policy_rows("intake.channels.partner", "partner_bodies.csv"):
        if row.text("body") in found:
            raise row.error(f"{row.text('body')} is given twice")
        found[row.text("body")] = row.text("subject")
    return found


def check() -> None:
    """Read every policy file that the channel uses, so that a process does not start with an invalid one."""
    webhooks()
    refused_addresses()
    subjects_of_bodies()
