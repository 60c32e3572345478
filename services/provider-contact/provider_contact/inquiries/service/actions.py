"""The actions on an inquiry: the frame that is the same for each, and the entrance of answers that come without a person.

Every action is `POST /v1/inquiries/{inquiry_id}/actions/{action}`, a row of `inquiry_actions.csv` (who, in which status, under which
condition) and a `Command` of `schemas.commands` (its body). What it does is a function `carry_out(context, command)`:

- those of this slice are in `service.carrying_out`;
- a slice above adds its own by an `ActionHandler(command, carry_out)` that `app.py` passes to `Actions`. `propose`, `promise`, `verify`
  and `excuse` have their rows and commands here and wait for such handlers: until then nobody is offered them, and they have no route.

The handler is called in the transaction of the request with an `ActionContext`: the inquiry is locked, visible to the principal and in
the expected version, and the step is open. It adds its rows, publishes its events (`context.work.publish`), enters what happened
(`entries.enter`), asks for notices (`context.notify`), and sets what the guards need to know of its rows by `set_flag`. It leaves
status, `settled` and version alone. For an event of another service use `change_flags`.

`respond` with the code RESOLVED also calls the handler of `propose`, with the text of the answer.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from provider_contact.inquiries import repository
from provider_contact.inquiries.codes import AnswerMethod, InquiryAction, InquiryFlag, InquiryStatus, NoticeKind, ResponseCode
from provider_contact.inquiries.errors import ActionNotPossible, VersionConflict
from provider_contact.inquiries.models import Appeal, Inquiry
from provider_contact.inquiries.policy import inquiry_rule, statuses
from provider_contact.inquiries.schemas import InquiryItem, NextAction, commands
from provider_contact.inquiries.schemas.commands import AnswerContent, Command
from provider_contact.inquiries.service import workflow
from provider_contact.inquiries.service.answers import AnswerSender, check_answer, store_answer
from provider_contact.inquiries.service.carrying_out import CARRIED_OUT, answer_inquiry
from provider_contact.inquiries.service.flags import set_flag
from provider_contact.inquiries.service.ports import ActionContext, ActionHandler, InquiryFiles, NoNotices, Notice, Notices
from provider_contact.inquiries.service.reading import inquiry_item, visible_inquiry
from provider_contact.inquiries.service.workflow import Step
from shared.auth import Principal
from shared.domain.calendar import planning_calendar
from shared.domain.regions import regions
from shared.errors import Forbidden, InvalidInput, NotFound
from shared.unit_of_work import UnitOfWork

_BY_SYSTEM: Final = "provider-system"


class ReceivedAnswer(NamedTuple):
    """An answer that came without a person's request. `response_id`: None for a request for time, which is no answer.

    `counts`: False if no answer was expected any more; it is stored, and nothing moves.
    """

    response_id: UUID | None
    counts: bool
    item: InquiryItem


class Actions:
    """Carries out the actions. `files`: those of answers; `extensions`: the actions of the slices above."""

    def __init__(self, files: InquiryFiles, notices: Notices | None = None, extensions: Sequence[ActionHandler] = ()) -> None:
        self.files = files
        self.notices: Notices = notices or NoNotices()
        own = [ActionHandler(commands.Respond, self._respond), *CARRIED_OUT]
        self._handlers: Mapping[InquiryAction, ActionHandler] = {handler.command.ACTION: handler for handler in (*own, *extensions)}

    @property
    def offered(self) -> tuple[type[Command], ...]:
        """Return the commands that have a handler, in the order of `COMMANDS`."""
        return tuple(command for command in commands.COMMANDS if command.ACTION in self._handlers)

    def next_actions(self, inquiry: Inquiry, appeal: Appeal, principal: Principal, now: datetime) -> list[NextAction]:
        """Return what this principal, who sees the inquiry, may do with it now."""
        return workflow.next_actions(inquiry, appeal, principal, now, self._handlers.keys())

    def item(self, work: UnitOfWork, inquiry: Inquiry, appeal: Appeal, principal: Principal) -> InquiryItem:
        """Return the inquiry as it is listed for this principal."""
        return inquiry_item(inquiry, appeal, self.next_actions(inquiry, appeal, principal, work.clock.now()))

    async def carry_out(self, work: UnitOfWork, principal: Principal, inquiry_id: UUID, command: Command) -> InquiryItem:
        """Carry out the command, and return the inquiry as it is afterwards.

        Raises Forbidden for a role that never carries out the action, NotFound, VersionConflict, ActionNotPossible in the present status,
        and InvalidInput for what does not fit the inquiry.
        """
        check_role(principal, command.ACTION)
        inquiry, appeal = await visible_inquiry(work, inquiry_id, principal, lock=True)
        if inquiry.version != command.expected_version:
            raise VersionConflict(inquiry.version)
        context = ActionContext(work, inquiry, appeal, principal, work.clock.now())
        command = _meant(context, command)
        step = self._open_step(context, command.ACTION)
        await self._handlers[command.ACTION].carry_out(context, command)
        await self._finish(context, step)
        return self.item(work, inquiry, appeal, principal)

    async def receive_answer(self, work: UnitOfWork, inquiry_id: UUID, content: AnswerContent, sent: AnswerSender) -> ReceivedAnswer:
        """Store an answer that came by a provider's system, a one-time link or the telephone, under the provider's own authority.

        The caller knows the sender and repeats nothing: it has an idempotency of its own. An answer to an inquiry that expects none is
        stored and changes nothing. Raises NotFound, and InvalidInput for what does not fit the inquiry.
        """
        found = await repository.inquiry_for_update(work.session, inquiry_id)
        if found is None:
            raise NotFound
        inquiry, appeal = found
        principal = Principal(subject=sent.sender, issuer=_BY_SYSTEM, roles=frozenset({"provider"}), provider_id=inquiry.provider_id)
        context = ActionContext(work, inquiry, appeal, principal, work.clock.now())
        check_answer(inquiry, content)
        given = commands.Respond.model_construct(expected_version=inquiry.version, **dict(content))
        command = _meant(context, given)
        step = self._step(context, command.ACTION)
        if step is None:
            response_id = store_answer(work, inquiry, content, sent, counts=False)
            await self.files.claim(work, inquiry, response_id, content.attachments)
            return ReceivedAnswer(response_id, False, self.item(work, inquiry, appeal, principal))
        answered = None
        if isinstance(command, commands.Respond):
            answered = await self._answer(context, command, sent)
        else:
            await self._handlers[command.ACTION].carry_out(context, command)
        await self._finish(context, step)
        return ReceivedAnswer(answered, True, self.item(work, inquiry, appeal, principal))

    async def _respond(self, context: ActionContext, command: commands.Respond) -> None:
        check_answer(context.inquiry, command)
        await self._answer(context, command, AnswerSender(AnswerMethod.PORTAL, context.principal.subject))

    async def _answer(self, context: ActionContext, command: commands.Respond, sent: AnswerSender) -> UUID:
        """Store the answer, and open the proposal that RESOLVED means."""
        response_id = answer_inquiry(context, command, sent)
        await self.files.claim(context.work, context.inquiry, response_id, command.attachments)
        propose = self._handlers.get(InquiryAction.PROPOSE)
        if command.code == ResponseCode.RESOLVED and propose is not None and InquiryFlag.OPEN_PROPOSAL not in context.inquiry.flags:
            # the text of an answer may be longer than that of a proposal
            given = commands.Propose.model_construct(
                expected_version=command.expected_version, language=command.language, text=command.text
            )
            await propose.carry_out(context, given)
        return response_id

    def _step(self, context: ActionContext, action: InquiryAction) -> Step | None:
        """Return the step if it is open to the principal, else None."""
        step = workflow.steps().get((context.inquiry.status, action))
        is_open = step is not None and step.is_open_to(context.principal, context.inquiry, context.appeal, context.now)
        return step if is_open else None

    def _open_step(self, context: ActionContext, action: InquiryAction) -> Step:
        step = self._step(context, action)
        if step is None:
            raise ActionNotPossible(self.next_actions(context.inquiry, context.appeal, context.principal, context.now))
        return step

    async def _finish(self, context: ActionContext, step: Step) -> None:
        """Move the inquiry to the next status as a new version, and plan the notices of the action."""
        inquiry = context.inquiry
        move(inquiry, step.next)
        await self.notices.plan(context.work, [_notice(context, kind, body) for kind, body in context.planned])


def move(inquiry: Inquiry, status: InquiryStatus) -> None:
    """Set the status of a locked inquiry, with what follows from it, as a new version."""
    inquiry.status = status
    inquiry.settled = inquiry.closed_at is not None or not statuses()[status].awaits
    inquiry.version += 1


async def change_flags(work: UnitOfWork, inquiry_id: UUID, **flags: bool) -> Inquiry | None:
    """Lock an inquiry and set flags by name (`OPEN_PROPOSAL=False`) as a new version. For handlers of events and for jobs.

    Returns the inquiry; None if it is not stored.
    """
    found = await repository.inquiry_for_update(work.session, inquiry_id)
    if found is None:
        return None
    inquiry, _ = found
    for name, value in flags.items():
        set_flag(inquiry, InquiryFlag(name), value=value)
    inquiry.version += 1
    return inquiry


async def lock_context(work: UnitOfWork, inquiry_id: UUID, principal: Principal) -> ActionContext | None:
    """Lock an inquiry whose case the caller has shown to be visible, for what a slice above does to it by a route of its own.

    The caller adds 1 to the version of the inquiry that it changes. Returns None for one that is not stored.
    """
    found = await repository.inquiry_for_update(work.session, inquiry_id)
    return ActionContext(work, *found, principal, work.clock.now()) if found else None


LockedInquiries = Mapping[UUID, Inquiry]


async def lock_inquiries(work: UnitOfWork, inquiry_ids: Collection[UUID], *, skip_locked: bool = False) -> LockedInquiries:
    """Lock inquiries in the order of their ids, before rows of the slices above are locked.

    `skip_locked`: leave out those that are locked elsewhere.
    A handler of events or a job that changes one of them adds 1 to its version.
    """
    return await repository.lock_inquiries(work.session, inquiry_ids, skip_locked=skip_locked)


def check_role(principal: Principal, action: InquiryAction) -> None:
    """Raise Forbidden for a principal whose roles never carry out the action."""
    if workflow.roles_of(action).isdisjoint(principal.roles):
        raise Forbidden


def _meant(context: ActionContext, command: Command) -> Command:
    """Return what a command means: an answer NEEDS_TIME is a request for the usual time, with its text as the reason.

    Raises InvalidInput for files.
    """
    if not (isinstance(command, commands.Respond) and command.code == ResponseCode.NEEDS_TIME):
        return command
    if command.attachments:
        raise InvalidInput.field("attachments", "not-accepted", "A request for time has no files.")
    zone = regions()[context.appeal.region].timezone
    latest = max(context.now, context.inquiry.due_at).astimezone(zone).date()
    until = planning_calendar().add_working_days(latest, inquiry_rule().default_time_working_days)
    return commands.AskTime.model_construct(expected_version=command.expected_version, until=until, reason=command.text)


def _notice(context: ActionContext, kind: NoticeKind, body: str | None) -> Notice:
    inquiry = context.inquiry
    return Notice(
        context.work.ids.new(), inquiry.inquiry_id, inquiry.appeal_id, inquiry.provider_id, kind, inquiry.round, inquiry.due_at, body
    )
