"""What each action of this slice does to a locked inquiry. The frame around it is in `actions`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from provider_contact.inquiries import events, repository
from provider_contact.inquiries.codes import InquiryAction, InquiryClock, InquiryFlag, NoticeKind
from provider_contact.inquiries.policy import clocks, inquiry_rule
from provider_contact.inquiries.schemas import commands
from provider_contact.inquiries.service.answers import AnswerSender, store_answer
from provider_contact.inquiries.service.entries import enter
from provider_contact.inquiries.service.flags import set_flag
from provider_contact.inquiries.service.ports import ActionContext, ActionHandler
from provider_contact.inquiries.service.steps import clock_due_at, first_step_at
from shared.domain.calendar import planning_calendar
from shared.domain.deadlines import due_at, due_on, policies
from shared.domain.regions import regions
from shared.errors import InvalidInput


async def acknowledge(context: ActionContext, _command: commands.Acknowledge) -> None:
    """Publish that the provider has received the inquiry."""
    context.work.publish(events.inquiry_acknowledged(context.inquiry))


def answer_inquiry(context: ActionContext, command: commands.Respond, sent: AnswerSender) -> UUID:
    """Store the answer and publish it; return its id."""
    return store_answer(context.work, context.inquiry, command, sent, counts=True)


async def ask_time(context: ActionContext, command: commands.AskTime) -> None:
    """Store the request with its reason, sealed. Raises InvalidInput for a day before the due day or too long after it."""
    inquiry, zone = context.inquiry, regions()[context.appeal.region].timezone
    due_day = inquiry.due_at.astimezone(zone).date()
    if command.until <= max(due_day, context.now.astimezone(zone).date()):
        raise InvalidInput.field("until", "not-later", "Choose a day after the due date and after today.")
    if (command.until - due_day).days > inquiry_rule().longest_time_days:
        raise InvalidInput.field(
            "until", "too-late", f"At most {inquiry_rule().longest_time_days} days after the due date may be asked for."
        )
    inquiry.time_asked_until = command.until
    enter(context, InquiryAction.ASK_TIME, day=command.until, texts={"text": command.reason})
    context.work.publish(events.time_asked(inquiry, command.until))


async def ask_consent(context: ActionContext, command: commands.AskConsent) -> None:
    """Store the reason, sealed. A clerk decides whether the applicant is asked."""
    set_flag(context.inquiry, InquiryFlag.CONSENT_ASKED, value=True)
    enter(context, InquiryAction.ASK_CONSENT, texts={"text": command.reason})
    context.work.publish(events.consent_asked(context.inquiry))


async def request_consent(context: ActionContext, _command: commands.RequestConsent) -> None:
    """Have the applicant asked. Nothing is disclosed until the applicant says yes."""
    inquiry, region = context.inquiry, context.appeal.region
    today = context.now.astimezone(regions()[region].timezone).date()
    last_day = due_on(today, policies()[inquiry_rule().consent_policy], planning_calendar()).due_on
    set_flag(inquiry, InquiryFlag.CONSENT_ASKED, value=False)
    set_flag(inquiry, InquiryFlag.CONSENT_REQUESTED, value=True)
    enter(context, InquiryAction.REQUEST_CONSENT, day=last_day)
    context.work.publish(events.consent_requested(inquiry, due_at(last_day, region), context.role))


async def decline_consent(context: ActionContext, _command: commands.DeclineConsent) -> None:
    """Do not ask the applicant. The provider may ask again with another reason."""
    set_flag(context.inquiry, InquiryFlag.CONSENT_ASKED, value=False)
    enter(context, InquiryAction.DECLINE_CONSENT)
    context.work.publish(events.consent_declined(context.inquiry, context.role))
    context.notify(NoticeKind.CONSENT_DECLINED)


async def accept(context: ActionContext, command: commands.Accept) -> None:
    """Accept the answer of this round, with the finding on its refusal.

    Raises InvalidInput for a finding on no refusal, and for a refusal without a finding: the register says of each whether it was lawful.
    """
    response = await repository.answer_of_round(context.work.session, context.inquiry.inquiry_id, context.inquiry.round)
    if command.refusal_lawful is not None and response.refusal_reason is None:
        raise InvalidInput.field("refusal_lawful", "no-refusal", "The answer names no refusal.")
    if command.refusal_lawful is None and response.refusal_reason is not None:
        raise InvalidInput.field("refusal_lawful", "required", "Say whether the refusal of care was lawful.")
    response.refusal_lawful = command.refusal_lawful
    enter(context, InquiryAction.ACCEPT)
    context.work.publish(events.inquiry_accepted(context.inquiry, response, context.role))


async def return_answer(context: ActionContext, command: commands.Return) -> None:
    """Begin the next round: the provider answers again, until a new due date."""
    inquiry = context.inquiry
    response = await repository.answer_of_round(context.work.session, inquiry.inquiry_id, inquiry.round)
    response.refusal_lawful = None  # the finding was on an answer that stands no more
    inquiry.round += 1
    inquiry.answered_at = None
    inquiry.escalated_to = None
    enter(context, InquiryAction.RETURN, code=command.reason, texts={"text": command.text})
    clock = clocks()[inquiry_rule().return_clock]
    _set_due(context, clock_due_at(clock, context.appeal.region, context.now), clock.code)
    context.work.publish(events.inquiry_returned(inquiry, command.reason, context.role))
    context.notify(NoticeKind.RETURNED)


async def remind(context: ActionContext, _command: commands.Remind) -> None:
    """Remind the provider by notice."""
    context.inquiry.reminded_at = context.now
    enter(context, InquiryAction.REMIND)
    context.work.publish(events.inquiry_reminded(context.inquiry, context.role))
    context.notify(NoticeKind.REMINDER)


async def record_call(context: ActionContext, command: commands.RecordCall) -> None:
    """Store with whom a clerk spoke and what was said, sealed. Nothing is published."""
    texts = {"text": command.text, "spoken_to": command.spoken_to, "position": command.position}
    enter(context, InquiryAction.RECORD_CALL, texts=texts)


async def grant_time(context: ActionContext, _command: commands.GrantTime) -> None:
    """Move the due date to the end of the day asked for."""
    inquiry = context.inquiry
    until = inquiry.time_asked_until
    if until is None:
        raise AssertionError("the guard of the step requires a request")
    inquiry.time_asked_until = None
    enter(context, InquiryAction.GRANT_TIME, day=until)
    _set_due(context, due_at(until, context.appeal.region), InquiryClock.TIME_GRANTED)
    context.work.publish(events.time_granted(inquiry, context.role))
    context.notify(NoticeKind.TIME_GRANTED)


async def refuse_time(context: ActionContext, _command: commands.RefuseTime) -> None:
    """Leave the due date as it is."""
    inquiry = context.inquiry
    enter(context, InquiryAction.REFUSE_TIME, day=inquiry.time_asked_until)
    inquiry.time_asked_until = None
    context.work.publish(events.time_refused(inquiry, context.role))
    context.notify(NoticeKind.TIME_REFUSED)


async def escalate_to(context: ActionContext, command: commands.EscalateTo) -> None:
    """Notify a body above the provider. The rule escalates no more in this round."""
    context.inquiry.escalated_to = command.body
    enter(context, InquiryAction.ESCALATE_TO, code=command.body)
    context.work.publish(events.inquiry_escalated(context.inquiry, command.body, context.role))
    context.notify(NoticeKind.ESCALATION, command.body)


async def cancel(context: ActionContext, command: commands.Cancel) -> None:
    """Expect no answer any more."""
    context.inquiry.time_asked_until = None
    enter(context, InquiryAction.CANCEL, code=command.reason)
    context.work.publish(events.inquiry_cancelled(context.inquiry, command.reason, context.role))
    context.notify(NoticeKind.CANCELLED)


def _set_due(context: ActionContext, moment: datetime, clock: str) -> None:
    """Set a new due date, from which the steps are counted anew."""
    inquiry = context.inquiry
    inquiry.due_at, inquiry.clock, inquiry.overdue, inquiry.last_step = moment, clock, False, None
    inquiry.next_step_at = first_step_at(inquiry.due_at, context.appeal.region, context.now)


CARRIED_OUT: Final = (
    ActionHandler(commands.Acknowledge, acknowledge),
    ActionHandler(commands.AskTime, ask_time),
    ActionHandler(commands.AskConsent, ask_consent),
    ActionHandler(commands.Accept, accept),
    ActionHandler(commands.Return, return_answer),
    ActionHandler(commands.Remind, remind),
    ActionHandler(commands.RecordCall, record_call),
    ActionHandler(commands.GrantTime, grant_time),
    ActionHandler(commands.RefuseTime, refuse_time),
    ActionHandler(commands.RequestConsent, request_consent),
    ActionHandler(commands.DeclineConsent, decline_consent),
    ActionHandler(commands.EscalateTo, escalate_to),
    ActionHandler(commands.Cancel, cancel),
)
