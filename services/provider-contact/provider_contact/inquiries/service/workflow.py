"""The workflow of an inquiry: which actions are possible in which status, by whom and under which conditions. Checked at start-up."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final, get_args

from provider_contact.inquiries.codes import ConsentState, DisclosureLevel, InquiryAction, InquiryFlag, InquiryStatus
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.policy import action_rows, statuses
from provider_contact.inquiries.schemas import ActionField, NextAction
from provider_contact.inquiries.schemas.commands import COMMANDS, Command
from provider_contact.inquiries.service.disclosure import allowed_level, names_person
from provider_contact.inquiries.service.flags import consent_state
from shared.auth import ROLES, STAFF, Principal, Role
from shared.code_fields import options_of
from shared.domain.labels import Label
from shared.domain.regions import regions
from shared.domain.tables import ReferenceDataError, Row
from shared.visibility import visible_cases

FILE: Final = "inquiry_actions.csv"
FIRST: Final = InquiryStatus.DRAFT
SYSTEM: Final = "system"
"""The role of steps that the service takes itself."""


class Guard(StrEnum):
    """The conditions that `inquiry_actions.csv` may require."""

    TIME_ASKED = "time-asked"
    NO_TIME_ASKED = "no-time-asked"
    NOT_REMINDED_TODAY = "not-reminded-today"
    NO_OPEN_PROPOSAL = "no-open-proposal"
    CONFIRMED_PROPOSAL = "confirmed-proposal"
    OPEN_COMMITMENT = "open-commitment"
    NAMES_PERSON = "names-person"
    CONSENT_POSSIBLE = "consent-possible"
    CONSENT_ASKED = "consent-asked"
    CONSENT_ALLOWED = "consent-allowed"


def _is_reminded_today(inquiry: Inquiry, appeal: Appeal, now: datetime) -> bool:
    zone = regions()[appeal.region].timezone
    return inquiry.reminded_at is not None and inquiry.reminded_at.astimezone(zone).date() == now.astimezone(zone).date()


def _is_consent_allowed(inquiry: Inquiry, appeal: Appeal) -> bool:
    """Return whether the applicant is withheld only for want of a consent, by the category as it is now.

    The question is put about the provider of the appeal, which the applicant knows, and about no other.
    """
    is_withheld = not inquiry.discloses and appeal.provider_id == inquiry.provider_id
    return is_withheld and allowed_level(inquiry.category, appeal) is DisclosureLevel.PERSON


def _is_consent_possible(inquiry: Inquiry, appeal: Appeal) -> bool:
    """Return whether a consent is allowed that was neither asked for nor answered yet, or that was withdrawn."""
    return consent_state(inquiry) in {None, ConsentState.WITHDRAWN} and _is_consent_allowed(inquiry, appeal)


GUARDS: Final[Mapping[Guard, Callable[[Inquiry, Appeal, datetime], bool]]] = {
    Guard.TIME_ASKED: lambda inquiry, _appeal, _now: inquiry.time_asked_until is not None,
    Guard.NO_TIME_ASKED: lambda inquiry, _appeal, _now: inquiry.time_asked_until is None,
    Guard.NOT_REMINDED_TODAY: lambda inquiry, appeal, now: not _is_reminded_today(inquiry, appeal, now),
    Guard.NO_OPEN_PROPOSAL: lambda inquiry, _appeal, _now: InquiryFlag.OPEN_PROPOSAL not in inquiry.flags,
    Guard.CONFIRMED_PROPOSAL: lambda inquiry, _appeal, _now: InquiryFlag.CONFIRMED_PROPOSAL in inquiry.flags,
    Guard.OPEN_COMMITMENT: lambda inquiry, _appeal, _now: InquiryFlag.OPEN_COMMITMENT in inquiry.flags,
    Guard.NAMES_PERSON: lambda inquiry, appeal, _now: names_person(inquiry, appeal),
    Guard.CONSENT_POSSIBLE: lambda inquiry, appeal, _now: _is_consent_possible(inquiry, appeal),
    Guard.CONSENT_ALLOWED: lambda inquiry, appeal, _now: _is_consent_allowed(inquiry, appeal),
    Guard.CONSENT_ASKED: lambda inquiry, _appeal, _now: InquiryFlag.CONSENT_ASKED in inquiry.flags,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the workflow: the action in a status, the roles that may carry it out, the guards, and the next status.

    `ended`: the step is possible after the case has ended, too.
    """

    status: InquiryStatus
    action: InquiryAction
    roles: frozenset[str]
    guards: frozenset[Guard]
    next: InquiryStatus
    ended: bool
    label: Label

    def is_open_to(self, principal: Principal, inquiry: Inquiry, appeal: Appeal, now: datetime) -> bool:
        """Return whether the principal, who sees the inquiry, may carry out the action. The inquiry is in this status.

        A provider acts on its own inquiries alone, and staff on those of the cases that they see.
        """
        roles = self.roles & principal.roles
        if inquiry.provider_id != principal.provider_id:
            roles -= {"provider"}
        if not visible_cases(principal).allows(appeal.region, appeal.tier, appeal.provider_id, appeal.protection):
            roles &= {"provider"}
        return bool(roles) and self.is_possible(inquiry, appeal, now)

    def is_possible(self, inquiry: Inquiry, appeal: Appeal, now: datetime) -> bool:
        """Return whether the guards hold and the case has not ended before, whoever asks."""
        has_time = inquiry.closed_at is None or self.ended
        return has_time and all(GUARDS[guard](inquiry, appeal, now) for guard in self.guards)


