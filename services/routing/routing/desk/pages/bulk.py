"""One action on many cases of the list: the bar with its choices, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from routing.cases import service as cases
from routing.cases.schemas.bulk import BULK_COMMANDS, BulkFields, RefusedCase
from routing.cases.schemas.command import CaseAction
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.meanwhile import meanwhile_lines
from routing.desk.pages.people import Choice
from routing.desk.pages.reader import DeskReader, category_options, subject_of
from shared.auth import Principal
from shared.domain.regions import regions
from shared.domain.taxonomy import taxonomy
from shared.errors import FieldError, NotFound
from shared.unit_of_work import UnitOfWork
from shared.web.i18n import N_

PATH: Final = "bulk"
CASE: Final = "case."
"""One checkbox for each case, named `case.` and its id; its value is the version that the row shows."""
PREFIX: Final = "bulk-"
"""The fields of the bar, so that every name of a page is unique."""
SELECT: Final = "select"
"""The parameter of the address that ticks every row of the page."""
Option = tuple[str, str]

_REASONS: Final[Mapping[str, str]] = {
    "version-conflict": N_("It was changed before you."),
    "action-not-possible": N_("This is not possible in its status: “%(status)s”."),
    "colleague-absent": N_("The colleague is absent."),
    "unknown-assignee": N_("The colleague does not see this case."),
    "unavailable": N_("It was not changed because of a fault. Try again."),
}
_UNSEEN: Final = N_("A case that you do not see, or not any more.")
_WRONG: Final[Mapping[str, str]] = {
    "cases": N_("Choose at least one case, and at most 100."),
    "fields.assignee": N_("Choose a colleague."),
    "fields.kind": N_("Choose a kind."),
    "fields.category": N_("This does not go with the kind."),
    "fields.topic": N_("This does not go with the kind."),
    "fields.outcome": N_("Choose an outcome."),
}


@dataclass(frozen=True, slots=True)
class BulkBar:
    """What the bar offers: the actions of the reader's role, and the lists to choose from. `select_href` ticks the whole page."""

    actions: frozenset[CaseAction]
    href: str
    select_href: str
    long_href: str | None
    """The list with as many rows on a page as one action changes; None if it has them."""
    colleagues: Sequence[Choice]
    kinds: Sequence[Option]
    categories: Sequence[Option]
    topics: Sequence[Option]
    outcomes: Sequence[Option]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A case that was not changed: its number and address if the reader sees it, and the reason in words."""

    number: str | None
    title: str
    href: str
    reason: str
    meanwhile: str


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What the form came back with: the numbers of changed and refused cases, or `error`, with what was entered and ticked."""

    done: int = 0
    refused: Sequence[RefusedLine] = ()
    error: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    ticked: frozenset[UUID] = frozenset()


def bulk_bar(principal: Principal, colleagues: Sequence[Choice], position: ListPosition, reader: DeskReader) -> BulkBar | None:
    """Return the bar of a list, None for a reader whose role changes no case."""
    actions = frozenset(command.ACTION for command in BULK_COMMANDS.values() if cases.may_ever(principal, command.ACTION))
    if not actions:
        return None
    codes = taxonomy()
    return BulkBar(
        actions=actions,
        href=position.href(PATH),
        select_href=position.href(**{SELECT: "page"}),
        long_href=None if position.is_long else replace(position, is_long=True, cursor=None).href(),
        colleagues=colleagues,
        kinds=reader.options(codes.kinds),
        categories=category_options(reader),
        topics=reader.options(codes.topics),
        outcomes=reader.options({code: codes.outcomes[code] for code in cases.closing_outcomes()}),
    )


def submitted_fields(action: str, sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the action that are filled in. Of a category and a topic the one that goes with the kind is taken."""
    taken = BULK_COMMANDS[action].model_fields if action in BULK_COMMANDS else {}
    given = {name: sent[PREFIX + name] for name in BulkFields.model_fields if name in taken and sent.get(PREFIX + name)}
    if (kind := given.get("kind")) in taxonomy().kinds:
        given.pop("topic" if taxonomy().subject_field(str(kind)) == "category" else "category", None)
    return given


def submitted_cases(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the versions of the ticked cases by their ids, as they were sent."""
    return {name.removeprefix(CASE): value for name, value in sent.items() if name.startswith(CASE)}


def error_text(errors: Sequence[FieldError], reader: DeskReader) -> str:
    """Return what to do about the first error of the form."""
    name = errors[0].field if errors else ""
    return reader.translate(_WRONG.get("cases" if name.startswith("cases") else name, N_("Please correct this.")))


async def refused_lines(
    work: UnitOfWork, principal: Principal, refused: Sequence[RefusedCase], position: ListPosition, reader: DeskReader
) -> list[RefusedLine]:
    """Return the refused cases with the reasons in words. A case that the reader does not see is named by nothing."""
    return [await _line(work, principal, each, position, reader) for each in refused]


async def _line(work: UnitOfWork, principal: Principal, refused: RefusedCase, position: ListPosition, reader: DeskReader) -> RefusedLine:
    try:
        case = await cases.read_case(work, principal, refused.appeal_id)
    except NotFound:
        return RefusedLine(None, "", "", reader.translate(_UNSEEN), "")
    status = reader.label(cases.status_labels()[case.status])
    reason = reader.translate(_REASONS.get(refused.code, N_("It cannot be changed now.")))
    latest = meanwhile_lines(await cases.entries_after(work, principal, case.appeal_id, None), reader)
    zone = regions()[case.region].timezone
    written = [" · ".join(filter(None, [line.text, line.who, f"{line.at.astimezone(zone):%d.%m.%Y %H:%M}"])) for line in latest]
    return RefusedLine(
        number=case.number,
        title=subject_of(case, reader),
        href=position.href(case.appeal_id),
        reason=reason % {"status": status} if "%(" in reason else reason,
        meanwhile=written[0] if written and refused.code in {"version-conflict", "action-not-possible"} else "",
    )
