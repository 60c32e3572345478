"""Conversation about filed appeals: their list, status and answer, the person's outcome, score and replies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.service.prompts import ask, menu_keyboard
from intake.channels.telegram.service.steps import (
    AppealAction,
    BotReply,
    Button,
    ConversationState,
    FindAppeal,
    GiveOutcome,
    RateAppeal,
    ReadAnswer,
    ReadQuestion,
    SendReply,
    ShowAppeal,
    StepResult,
    WithdrawConsent,
)
from intake.channels.telegram.service.texts import button_label, text_of
from intake.register.service.texts import status_label
from shared.domain.identifiers import InvalidNumber, RegistrationNumber
from shared.domain.labels import Language
from shared.domain.lifecycle import CaseStatus

STEPS: Final = frozenset({Step.REASON, Step.REPLY})
BUTTON_CODES: Final = frozenset({"a", "an", "ou", "od", "rt", "re", "wc", "wy"})
_QUESTION_OPEN: Final = frozenset({CaseStatus.AWAITING_APPLICANT, CaseStatus.NEEDS_FIX})
_SCORES: Final = ("1", "2", "3", "4", "5")
_ACTIONS: Final[Mapping[str, Callable[[UUID], AppealAction]]] = {
    "a": ShowAppeal,
    "an": ReadAnswer,
    "ou": partial(GiveOutcome, resolved=True),
    "wy": WithdrawConsent,
}
"""The buttons that do something at once."""


@dataclass(frozen=True, slots=True)
class AppealStatus:
    """An appeal as its own chat sees it; `due` is a formatted date."""

    appeal_id: UUID
    number: str
    status: str
    due: str
    discloses: bool = False
    """The person consents to be named to a medical organisation."""


def leave(state: ConversationState) -> ConversationState:
    """Return from REASON or REPLY to the step before it."""
    if state.step not in STEPS:
        return state
    return state.at(Step(str(state.draft["back"])), about=None, back=None)


def press(state: ConversationState, code: str, value: str) -> StepResult:
    """Handle a button under a message about an appeal. The action checks that the appeal belongs to the chat."""
    state = leave(state)
    score, _, of = value.rpartition(".")
    try:
        appeal_id = UUID(hex=of)
    except ValueError:
        return StepResult(state, [BotReply(text_of("stale", state.shown_language))])
    if code in _ACTIONS:
        return StepResult(state, action=_ACTIONS[code](appeal_id))
    if code == "rt" and score in _SCORES:
        return StepResult(state, action=RateAppeal(appeal_id, int(score)))
    if code == "wc":
        return _ask_withdrawal(state, appeal_id)
    asking = state.at(Step.REASON if code == "od" else Step.REPLY, about=appeal_id.hex, back=state.step)
    return StepResult(asking, [ask(asking)]) if code == "od" else StepResult(asking, action=ReadQuestion(appeal_id))


def _ask_withdrawal(state: ConversationState, appeal_id: UUID) -> StepResult:
    """Ask whether the consent is withdrawn: nothing gives it back but a new question of the Fund."""
    sure = Button(button_label("withdraw_surely", state.shown_language), f"wy:{appeal_id.hex}")
    return StepResult(state, [BotReply(text_of("withdraw_question", state.shown_language), buttons=[[sure]])])


def message(state: ConversationState, text: str) -> StepResult:
    """Handle the message that REASON or REPLY asked for."""
    appeal_id = UUID(hex=str(state.draft["about"]))
    is_reason = state.step == Step.REASON
    action = GiveOutcome(appeal_id, resolved=False, reason=text) if is_reason else SendReply(appeal_id, text)
    return StepResult(leave(state), action=action)


def listed(state: ConversationState, appeals: Sequence[AppealStatus]) -> StepResult:
    """Return the list of the chat's appeals."""
    language = state.shown_language
    if not appeals:
        keyboard = menu_keyboard(language) if state.step == Step.MENU else ()
        return StepResult(state, [BotReply(text_of("no_appeals", language), keyboard=keyboard)])
    rows = [[Button(f"{appeal.number} · {_status(appeal, language)}", f"a:{appeal.appeal_id.hex}")] for appeal in appeals]
    return StepResult(state, [BotReply(text_of("history", language), buttons=rows)])


