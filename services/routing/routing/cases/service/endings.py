"""The actions that end a case without an answer, or pass the appeal or a part of it on to another body, with their letters."""

from uuid import UUID

from routing.cases import repository
from routing.cases.errors import ActionNotPossible
from routing.cases.schemas import commands
from routing.cases.schemas.contents import LetterContent
from routing.cases.schemas.rows import HistoryCodes, LetterRecord
from routing.cases.service import deputies, protection, workflow
from routing.cases.service.action_context import ActionContext
from routing.cases.service.protection_rules import require_body
from routing.cases.service.suggestions import term_of
from routing.clocks import service as clocks
from routing.clocks.codes import ClockCode
from shared.contracts import CaseForwarded, CaseReturned, CaseTerminated, ComplaintPassedUp, DangerPassedOn, PartForwarded
from shared.domain.lifecycle import CaseStatus


def write_letter(context: ActionContext, language: str, content: LetterContent) -> UUID:
    """Store a letter to the applicant, sealed, and return its id."""
    letter_id = context.work.ids.new()
    sealed = context.work.sealer.seal("letter", letter_id, "content", content.model_dump_json().encode())
    letter = LetterRecord(
        letter_id=letter_id,
        appeal_id=context.case.appeal_id,
        at=context.now,
        language=language,
        content=sealed,
        actor_role=context.role,
        actor=context.principal.subject,
    )
    repository.add_letter(context.work.session, letter)
    context.file.letters.append(letter)
    return letter_id


async def return_appeal(context: ActionContext, command: commands.Return) -> None:
    """Return the appeal to the applicant (АППК art. 64(7))."""
    await _end(context, CaseStatus.RETURNED)
    event = CaseReturned(appeal_id=context.case.appeal_id, ground=command.ground, actor_role=context.role)
    context.publish(event, return_ground=command.ground)


async def terminate(context: ActionContext, command: commands.Terminate) -> None:
    """Terminate the consideration. Raises ActionNotPossible on a ground that the principal does not decide on (АППК art. 88(2))."""
    actor = await deputies.acting(context.work, context.principal)
    if command.ground not in workflow.grounds_of(actor.roles):
        context.case.status = context.before
        raise ActionNotPossible(workflow.next_actions(context.case, actor))
    await _end(context, CaseStatus.TERMINATED)
    event = CaseTerminated(appeal_id=context.case.appeal_id, ground=command.ground, actor_role=context.role)
    context.publish(event, termination_ground=command.ground)


async def forward(context: ActionContext, command: commands.Forward) -> None:
    """Forward the appeal or a part of it to the competent body (АППК art. 65)."""
    fact: type[_PassedOn] = PartForwarded if command.part else CaseForwarded
    await _pass_on(context, command, fact)


async def pass_up(context: ActionContext, command: commands.PassUp) -> None:
    """Pass the complaint with its file to the superior body (АППК art. 91(4))."""
    await _pass_on(context, command, ComplaintPassedUp)


_PassedOn = CaseForwarded | PartForwarded | ComplaintPassedUp


async def _pass_on(context: ActionContext, command: commands.Forward | commands.PassUp, fact: type[_PassedOn]) -> None:
    """Publish that the appeal went to another body, with the letter to the applicant. The history says if it went late."""
    if fact is not ComplaintPassedUp:
        require_body(context.case, command.body)  # the superior body is the one of the law
    protection.passed_on(context.case, command.body)
    due = term_of(command.ACTION, context.case)
    codes: HistoryCodes = {"body": command.body}
    is_late = due is not None and due < context.now
    if due is not None and is_late:
        codes["due"] = due.isoformat()
    content = LetterContent(text=command.text)
    letter_id = write_letter(context, context.case.language, content) if command.text else None
    if fact is PartForwarded:
        context.case.status = context.before
    else:
        await _end(context, CaseStatus.FORWARDED)
    event = fact(appeal_id=context.case.appeal_id, body=command.body, actor_role=context.role, letter_id=letter_id)
    context.publish(event, f"{fact.FACT}-late" if is_late else None, **codes)


async def redirect(context: ActionContext, command: commands.Redirect) -> None:
    """Note that a body was informed of the danger (АППК art. 64(7-2))."""
    require_body(context.case, command.body)
    protection.passed_on(context.case, command.body)
    context.case.redirected_to = command.body
    met = [clock for clock in context.file.clocks if clock.policy == ClockCode.REDIRECT_CRIME]
    await context.change_clocks(clocks.stop(met, context.now))
    event = DangerPassedOn(appeal_id=context.case.appeal_id, body=command.body, actor_role=context.role)
    context.publish(event, body=command.body)


async def _end(context: ActionContext, outcome: CaseStatus) -> None:
    """Finish the case without an answer. The outcome has the code of the status."""
    context.case.outcome, context.case.closed_at = outcome, context.now
    await context.change_clocks(clocks.stop(context.file.clocks, context.now))
