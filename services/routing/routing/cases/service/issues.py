"""The issues of a case: what an appeal complains of, with a finding on each, and on a refusal of care.

An ordinary case has one issue, which follows from its category and costs no row. Codes are stored in the case once an issue is split off
or has a finding of its own; the texts of findings are sealed rows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from routing.cases.repository import conversation as records
from routing.cases.schemas import commands
from routing.cases.schemas.commands import Finding
from routing.cases.schemas.contents import FindingContent
from routing.cases.schemas.issues import FindingRecord, IssueCodes, new_issue
from routing.cases.schemas.rows import CaseFile, CaseRecord
from routing.cases.schemas.views import AnswerView, FindingView, IssueView, RefusalView
from routing.cases.service import links
from routing.cases.service.action_context import ActionContext
from shared.contracts import AnsweredIssue
from shared.domain.taxonomy import taxonomy
from shared.errors import InvalidInput
from shared.field_errors import DETAILS
from shared.sealing import Sealer

TABLE: Final = "issue_finding"
MAX_ISSUES: Final = 20


def is_removable(case: CaseRecord, issue: IssueCodes) -> bool:
    """Return whether the issue was split off and has no finding."""
    return issue["outcome"] is None and issue["issue_id"] != case.issues[0]["issue_id"]


def views(file: CaseFile, answer: AnswerView | None, sealer: Sealer) -> list[IssueView]:
    """Return the issues of a case. An issue without a finding of its own has that of the answer."""
    texts = _texts(file, sealer)
    return [_view(issue, texts.get(UUID(issue["issue_id"])), file.case, answer) for issue in file.case.issues]


def _view(issue: IssueCodes, texts: FindingContent | None, case: CaseRecord, answer: AnswerView | None) -> IssueView:
    finding, refusal = None, None
    if texts is not None and issue["outcome"] is not None:
        finding = FindingView(outcome=issue["outcome"], fact=texts.fact, rule=texts.rule)
        if issue["reason"] is not None and issue["lawful"] is not None:
            refusal = RefusalView(reason=issue["reason"], rule=texts.refusal_rule or "", lawful=issue["lawful"])
    elif answer is not None and (given := finding_on(case, issue["category"], answer.findings)) is not None:
        finding = FindingView(outcome=given.outcome, fact=given.fact, rule=given.rule)
    return IssueView(issue_id=UUID(issue["issue_id"]), category=issue["category"], finding=finding, refusal=refusal)


def _texts(file: CaseFile, sealer: Sealer) -> dict[UUID, FindingContent]:
    return {
        finding.issue_id: FindingContent.model_validate_json(sealer.open(TABLE, finding.issue_id, "content", finding.content))
        for finding in file.findings
    }


def finding_on(case: CaseRecord, category: str, findings: Sequence[Finding]) -> Finding | None:
    """Return the finding on an issue: that of its category or, if the case has no other issue, of the same top-level category."""
    exact = next((finding for finding in findings if finding.category == category), None)
    if exact is not None or len(case.issues) > 1:
        return exact
    root = taxonomy().root_category
    return next((finding for finding in findings if root(finding.category) == root(category)), None)


def without_finding(case: CaseRecord, findings: Sequence[Finding]) -> list[str]:
    """Return the categories of the issues that no finding speaks of."""
    return [category for category in case.categories if finding_on(case, category, findings) is None]


def with_set_findings(context: ActionContext, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings of an answer, and those set since the latest answer on the issues that it does not speak of."""
    unspoken, latest = without_finding(context.case, findings), context.file.answer
    newer = [finding for finding in context.file.findings if latest is None or finding.at > latest.at]
    found = views(replace(context.file, findings=newer), None, context.work.sealer)
    own = {issue.category: issue.finding for issue in found if issue.finding is not None}
    return [*findings, *(Finding(category=category, **dict(own[category])) for category in unspoken if category in own)]


def answered(case: CaseRecord, findings: Sequence[Finding]) -> list[AnsweredIssue] | None:
    """Return the issues that the findings of an answer speak of, in codes; None for a case about a topic."""
    found = [(issue, finding_on(case, issue["category"], findings)) for issue in case.issues]
    return [
        AnsweredIssue(
            issue_id=UUID(issue["issue_id"]),
            category=issue["category"],
            outcome=given.outcome,
            refusal_reason=issue["reason"],
            refusal_lawful=issue["lawful"],
        )
        for issue, given in found
        if given is not None
    ] or None


