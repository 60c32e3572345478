"""Corrections of a case: what its kind, issues or protection change in its tier, its clocks and its queue, and what is published."""

from collections.abc import Sequence

from typing_extensions import Unpack

from routing.cases import events
from routing.cases.codes import Urgency
from routing.cases.policy import danger_in, dangers
from routing.cases.schemas.protection_commands import Protect, Unprotect
from routing.cases.schemas.rows import CaseRecord, HistoryCodes, HistoryRecord
from routing.cases.schemas.staffing import queue_of
from routing.cases.service import extensions, protection
from routing.cases.service.action_context import ActionContext
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode, ClockTrigger
from routing.clocks.errors import CalendarDoesNotReach
from routing.clocks.events import clock_started
from routing.clocks.schemas import ClockRow
from shared.contracts import CaseReopened, ClassificationCorrected, TierRaised
from shared.domain.calendar import CalendarGap
from shared.domain.protection import protection_grounds
from shared.domain.routing_policy import tier_for
from shared.domain.taxonomy import HIGHEST_TIER


def is_raised(history: Sequence[HistoryRecord]) -> bool:
    """Return whether the case was passed to a higher tier since its classification was corrected."""
    moving = {TierRaised.FACT, CaseReopened.FACT, ClassificationCorrected.FACT}
    latest = next((entry for entry in reversed(history) if entry.type in moving), None)
    return latest is not None and latest.type != ClassificationCorrected.FACT


def tier_of(case: CaseRecord) -> int:
    """Return the highest tier of the issues of a case."""
    urgent = case.urgency == Urgency.URGENT
    subjects: Sequence[str | None] = case.categories or [None]
    return max(tier_for(case.kind, category, case.topic, urgent=urgent) for category in subjects)


async def publish_correction(context: ActionContext, entry_type: str | None = None, **codes: Unpack[HistoryCodes]) -> None:
    """Let protection and clocks follow, and publish the corrected case. `entry_type`: by default the fact itself."""
    case = context.case
    protection.follow_categories(case)
    started, danger_clocks = await _adjust_clocks(context)
    context.publish(events.classification_corrected(case, context.role), entry_type, **codes)
    for clock in started:
        if clock["statutory"]:
            extensions.follow(context, clock)
            context.publish(clock_started(clock), policy=clock["policy"], due=clock["due_at"].isoformat())
    for clock in danger_clocks:
        rule = case.danger or ""
        found: HistoryCodes = {"danger": rule, "body": dangers()[rule].body, "due": clock["due_at"].isoformat()}
        context.publish(events.danger_reported(case.appeal_id, rule, clock["due_at"]), **found)


async def _adjust_clocks(context: ActionContext) -> tuple[list[ClockRow], list[ClockRow]]:
    """Let the clocks follow the corrected kind and form. Return the started clocks, and those of a newly found danger."""
    case = context.case
    try:
        outdated, started = clocks.adjust(case, context.file.clocks, context.work.ids.new)
        danger_clocks = _start_danger(context)
    except CalendarGap:
        raise CalendarDoesNotReach from None
    await context.change_clocks(clocks.replace(outdated, context.now), [*started, *danger_clocks])
    return started, danger_clocks


def _start_danger(context: ActionContext) -> list[ClockRow]:
    """Return the clock of a crime that the clerk found in the appeal; nothing if a danger was found before."""
    case = context.case
    protected = [protection_grounds()[case.protection_ground].category] if case.protection_ground is not None else []
    rule = next(filter(None, (danger_in(category, urgent=False) for category in [*case.categories, *protected])), None)
    if case.danger is not None or rule is None:
        return []
    case.danger = rule
    policies = clocks.triggered_by(ClockTrigger.DANGER)
    return clocks.begin(case.appeal_id, policies, context.clock_start, context.new_clock_id)


def move(case: CaseRecord, tier: int) -> None:
    """Put the case into the queue of a tier; an unsorted or protected one stays in its own. On another tier it is unassigned."""
    tier = tier if case.protection is None else HIGHEST_TIER
    if tier != case.tier:
        case.assignee = None
    case.tier = tier
    case.queue = queue_of(case.region, tier, case.language, unsorted=case.unsorted, protected=case.protection is not None)


async def end_sorting(context: ActionContext) -> None:
    """Stop the clock TRIAGE of an unsorted case: a person has decided where it belongs."""
    if context.case.unsorted:
        await context.change_clocks(clocks.stop((clock for clock in context.file.clocks if clock.policy == ClockCode.TRIAGE), context.now))


async def protect(context: ActionContext, command: Protect) -> None:
    """Move the case into the protected lane, and publish it. Raises as `protection.protect` does."""
    await protection.protect(context, command)
    await end_sorting(context)
    await publish_correction(context, "case-protected", protection_ground=command.ground)


async def unprotect(context: ActionContext, _command: Unprotect) -> None:
    """Give the case back to its branch, on the tier of its issues, and publish it."""
    protection.leave(context.case)
    move(context.case, tier_of(context.case))
    await publish_correction(context, "case-unprotected", tier=context.case.tier)