def shown(state: ConversationState, appeal: AppealStatus | None) -> StepResult:
    """Return the status of an appeal with its buttons; None: the chat has no such appeal."""
    if appeal is None:
        return impossible(state)
    language = state.shown_language
    text = text_of("appeal", language, number=appeal.number, status=_status(appeal, language), due=appeal.due)
    buttons = action_buttons(appeal.appeal_id, appeal.status, language)
    if appeal.discloses:
        buttons = [*buttons, [Button(button_label("withdraw_consent", language), f"wc:{appeal.appeal_id.hex}")]]
    return StepResult(state, [BotReply(text, buttons=buttons)])


def find_by_number(state: ConversationState, text: str) -> StepResult | None:
    """Return the search for a message that is a registration number, however it was pasted; None for any other message."""
    try:
        return StepResult(state, action=FindAppeal(str(RegistrationNumber.parse(text))))
    except InvalidNumber:
        return None


def not_found(state: ConversationState) -> StepResult:
    """Return the reply for a number that no appeal of the chat has."""
    return StepResult(state, [BotReply(text_of("no_such_number", state.shown_language))])


def action_buttons(appeal_id: UUID, status: str, language: Language) -> list[list[Button]]:
    """Return the buttons of an appeal in a status."""

    def button(name: str, code: str) -> Button:
        return Button(button_label(name, language), f"{code}:{appeal_id.hex}")

    if status == CaseStatus.ANSWERED:
        return [[button("read", "an")], [button("resolved", "ou"), button("unresolved", "od")]]
    if status == CaseStatus.CLOSED:
        return [[button("read", "an")], score_buttons(appeal_id)]
    return [[button("reply", "re")]] if status in _QUESTION_OPEN else []


def score_buttons(appeal_id: UUID) -> list[Button]:
    """Return the buttons of the scores."""
    return [Button(score, f"rt:{score}.{appeal_id.hex}") for score in _SCORES]


def answer_read(state: ConversationState, appeal_id: UUID, text: str | None, *, is_open: bool) -> StepResult:
    """Return the answer; None: it cannot be fetched now. `is_open`: the person has not given an outcome."""
    if text is None:
        return StepResult(state, [BotReply(text_of("answer_later", state.shown_language))])
    all_buttons = action_buttons(appeal_id, CaseStatus.ANSWERED, state.shown_language)
    return StepResult(state, [BotReply(text, buttons=all_buttons[1:] if is_open else [score_buttons(appeal_id)])])


def question_read(state: ConversationState, text: str | None) -> StepResult:
    """Return the Fund's question and ask for a reply; None: the question cannot be fetched now, or none is open."""
    return StepResult(state, [*([BotReply(text)] if text else []), ask(state)])


def outcome_given(state: ConversationState, appeal_id: UUID, *, resolved: bool, followed_by: str | None) -> StepResult:
    """Return the reply to an outcome; `followed_by` is the number of the new appeal that continues a denied one."""
    if resolved:
        return StepResult(state, [BotReply(text_of("confirmed", state.shown_language), buttons=[score_buttons(appeal_id)])])
    if followed_by is None:
        return StepResult(state, [BotReply(text_of("goes_on", state.shown_language))])
    return StepResult(state, [BotReply(text_of("goes_on_as", state.shown_language, number=followed_by))])


def rated(state: ConversationState) -> StepResult:
    """Return the reply to a score."""
    return StepResult(state, [BotReply(text_of("rated", state.shown_language))])


def consent_withdrawn(state: ConversationState) -> StepResult:
    """Return the confirmation of a withdrawn consent."""
    return StepResult(state, [BotReply(text_of("consent_withdrawn", state.shown_language))])


def reply_sent(state: ConversationState) -> StepResult:
    """Return the confirmation of a reply to the Fund."""
    return StepResult(state, [BotReply(text_of("replied", state.shown_language))])


def impossible(state: ConversationState) -> StepResult:
    """Return the reply to an action that is not possible now, or on an appeal of another chat."""
    return StepResult(leave(state), [BotReply(text_of("not_possible", state.shown_language))])


def _status(appeal: AppealStatus, language: Language) -> str:
    return status_label(appeal.status).in_(language)
