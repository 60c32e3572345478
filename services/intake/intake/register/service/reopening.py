"""The new appeal in which a matter goes on (АППК art. 70(5)): as the first was filed, with a number, a PIN and a clock of its own."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from intake.register.models import Appeal
from intake.register.schemas import AppealIn
from intake.register.service.admission import Admission
from intake.register.service.filing import Filing, check
from intake.register.service.progress import Asked, Tracking, request_of
from intake.register.service.registration import Condition, Register
from intake.register.service.registration import Receipt as Talon
from intake.register.service.rights import policy
from intake.register.service.sealed_fields import open_field
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.service import Parts

PARTICULARS = ("patient", "authority", "contested_act")


async def go_on(
    parts: Parts,
    register: Register,
    appeal: Appeal,
    tracking: Tracking,
    asked: Asked,
    text: str | None,
    condition: Condition,
    within: Mapping[str, Any],
) -> Talon:
    """Register the new appeal; its talon is answered `within` this object as `followed_by`.

    Raises what `Register.file` raises, and InvalidInput where there is nothing to write in it.
    """
    filing = _filing(parts, appeal, tracking, text)
    return await register.file(filing, request_of(parts, appeal.id, asked), condition, within=within)


def _filing(parts: Parts, appeal: Appeal, tracking: Tracking, text: str | None) -> Filing:
    is_same_kind = tracking["kind"] == appeal.kind
    words = text or open_field(parts.sealer, appeal.id, "text", appeal.text)
    topic = appeal.topic if is_same_kind else None
    if words is None and topic is None:
        raise InvalidInput.field("reason", "required", DETAILS["required"])
    name = None if appeal.provider_id else open_field(parts.sealer, appeal.id, "provider_name", appeal.provider_name)
    particulars = open_field(parts.sealer, appeal.id, "particulars", appeal.particulars) or {}
    said: dict[str, Any] = {
        "channel": appeal.channel,
        "language": appeal.language,
        "kind": tracking["kind"],
        "category": appeal.category if is_same_kind else None,
        "topic": topic,
        "statutory_form": appeal.statutory_form,
        "region": tracking["region"],
        "provider": {"provider_id": appeal.provider_id, "name": name} if appeal.provider_id or name else None,
        "text": words,
        "applicant": open_field(parts.sealer, appeal.id, "applicant", appeal.applicant) or {},
        "answer_by": appeal.answer_by,
        "consents": appeal.consents,
        **{name: particulars.get(name) for name in PARTICULARS},
    }
    tier = tracking["tier"] or LOWEST_TIER
    up = int(tracking["status"] in policy().reopening.tier_up)
    terms = Admission(appeal.channel, topic_suffices=True, follows=appeal.id, lowest_tier=min(tier + up, HIGHEST_TIER))
    return replace(check(AppealIn.model_validate(said), terms, parts.clock.now()), owner_key=appeal.owner)