Steps = Mapping[tuple[InquiryStatus, InquiryAction], Step]


def build(table: list[Row]) -> Steps:
    """Return the steps by (status, action).

    Raises ReferenceDataError for an unknown code, an action given twice, a status that is never reached, a stuck unfinished status, and
    an action that moves a final one.
    """
    steps: dict[tuple[InquiryStatus, InquiryAction], Step] = {}
    for row in table:
        for step in _steps_of(row):
            if (step.status, step.action) in steps:
                raise row.error(f"{step.action} is given twice for {step.status}")
            steps[step.status, step.action] = step
    _check(steps)
    return steps


def _steps_of(row: Row) -> Iterator[Step]:
    """Yield the step of an action in each of its statuses."""
    action = InquiryAction(row.one_of("action", frozenset[str](InquiryAction)))
    named = frozenset((row.optional("guard") or "").split())
    for guard in sorted(named - frozenset[str](Guard)):
        raise row.error(f"guard {guard!r} is not known")
    roles = row.codes("roles")
    if unknown := roles - {*ROLES, SYSTEM}:
        raise row.error(f"roles {' '.join(sorted(unknown))} are not known")
    following = InquiryStatus(row.one_of("next", frozenset[str](InquiryStatus))) if row.optional("next") else None
    for code in row.text("statuses").split():
        if code not in frozenset[str](InquiryStatus):
            raise row.error(f"status {code!r} is not known")
        status = InquiryStatus(code)
        if statuses()[status].final and (following is not None or not row.flag("ended")):
            raise row.error(f"{status} is final")
        yield Step(status, action, roles, frozenset(map(Guard, named)), following or status, row.flag("ended"), row.label())


def _check(steps: Steps) -> None:
    edges = {(step.status, step.next) for step in steps.values()}
    reached, ahead = set[InquiryStatus](), {FIRST}
    while ahead:
        reached |= ahead
        ahead = {following for status, following in edges if status in reached} - reached
    if lost := set(InquiryStatus) - reached:
        raise ReferenceDataError(FILE, 1, f"never reached: {', '.join(sorted(lost))}")
    exits = {status for status, following in edges if following != status}
    if stuck := {status for status in reached if not statuses()[status].final} - exits:
        raise ReferenceDataError(FILE, 1, f"no way out of: {', '.join(sorted(stuck))}")
    offered = {step.action for step in steps.values() if SYSTEM not in step.roles}
    if different := offered ^ {command.ACTION for command in COMMANDS}:
        raise ReferenceDataError(FILE, 1, f"differs from the commands: {', '.join(sorted(different))}")


@cache
def steps() -> Steps:
    """Return the product's own workflow."""
    return build(action_rows())


@cache
def _fields() -> Mapping[InquiryAction, list[ActionField]]:
    return {command.ACTION: _fields_of(command) for command in COMMANDS}


def _fields_of(command: type[Command]) -> list[ActionField]:
    given = {name: field for name, field in command.model_fields.items() if name != "expected_version"}
    return [ActionField(name=name, required=field.is_required(), options=options_of(field)) for name, field in given.items()]


def next_actions(
    inquiry: Inquiry, appeal: Appeal, principal: Principal, now: datetime, available: Collection[InquiryAction]
) -> list[NextAction]:
    """Return the actions, of those that are available, that this principal may carry out on an inquiry that it sees."""
    return [
        NextAction(action=step.action, fields=_fields()[step.action], **step.label.as_dict())
        for (status, action), step in steps().items()
        if status == inquiry.status and action in available and step.is_open_to(principal, inquiry, appeal, now)
    ]


def quick_actions(inquiry: Inquiry, appeal: Appeal, now: datetime) -> list[Step]:
    """Return the steps of staff that need nothing but a click, for a page of another service whose reader sees the case."""
    quick = {command.ACTION for command in COMMANDS if not any(field.required for field in _fields()[command.ACTION])}
    return [
        step
        for (status, action), step in steps().items()
        if status == inquiry.status and action in quick and not STAFF.isdisjoint(step.roles) and step.is_possible(inquiry, appeal, now)
    ]


@cache
def roles_of(action: InquiryAction) -> frozenset[Role]:
    """Return the roles that carry out the action in some status."""
    named = frozenset().union(*(step.roles for step in steps().values() if step.action == action))
    return frozenset(role for role in get_args(Role) if role in named)