async def keep_answered(context: ActionContext, findings: Sequence[Finding]) -> None:
    """Replace the findings set on stored issues by those that the applicant is given."""
    if context.case.issue_codes is None:
        return
    texts = _texts(context.file, context.work.sealer)
    for issue in context.case.issues:
        if (given := finding_on(context.case, issue["category"], findings)) is not None:
            before = texts.get(UUID(issue["issue_id"]))
            content = FindingContent(fact=given.fact, rule=given.rule, refusal_rule=before.refusal_rule if before else None)
            await _store(context, issue, given.outcome, content)


def split(context: ActionContext, command: commands.SplitIssue) -> None:
    """Add an issue. Raises InvalidInput for a category that the case has, and beyond MAX_ISSUES."""
    case = context.case
    if command.category in case.categories:
        raise InvalidInput.field("category", "duplicate-issue", "The case has an issue of this category.")
    if len(case.issues) >= MAX_ISSUES:
        raise InvalidInput.field("category", "too-many", DETAILS["too-many"].format(max_length=MAX_ISSUES))
    case.issue_codes = [*case.issues, new_issue(context.work.ids.new(), command.category)]


def remove(context: ActionContext, command: commands.RemoveIssue) -> str:
    """Remove an issue and return its category. Raises InvalidInput for the main issue, one with a finding, and an unknown one."""
    case, found = context.case, _issue(context.case, command.issue_id)
    if not is_removable(case, found):
        raise InvalidInput.field("issue_id", "issue-stays", "Only an issue that was split off and has no finding is removed.")
    case.issue_codes = [issue for issue in case.issues if issue is not found]
    return found["category"]


async def set_finding(context: ActionContext, command: commands.SetFinding) -> None:
    """Store the finding on an issue, sealed. Raises InvalidInput for an unknown issue, and for DUPLICATE in a case without a link."""
    case, refusal = context.case, command.refusal
    links.require_link(case, command.outcome)
    case.issue_codes = case.issues
    issue = _issue(case, command.issue_id)
    issue["reason"], issue["lawful"] = (refusal.reason, refusal.lawful) if refusal else (None, None)
    content = FindingContent(fact=command.fact, rule=command.rule, refusal_rule=refusal.rule if refusal else None)
    await _store(context, issue, command.outcome, content)
    context.enter("finding-set", category=issue["category"], outcome=command.outcome)


def follow_category(context: ActionContext) -> None:
    """Let the main issue follow the corrected category of the case: on another category nothing was found yet.

    Raises InvalidInput if the other issues do not go with it.
    """
    case = context.case
    others = (case.issue_codes or [])[1:]
    if case.category is None and others:
        raise InvalidInput.field("kind", "several-issues", "The case has several issues, and an appeal about a topic has none.")
    if case.category in {issue["category"] for issue in others}:
        raise InvalidInput.field("category", "duplicate-issue", "The case has an issue of this category.")
    if case.category is None:
        case.issue_codes = None
    elif case.issue_codes and case.issue_codes[0]["category"] != case.category:
        case.issue_codes = [new_issue(context.work.ids.new(), case.category), *others]


def _issue(case: CaseRecord, issue_id: UUID) -> IssueCodes:
    found = next((issue for issue in case.issues if issue["issue_id"] == str(issue_id)), None)
    if found is None:
        raise InvalidInput.field("issue_id", "unknown-code", DETAILS["unknown-code"])
    return found


async def _store(context: ActionContext, issue: IssueCodes, outcome: str, content: FindingContent) -> None:
    issue_id = UUID(issue["issue_id"])
    issue["outcome"] = outcome
    sealed = context.work.sealer.seal(TABLE, issue_id, "content", content.model_dump_json().encode())
    finding = FindingRecord(issue_id, context.case.appeal_id, context.now, sealed, context.role, context.principal.subject)
    await records.store_finding(context.work.session, finding)
    context.file.findings = [*(each for each in context.file.findings if each.issue_id != issue_id), finding]
