"""Presses of buttons: the choice of a language, buttons of the draft and of filed appeals, and buttons that are out of date."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.policy import script
from intake.channels.telegram.service import filed_appeals, offers
from intake.channels.telegram.service.drafts import ask_next, begin, confirm, go_on, rated_subject, to_menu
from intake.channels.telegram.service.prompts import ask, choose_language, menu_keyboard, welcome
from intake.channels.telegram.service.steps import (
    BotReply,
    ButtonPress,
    CallbackAnswer,
    ConversationState,
    ListDoctors,
    RateProvider,
    ReportSelfService,
    StepResult,
)
from intake.channels.telegram.service.texts import text_of
from intake.forms.service.definitions import services
from shared.domain.labels import LANGUAGES, Language
from shared.domain.regions import regions


def press(state: ConversationState, event: ButtonPress, new_id: str) -> StepResult:
    """Handle a press. `new_id`: the id of an appeal that begins with it."""
    code, value, tag = _parse(event)
    answer = CallbackAnswer(event.query_id)
    if code == "l" and value in LANGUAGES:
        return _language(state, value).after(answer)
    if state.language is None:
        return StepResult(state, [answer, choose_language()])
    if code in filed_appeals.BUTTON_CODES:
        return filed_appeals.press(state, code, value).after(answer)
    if code in offers.BUTTON_CODES:
        return offers.press(state, code, value).after(answer)
    done = _press_of_draft(filed_appeals.leave(state), code, value, tag, new_id)
    return stale(state, event) if done is None else done.after(answer)


def stale(state: ConversationState, event: ButtonPress) -> StepResult:
    """Answer a button of another step or an older appeal, and repeat the current question."""
    code, _, tag = _parse(event)
    done = state.draft.get("filed")
    if code == "ok" and tag and done is not None and done["tag"] == tag:
        return StepResult(state, [CallbackAnswer(event.query_id, text_of("already_filed", state.shown_language, number=done["number"]))])
    question = [] if state.step == Step.MENU else [ask(state)]
    return StepResult(state, [CallbackAnswer(event.query_id, text_of("stale", state.shown_language)), *question])


def _parse(press: ButtonPress) -> tuple[str, str, str]:
    """Return the code of a button, its value, and the tag of its draft."""
    code, value, tag = (*press.data.split(":"), "", "")[:3]
    return code, value, tag


def _press_of_draft(state: ConversationState, code: str, value: str, tag: str, new_id: str) -> StepResult | None:
    """Handle a button of the draft, or one that begins it; None for a button without meaning now."""
    if code == "ask" and value in script().sections and state.step == Step.MENU:
        return begin(state, new_id, kind="CONSULTATION", topic=script().sections[value])
    if not tag or tag != state.tag:
        return None
    if code == "new":
        return begin(state, new_id)
    steps, handle = _PRESSES.get(code, (_ANY, None))
    return handle(state, value) if handle is not None and (state.step in steps or not steps) else None


def _language(state: ConversationState, value: str) -> StepResult:
    language: Language = next(code for code in LANGUAGES if code == value)
    is_first = state.language is None
    state = replace(state, language=language)
    if is_first or state.step == Step.MENU:
        return StepResult(state, [welcome(state) if is_first else ask(state)])
    return StepResult(state, [BotReply(text_of("menu", language), keyboard=menu_keyboard(language)), ask(state)])


def _page(state: ConversationState, value: str) -> StepResult:
    changed = state.at(Step.REGION, page=int(value) if value in {"0", "1"} else 0)
    return StepResult(changed, [ask(changed)])


def _region(state: ConversationState, value: str) -> StepResult:
    if value not in regions():
        return StepResult(state, [ask(state)])
    return ask_next(state.at(Step.PROVIDER, region=value))


def _provider(state: ConversationState, value: str) -> StepResult:
    """Choose a suggestion by its index; `x`: none of them, the typed name stays; `n`: the appeal is not about an organisation."""
    offered = state.draft.get("offered", [])
    if value.isdecimal() and int(value) < len(offered):
        provider_id, name = offered[int(value)]
        return ask_next(state.at(Step.SUBJECT, provider_id=provider_id, provider=name))
    if value == "x" and state.draft.get("typed"):
        return ask_next(state.at(Step.SUBJECT, provider_id=None, provider=state.draft["typed"]))
    return ask_next(state.at(Step.SUBJECT, provider_id=None, provider=None))


def _kind(state: ConversationState, value: str) -> StepResult:
    if value not in {service.code for service in services("bot")}:
        return StepResult(state, [ask(state)])
    return ask_next(state.at(Step.CONTACT, kind=value))


def _contact(state: ConversationState, value: str) -> StepResult:
    if value == "y":
        return ask_next(state.at(Step.NAME, consented=True, kind_asked=True))
    return ask_next(state.at(Step.DISCLOSURE, consented=False, full_name=None, phone=None, address=None, kind_asked=True))


def _without_address(state: ConversationState, _value: str) -> StepResult:
    return ask_next(state.at(Step.DISCLOSURE, address=None))


def _disclosure(state: ConversationState, value: str) -> StepResult:
    return ask_next(state.at(Step.PREVIEW, disclosed=value == "y"))


def _doctor_page(state: ConversationState, value: str) -> StepResult:
    """Turn the list of doctors."""
    page = int(value) if value.isdecimal() and len(value) <= len("999") else 0
    return StepResult(state, action=ListDoctors(UUID(state.draft["provider_id"] or ""), state.draft.get("doctor_query", ""), page))


def _doctor(state: ConversationState, value: str) -> StepResult:
    """Choose a doctor of the page, or with `w` the organisation as a whole. A doctor of another page is asked for again."""
    if value == "w":
        return ask_next(rated_subject(state, None))
    doctor = next((each for each in state.draft.get("doctors", []) if UUID(each[0]).hex == value), None)
    return StepResult(state, [ask(state)]) if doctor is None else ask_next(rated_subject(state, doctor))


def _stars(state: ConversationState, value: str) -> StepResult:
    """Rate the organisation or the doctor in one tap."""
    provider_id, doctor_id = state.draft.get("provider_id"), state.draft.get("doctor_id")
    if value not in {"1", "2", "3", "4", "5"} or not provider_id:
        return StepResult(state, [ask(state)])
    return StepResult(state, action=RateProvider(UUID(provider_id), int(value), UUID(doctor_id) if doctor_id else None))


def _answered(state: ConversationState, value: str) -> StepResult:
    """Report the article that answered the question, by its index. Nothing is filed."""
    articles = state.draft.get("articles", [])
    if not value.isdecimal() or int(value) >= len(articles):
        return StepResult(state, [ask(state)])
    return StepResult(state, action=ReportSelfService(UUID(articles[int(value)][0]), state.draft.get("region")))


def _rewrite(state: ConversationState, _value: str) -> StepResult:
    return ask_next(state.at(Step.SUBJECT))


_ANY: Final[frozenset[Step]] = frozenset()
_PRESSES: Final[Mapping[str, tuple[frozenset[Step], Callable[[ConversationState, str], StepResult]]]] = {
    "rp": (frozenset({Step.REGION}), _page),
    "r": (frozenset({Step.REGION}), _region),
    "p": (frozenset({Step.PROVIDER, Step.PROVIDER_CHOICE}), _provider),
    "aa": (frozenset({Step.ANSWERS}), _answered),
    "ac": (frozenset({Step.ANSWERS}), lambda state, _value: go_on(state)),
    "k": (frozenset({Step.KIND}), _kind),
    "c": (frozenset({Step.CONTACT}), _contact),
    "na": (frozenset({Step.ADDRESS}), _without_address),
    "d": (frozenset({Step.DISCLOSURE}), _disclosure),
    "ok": (frozenset({Step.PREVIEW}), lambda state, _value: confirm(state)),
    "dp": (frozenset({Step.DOCTOR}), _doctor_page),
    "dr": (frozenset({Step.DOCTOR}), _doctor),
    "st": (frozenset({Step.STARS}), _stars),
    "rw": (frozenset({Step.PREVIEW}), _rewrite),
    "x": (_ANY, lambda state, _value: to_menu(state, "cancelled")),
    "go": (_ANY, lambda state, _value: StepResult(state, [ask(state)])),
}
"""The buttons of the draft by code: the steps in which each counts (none named: in any), and its handler."""
