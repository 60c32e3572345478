"""The issues of a case: each with its finding and refusal, and what their forms offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from routing.cases.schemas.command import CaseAction
from routing.cases.schemas.views import CaseView, IssueView
from routing.desk.pages.listing import ListPosition
from routing.desk.pages.reader import DeskReader, category_options
from shared.domain.taxonomy import taxonomy
from shared.web.i18n import N_

CHOSEN = "issue"
"""The parameter that names the issue whose finding is opened in the form."""
Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class IssueLine:
    """An issue of the case. `refusal`: the reason of a refusal and whether it is lawful, with the rule; empty without one."""

    label: str
    outcome: str
    facts: Sequence[tuple[str, str]]
    href: str
    """The page with the issue in the form of the finding."""


@dataclass(frozen=True, slots=True)
class IssuesCard:
    """What the page shows of the issues. `chosen`: the issue in the form of the finding, with the values stored for it."""

    lines: Sequence[IssueLine]
    is_open: bool
    chosen: str
    values: dict[str, str]
    labels: dict[str, str]
    """The categories of the issues by the ids."""
    removable: Sequence[Option]
    categories: Sequence[Option]
    reasons: Sequence[Option]


def issues_card(case: CaseView, position: ListPosition, asked: str | None, reader: DeskReader) -> IssuesCard:
    """Return the card. `asked`: the issue whose finding the reader wants to write."""
    labels = {issue.issue_id: reader.label(taxonomy().categories[issue.category].label) for issue in case.issues}
    chosen = next((issue for issue in case.issues if str(issue.issue_id) == asked), None)
    shown = chosen or next((issue for issue in case.issues if issue.finding is None), None) or (case.issues[0] if case.issues else None)
    taken = {issue.category for issue in case.issues}
    removable = _options_of(case, CaseAction.REMOVE_ISSUE)
    return IssuesCard(
        lines=[_line(issue, labels[issue.issue_id], case.appeal_id, position, reader) for issue in case.issues],
        is_open=chosen is not None,
        chosen=str(shown.issue_id) if shown else "",
        values=_values(shown),
        labels={str(issue_id): label for issue_id, label in labels.items()},
        removable=[(str(issue_id), label) for issue_id, label in labels.items() if str(issue_id) in removable],
        categories=[(code, label) for code, label in category_options(reader) if code not in taken],
        reasons=reader.options(taxonomy().refusal_reasons),
    )


def _options_of(case: CaseView, action: CaseAction) -> Sequence[str]:
    return next((offer.fields[0].options or [] for offer in case.next_actions if offer.action is action), [])


def _line(issue: IssueView, label: str, appeal_id: UUID, position: ListPosition, reader: DeskReader) -> IssueLine:
    codes, facts = taxonomy(), []
    if issue.finding is not None:
        facts = [(reader.translate(N_("Fact")), issue.finding.fact), (reader.translate(N_("Rule")), issue.finding.rule)]
    if issue.refusal is not None:
        reason = reader.label(codes.refusal_reasons[issue.refusal.reason].label)
        lawful = reader.translate(N_("lawful") if issue.refusal.lawful else N_("unlawful"))
        facts.append((reader.translate(N_("Refusal of care")), f"{reason} ({lawful}). {issue.refusal.rule}"))
    return IssueLine(
        label=label,
        outcome=reader.label(codes.outcomes[issue.finding.outcome].label) if issue.finding else "",
        facts=facts,
        href=position.href(appeal_id, **{CHOSEN: str(issue.issue_id)}) + f"#{CaseAction.SET_FINDING}",
    )


def _values(issue: IssueView | None) -> dict[str, str]:
    """Return the values of the form of the finding; empty for what is not set."""
    found = dict.fromkeys(("outcome", "fact", "rule", "refusal_reason", "refusal_rule", "refusal_lawful"), "")
    if issue is not None and issue.finding is not None:
        found |= issue.finding.model_dump()
    if issue is not None and issue.refusal is not None:
        lawful = "yes" if issue.refusal.lawful else "no"
        found |= {"refusal_reason": issue.refusal.reason, "refusal_rule": issue.refusal.rule, "refusal_lawful": lawful}
    return found
