"""The record of an oral appeal: who wrote it down, in which call, and when the caller confirmed it (АППК art. 63(1))."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from uuid import UUID

from intake.channels.phone import repository
from intake.channels.phone.schemas.rows import OralRecordRow
from intake.register.service.registration import Condition
from intake.register.service.sealed_fields import open_field
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.regions import branch_label, regions
from shared.errors import NotFound
from shared.unit_of_work import UnitOfWork

PURPOSE: Final = "oral-record"


@dataclass(frozen=True, slots=True)
class OralRecordView:
    """A record with the content of its appeal, as it is printed."""

    number: str
    region: str
    received_at: datetime
    registered_at: datetime
    confirmed_at: datetime
    receiver: Mapping[str, str] | None
    applicant: Mapping[str, str]
    text: str | None
    text_language: str | None
    recording: str | None
    """The exchange's reference to the recording of the call."""

    @property
    def zone(self) -> tzinfo:
        """The time zone of the region."""
        return regions()[self.region].timezone

    def branch(self, language: Language) -> str:
        """Return the name of the branch."""
        return branch_label(self.region).in_(language)


def with_record(*, operator: str, call_id: UUID | None, confirmed_at: datetime) -> Condition:
    """Return a condition of registration that stores the record with the appeal (АППК art. 63(1))."""

    async def condition(work: UnitOfWork, appeal_id: UUID) -> None:
        row = OralRecordRow(appeal_id=appeal_id, call_id=call_id, receiver=operator, confirmed_at=confirmed_at)
        await repository.add_oral_record(work.session, row)

    return condition


async def read_record(work: UnitOfWork, operator: Principal, appeal_id: UUID) -> OralRecordView:
    """Return a record to the operator who wrote it down; the access is recorded in the audit log. Raises NotFound for anybody else."""
    found = await repository.oral_record(work.session, appeal_id)
    if found is None or found.record.receiver != operator.subject:
        raise NotFound
    record, appeal = found
    call = await repository.call(work.session, record.call_id) if record.call_id else None
    await work.audit.record(reader=operator.subject, purpose=PURPOSE, ids=[appeal_id], appeal_id=appeal_id, role=operator.role)
    reference = work.sealer.open("call", call.id, "recording", call.recording).decode() if call and call.recording else None
    return OralRecordView(
        number=appeal.number,
        region=appeal.region,
        received_at=appeal.received_at,
        registered_at=appeal.registered_at,
        confirmed_at=record.confirmed_at,
        receiver=open_field(work.sealer, appeal.id, "received_by", appeal.received_by),
        applicant=open_field(work.sealer, appeal.id, "applicant", appeal.applicant) or {},
        text=open_field(work.sealer, appeal.id, "text", appeal.text),
        text_language=appeal.language,
        recording=reference,
    )
