"""The appeal that follows another (АППК art. 70(5)): filed with the data of the first, with its own number, PIN and clock."""

from dataclasses import replace

from intake.register.models import Appeal
from intake.register.schemas import AppealIn
from intake.register.schemas.rows import ResponseEnvelope, TrackingRow
from intake.register.service.admission import Admission
from intake.register.service.filing import Filing, check
from intake.register.service.progress import ApplicantRequest, repeatable_request
from intake.register.service.registration import Condition, Register, RegistrationReceipt
from intake.register.service.rights import policy
from intake.register.service.sealed_fields import open_field
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.service import Parts

PARTICULARS = ("patient", "authority", "contested_act")


async def file_follow_up(
    parts: Parts,
    register: Register,
    appeal: Appeal,
    tracking: TrackingRow,
    request: ApplicantRequest,
    text: str | None,
    condition: Condition,
    envelope: ResponseEnvelope,
) -> RegistrationReceipt:
    """Register the new appeal. The response is `envelope` with the receipt as its `followed_by`.

    Raises what `Register.file` raises, and InvalidInput where neither text nor topic is left.
    """
    filing = _filing(parts, appeal, tracking, text)
    return await register.file(filing, repeatable_request(parts, appeal.id, request), condition, envelope=envelope)


def _filing(parts: Parts, appeal: Appeal, tracking: TrackingRow, text: str | None) -> Filing:
    is_same_kind = tracking["kind"] == appeal.kind
    content = text or open_field(parts.sealer, appeal.id, "text", appeal.text)
    topic = appeal.topic if is_same_kind else None
    if content is None and topic is None:
        raise InvalidInput.field("reason", "required", DETAILS["required"])
    name = None if appeal.provider_id else open_field(parts.sealer, appeal.id, "provider_name", appeal.provider_name)
    particulars = open_field(parts.sealer, appeal.id, "particulars", appeal.particulars) or {}
    fields = {
        "channel": appeal.channel,
        "language": appeal.language,
        "kind": tracking["kind"],
        "category": appeal.category if is_same_kind else None,
        "topic": topic,
        "statutory_form": appeal.statutory_form,
        "region": tracking["region"],
        "provider": {"provider_id": appeal.provider_id, "name": name} if appeal.provider_id or name else None,
        "text": content,
        "applicant": open_field(parts.sealer, appeal.id, "applicant", appeal.applicant) or {},
        "answer_by": appeal.answer_by,
        "consents": appeal.consents,
        **{name: particulars.get(name) for name in PARTICULARS},
    }
    tier = tracking["tier"] or LOWEST_TIER
    up = int(tracking["status"] in policy().reopening.tier_up)
    terms = Admission(appeal.channel, topic_suffices=True, follows=appeal.id, lowest_tier=min(tier + up, HIGHEST_TIER))
    return replace(check(AppealIn.model_validate(fields), terms, parts.clock.now()), owner_key=appeal.owner)
