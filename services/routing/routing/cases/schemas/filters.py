"""The filters of a list of cases, as requests name them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from routing.cases.codes import CaseScope, CaseSort, Urgency
from routing.cases.schemas import fields
from routing.cases.schemas.views import CaseFilter
from shared.auth import Principal
from shared.domain.labels import Language
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.http import StrictModel

_FIRST_DAY: Final = date(1900, 1, 1)
_LAST_DAY: Final = date(2999, 12, 31)


class CaseFilterFields(StrictModel):
    """The filters that the list, the search, and the addresses of the desk have in common. All of them apply together."""

    scope: CaseScope = CaseScope.ALL
    status: fields.StatusCode | None = None
    tier: Annotated[int | None, Field(ge=1, le=3)] = None
    kind: fields.KindCode | None = None
    category: fields.CategoryCode | None = None
    topic: fields.TopicCode | None = None
    provider_id: UUID | None = None
    channel: fields.ChannelCode | None = None
    language: Language | None = None
    urgency: Urgency | None = None
    queue: Annotated[
        str | None,
        Field(max_length=40, description="Branch, tier and language, such as `KZ-43/2/kk`; `KZ-43/unsorted/kk` for unsorted appeals."),
    ] = None
    assignee: Annotated[str | None, Field(max_length=200, description="The subject of a colleague.")] = None
    received_from: Annotated[date | None, Field(description="The first day of receipt, in the capital.")] = None
    received_to: Annotated[date | None, Field(description="The last day of receipt, in the capital.")] = None
    open: Annotated[bool | None, Field(description="Cases that are not closed, or closed ones.")] = None
    overdue: bool | None = None
    has_news: Annotated[bool | None, Field(description="The applicant or the provider wrote, and no clerk has acted since.")] = None
    unsorted: Annotated[bool | None, Field(description="The text decided nothing, and nobody has sorted the appeal yet.")] = None
    awaits_approval: Annotated[bool | None, Field(description="An action, or an extension of the term, waits for a second person.")] = None
    protected: Annotated[bool | None, Field(description="Protected cases, or all others. Only readers of protected cases find any.")] = None
    awaits_proof: Annotated[bool | None, Field(description="Passed on to another body, without a proof that it arrived.")] = None
    sort: Annotated[CaseSort, Field(description="`due`: earliest due time first; `received`, `updated`: the latest first.")] = CaseSort.DUE

    def narrow(self, principal: Principal, wanted: CaseFilter) -> CaseFilter:
        """Return the filter of a reader, narrowed by these fields. A field without a value changes nothing."""
        return CaseFilter(
            scope=self.scope if self.scope is not CaseScope.ALL else wanted.scope,
            subject=principal.subject,
            region=principal.region,
            status=self.status or wanted.status,
            tier=self.tier,
            kind=self.kind,
            category=self.category,
            topic=self.topic,
            provider_id=self.provider_id,
            channel=self.channel,
            language=self.language,
            urgency=self.urgency,
            queue=self.queue,
            assignee=self.assignee,
            received_from=_start_of(self.received_from) if self.received_from is not None else None,
            received_before=_end_of(self.received_to) if self.received_to is not None else None,
            overdue=self.overdue if self.overdue is not None else wanted.overdue,
            has_news=self.has_news if self.has_news is not None else wanted.has_news,
            unsorted=self.unsorted if self.unsorted is not None else wanted.unsorted,
            awaits_approval=self.awaits_approval if self.awaits_approval is not None else wanted.awaits_approval,
            protected=self.protected if self.protected is not None else wanted.protected,
            awaits_proof=self.awaits_proof if self.awaits_proof is not None else wanted.awaits_proof,
            number=wanted.number,
            is_open=self.open if self.open is not None else wanted.is_open,
            found=wanted.found,
            sort=self.sort,
        )


def _start_of(day: date) -> datetime:
    """Return the first moment of a day in the capital. A day that no database holds is moved to the nearest that it does."""
    return datetime.combine(min(max(day, _FIRST_DAY), _LAST_DAY), time.min, regions()[CENTRAL_OFFICE].timezone).astimezone(UTC)


def _end_of(day: date) -> datetime:
    return _start_of(min(day, _LAST_DAY) + timedelta(days=1))
