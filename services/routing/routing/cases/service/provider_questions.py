"""Questions of clerks to providers: the text stays here, and provider-contact opens the inquiry on the event."""

from datetime import date
from typing import Final

from routing.cases.repository import conversation as records
from routing.cases.repository.providers import providers_by_id
from routing.cases.schemas.commands import AskProvider
from routing.cases.schemas.contents import ProviderQuestionContent
from routing.cases.schemas.notes import ProviderQuestionRecord
from routing.cases.service.action_context import ActionContext
from shared.contracts import InquiryRequested
from shared.domain.regions import regions
from shared.errors import FieldError, InvalidInput
from shared.sealing import Sealer

TABLE: Final = "provider_question"


async def ask(context: ActionContext, command: AskProvider) -> None:
    """Store the question, sealed, and publish `inquiry-requested`.

    Raises InvalidInput for a question without content, a provider that the directory does not have, and a day before today.
    """
    if errors := await _errors(context, command):
        raise InvalidInput(errors)
    case, work = context.case, context.work
    request_id = work.ids.new()
    questions = list(dict.fromkeys(command.questions))
    content = ProviderQuestionContent(questions=questions, text=command.text)
    sealed = work.sealer.seal(TABLE, request_id, "content", content.model_dump_json().encode())
    records.add_question(
        work.session,
        ProviderQuestionRecord(
            request_id=request_id,
            appeal_id=case.appeal_id,
            at=context.now,
            provider_id=command.provider_id,
            language=command.language,
            content=sealed,
            actor_role=context.role,
            actor=context.principal.subject,
        ),
    )
    context.publish(
        InquiryRequested(
            appeal_id=case.appeal_id,
            request_id=request_id,
            provider_id=command.provider_id,
            questions=questions,
            language=command.language,
            due_on=command.due_on,
            has_text=command.text is not None,
            number=case.number,
            region=case.region,
            tier=case.tier,
            kind=case.kind,
            category=case.category or "",
            actor_role=context.role,
            service=command.service,
            department=command.department,
            period_from=command.period_from,
            period_to=command.period_to or command.period_from,
            protection=case.protection,
        )
    )


async def _errors(context: ActionContext, command: AskProvider) -> list[FieldError]:
    errors = []
    if command.text is None and not command.questions:
        errors.append(FieldError("questions", "required", "Choose a question or write one."))
    if command.provider_id not in await providers_by_id(context.work.session, [command.provider_id]):
        errors.append(FieldError("provider_id", "unknown-provider", "The directory has no such provider."))
    today = context.now.astimezone(regions()[context.case.region].timezone).date()
    if command.due_on is not None and command.due_on < today:
        errors.append(FieldError("due_on", "too-early", "This day has passed."))
    return errors + _period_errors(command, today)


def _period_errors(command: AskProvider, today: date) -> list[FieldError]:
    first, last = command.period_from, command.period_to
    if last is not None and (first is None or last < first):
        return [FieldError("period_to", "before-from", "The period ends before it begins.")]
    return [FieldError("period_from", "in-future", "This day has not come yet.")] if first is not None and first > today else []


def content_of(question: ProviderQuestionRecord, sealer: Sealer) -> ProviderQuestionContent:
    """Return the content of a question, opened. Raises SealError."""
    return ProviderQuestionContent.model_validate_json(sealer.open(TABLE, question.request_id, "content", question.content))
