"""The appeal that follows another (АППК art. 70(5)): filed with the data of the first, with its own number, PIN and clock."""

from dataclasses import dataclass

from intake.register.models import Appeal
from intake.register.policy import policy
from intake.register.schemas import AppealIn
from intake.register.schemas.filing import Filing
from intake.register.schemas.rows import ResponseEnvelope, TrackingRow
from intake.register.service.admission import Admission
from intake.register.service.consents import inherited_consents
from intake.register.service.filing import check
from intake.register.service.registration import Condition
from intake.register.service.sealed_fields import open_field
from shared.domain.taxonomy import HIGHEST_TIER, LOWEST_TIER
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.sealing import Sealer
from shared.unit_of_work import UnitOfWork

PARTICULARS = ("patient", "authority", "contested_act")


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A new appeal to be registered in a transaction of its own, which also changes the appeal that it follows."""

    filing: Filing
    condition: Condition
    envelope: ResponseEnvelope
    """The response; the receipt of the new appeal is its `followed_by`."""


async def filing_of_follow_up(work: UnitOfWork, appeal: Appeal, tracking: TrackingRow, text: str | None) -> Filing:
    """Return the new appeal. `text`: what the applicant added; None: the text of the first appeal.

    Raises InvalidInput where neither text nor topic is left.
    """
    tier = tracking["tier"] or LOWEST_TIER
    up = int(tracking["status"] in policy().reopening.tier_up)
    terms = Admission(appeal.channel, topic_suffices=True, follows=appeal.id, lowest_tier=min(tier + up, HIGHEST_TIER))
    content = _content(work.sealer, appeal, tracking, text).model_copy(update={"consents": await inherited_consents(work, appeal)})
    return check(content, terms, work.clock.now())._replace(owner_key=appeal.owner)


def _content(sealer: Sealer, appeal: Appeal, tracking: TrackingRow, text: str | None) -> AppealIn:
    is_same_kind = tracking["kind"] == appeal.kind
    content = text or open_field(sealer, appeal.id, "text", appeal.text)
    topic = appeal.topic if is_same_kind else None
    if content is None and topic is None:
        raise InvalidInput.field("reason", "required", DETAILS["required"])
    name = None if appeal.provider_id else open_field(sealer, appeal.id, "provider_name", appeal.provider_name)
    particulars = open_field(sealer, appeal.id, "particulars", appeal.particulars) or {}
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
        "applicant": open_field(sealer, appeal.id, "applicant", appeal.applicant) or {},
        "answer_by": appeal.answer_by,
        "consents": appeal.consents,
        **{name: particulars.get(name) for name in PARTICULARS},
    }
    return AppealIn.model_validate(fields)
