"""The conversation as a pure state machine: from a state and an event to the next state, the replies and an action."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.policy import script
from intake.channels.telegram.service import buttons, filed_appeals
from intake.channels.telegram.service.drafts import ask_next, begin, to_menu
from intake.channels.telegram.service.prompts import ask, choose_language, danger, draft_button, menu_keyboard, welcome
from intake.channels.telegram.service.steps import (
    BotBlocked,
    BotReply,
    Button,
    ButtonPress,
    ChatEvent,
    ConversationState,
    EditedMessage,
    GroupMessage,
    ListAppeals,
    ListDoctors,
    MediaMessage,
    Reply,
    SharedContact,
    StepResult,
    SuggestArticles,
    SuggestProviders,
    TextMessage,
)
from intake.channels.telegram.service.texts import button_label, text_of
from shared.domain.identifiers import holds_iin
from shared.domain.labels import LANGUAGES
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.domain.text import clean, shows_something
from shared.language.danger import speaks_of_danger

_MAX_LENGTHS: Final = {Step.PROVIDER: 300, Step.DOCTOR: 100, Step.NAME: 200, Step.ADDRESS: 500}  # characters, as in `AppealIn`
_AFTER_SUBJECT: Final = frozenset(
    {Step.ANSWERS, Step.KIND, Step.CONTACT, Step.NAME, Step.PHONE, Step.ADDRESS, Step.DISCLOSURE, Step.PREVIEW}
)
_ASKING_FOR_TEXT: Final = frozenset({Step.PROVIDER, Step.DOCTOR, Step.SUBJECT, Step.NAME, Step.PHONE, Step.ADDRESS, *filed_appeals.STEPS})


def advance(state: ConversationState, event: ChatEvent, new_id: str) -> StepResult:
    """Return the result of an event. `new_id`: the id of an appeal that begins with it."""
    result = _answer_album_once(state, event, _advance(state, event, new_id))
    return result.after(danger(state)) if _is_alarming(event) else result


def reply_to_late(state: ConversationState, event: ChatEvent) -> Sequence[Reply]:
    """Return the replies to an event older than an action that cannot be undone. It does not change the state."""
    if isinstance(event, ButtonPress):
        return buttons.stale(state, event).replies[:1]
    return [danger(state)] if _is_alarming(event) else []


def _is_alarming(event: ChatEvent) -> bool:
    if isinstance(event, MediaMessage):
        return speaks_of_danger(event.caption)
    return isinstance(event, TextMessage | EditedMessage) and speaks_of_danger(event.text)


def _answer_album_once(state: ConversationState, event: ChatEvent, result: StepResult) -> StepResult:
    """Answer the first file of an album, and the others only if they have a caption. The draft stores the latest album."""
    if not isinstance(event, MediaMessage) or event.album is None:
        return result
    if event.album == state.draft.get("album") and not event.caption:
        return StepResult(state)
    return replace(result, state=result.state.at(result.state.step, album=event.album))


def _advance(state: ConversationState, event: ChatEvent, new_id: str) -> StepResult:
    if isinstance(event, BotBlocked):
        return StepResult(state, left=True)
    if isinstance(event, GroupMessage):
        return StepResult(state, [BotReply("\n\n".join(text_of("no_groups", language) for language in LANGUAGES[:2]))])
    if state.step == Step.EXPIRED:
        notice = BotReply(text_of("expired", state.shown_language), keyboard=menu_keyboard(state.shown_language))
        return _advance(ConversationState(state.language), event, new_id).after(notice)
    if isinstance(event, ButtonPress):
        return buttons.press(state, event, new_id)
    if state.language is None:
        return StepResult(state, [choose_language()])
    return _message(state, event, new_id)


def _message(state: ConversationState, event: TextMessage | EditedMessage | SharedContact | MediaMessage, new_id: str) -> StepResult:
    if isinstance(event, TextMessage):
        return _text_message(state, event, new_id)
    if isinstance(event, EditedMessage):
        return _edited_message(state, event)
    if isinstance(event, SharedContact):
        return _shared_contact(state, event)
    return _media_message(state, event, new_id)


def _media_message(state: ConversationState, event: MediaMessage, new_id: str) -> StepResult:
    """Refuse the file; accept its caption if a text is asked for."""
    caption = clean(event.caption)
    if state.step not in _ASKING_FOR_TEXT or not shows_something(caption):
        return StepResult(state, [BotReply(text_of("no_files", state.shown_language))])
    if holds_iin(caption):
        return StepResult(state, [BotReply(text_of("no_iin", state.shown_language))])
    result = _text_message(state, TextMessage(event.message_id, caption.lstrip("/")), new_id)
    return result.noted(text_of("caption_only", state.shown_language))


def _text_message(state: ConversationState, event: TextMessage, new_id: str) -> StepResult:
    text = clean(event.text)
    command = text.split()[0].partition("@")[0].lower() if text.startswith("/") else script().menu_commands.get(text)
    if command is not None:
        return _command(state, command, new_id)
    if holds_iin(text):
        return StepResult(state, [BotReply(text_of("no_iin", state.shown_language))])
    if not shows_something(text):
        return StepResult(state, [ask(state)])
    if state.step in filed_appeals.STEPS:
        return filed_appeals.message(state, text)
    if len(text) > _MAX_LENGTHS.get(state.step, len(text)):
        return StepResult(state, [BotReply(text_of("too_long", state.shown_language))])
    return _answer(state, event.message_id, text)


def _answer(state: ConversationState, message_id: int, text: str) -> StepResult:
    """Handle a text as the answer to the question of the step."""
    if state.step in {Step.PROVIDER, Step.DOCTOR}:
        return _search(state, text)
    if state.step == Step.SUBJECT:
        return StepResult(state.at(Step.SUBJECT, text=text, text_id=message_id), action=SuggestArticles(text, state.draft.get("kind")))
    if state.step == Step.NAME:
        return ask_next(state.at(Step.PHONE, full_name=text))
    if state.step == Step.PHONE:
        return _phone(state, text)
    if state.step == Step.ADDRESS:
        is_skipped = text == button_label("skip", state.shown_language)
        return ask_next(state.at(Step.DISCLOSURE, address=None if is_skipped else text))
    return (filed_appeals.find_by_number(state, text) if state.step == Step.MENU else None) or _ask_again(state)


def _search(state: ConversationState, name: str) -> StepResult:
    """Search the organisations of the region, or the doctors of the organisation, by a typed name."""
    if state.step == Step.DOCTOR:
        return StepResult(state, action=ListDoctors(UUID(state.draft["provider_id"] or ""), name))
    return StepResult(state.at(Step.PROVIDER, typed=name), action=SuggestProviders(state.draft["region"], name))


def _ask_again(state: ConversationState) -> StepResult:
    """Repeat the question, with the hint that its buttons are to be used."""
    question = ask(state)
    if state.step == Step.MENU or state.step in _ASKING_FOR_TEXT:
        return StepResult(state, [question])
    return StepResult(state, [replace(question, text=f"{text_of('use_buttons', state.shown_language)}\n\n{question.text}")])


def _command(state: ConversationState, command: str, new_id: str) -> StepResult:
    if state.step in filed_appeals.STEPS:
        state = filed_appeals.leave(state)
        if command == "/cancel":
            return StepResult(state, [ask(state)])
    if command in {"/start", "send", "rate"} and state.step != Step.MENU:
        offered = (("continue", "go"), ("anew", "new"), ("cancel", "x"))
        row = [draft_button(state, name, f"{code}:") for name, code in offered]
        return StepResult(state, [BotReply(text_of("kept", state.shown_language), buttons=[row])])
    if command in {"send", "rate"}:
        return begin(state, new_id, rates=True) if command == "rate" else begin(state, new_id)
    if command == "/cancel":
        return to_menu(state, "cancelled")
    if command == "history":
        return StepResult(state, action=ListAppeals())
    return StepResult(state, [_information(state, command)])


def _information(state: ConversationState, command: str) -> BotReply:
    """Return the reply to a command that changes nothing."""
    if command == "/start":
        return welcome(state)
    if command in {"language", "/lang", "/language"}:
        return choose_language()
    if command in script().sections:
        question = Button(button_label("ask", state.shown_language), f"ask:{command}")
        return BotReply(text_of(command, state.shown_language), buttons=[[question]])
    return ask(state)


def _edited_message(state: ConversationState, event: EditedMessage) -> StepResult:
    """Accept an edit of the subject until the appeal is sent. No other message can be edited."""
    if state.step in _AFTER_SUBJECT and state.draft.get("text_id") == event.message_id:
        if holds_iin(event.text):
            return StepResult(state, [BotReply(text_of("no_iin", state.shown_language))])
        text = clean(event.text)
        if not shows_something(text):
            return StepResult(state, [BotReply(text_of("edit_late", state.shown_language))])
        changed = state.at(state.step, text=text)
        is_preview = state.step == Step.PREVIEW
        return StepResult(changed, [ask(changed) if is_preview else BotReply(text_of("edit_taken", state.shown_language))])
    if event.is_caption and state.step in {Step.SUBJECT, *filed_appeals.STEPS}:
        return _media_message(state, MediaMessage(event.message_id, event.text), "")
    return StepResult(state, [BotReply(text_of("edit_late", state.shown_language))])


def _shared_contact(state: ConversationState, event: SharedContact) -> StepResult:
    if state.step != Step.PHONE:
        return _ask_again(state)
    if not event.is_own:
        return StepResult(state, [BotReply(text_of("not_own_phone", state.shown_language))])
    return _phone(state, event.phone if event.phone.startswith("+") else f"+{event.phone}")


def _phone(state: ConversationState, typed: str) -> StepResult:
    if typed == button_label("skip", state.shown_language):
        return _thank(state.at(Step.ADDRESS))
    try:
        return _thank(state.at(Step.ADDRESS, phone=normalise_personal_phone(typed)))
    except InvalidPhone:
        return StepResult(state, [BotReply(text_of("bad_phone", state.shown_language))])


def _thank(state: ConversationState) -> StepResult:
    """Replace the keyboard that shared the number by the menu's, and ask the next question."""
    language = state.shown_language
    return ask_next(state).after(BotReply(text_of("thanks", language), keyboard=menu_keyboard(language)))
