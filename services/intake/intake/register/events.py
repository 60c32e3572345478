"""Constructors of the events that the register publishes."""

from uuid import UUID

from intake.register.schemas.filing import Filing
from shared.contracts import AppealRegistered


def appeal_registered(appeal_id: UUID, number: str, filing: Filing) -> AppealRegistered:
    return AppealRegistered(
        appeal_id=appeal_id,
        number=number,
        channel=filing.channel,
        region=filing.region,
        language=filing.language,
        kind=filing.kind,
        category=filing.category,
        topic=filing.topic,
        statutory_form=filing.statutory_form,
        provider_id=filing.provider_id,
        provider_named=filing.provider_name is not None,
        has_text=filing.text is not None,
        anonymous=filing.applicant is None,
        discloses_to_provider="DISCLOSE_TO_PROVIDER" in filing.consents,
        received_at=filing.received_at,
        registered_at=filing.registered_at,
        due_at=filing.due_at,
        follows=filing.follows,
        lowest_tier=filing.lowest_tier,
        resolved_in_contact=filing.resolved_in_contact,
        answer_by=filing.answer_by,
    )
