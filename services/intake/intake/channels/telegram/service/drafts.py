"""The appeal that is being written: its begin and end, the next question, and the results of its actions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Unpack
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.policy import script
from intake.channels.telegram.service.prompts import ask, menu_keyboard
from intake.channels.telegram.service.steps import (
    AppealFields,
    BotReply,
    ConversationState,
    Draft,
    FileAppeal,
    ListAppeals,
    ListDoctors,
    StepResult,
)
from intake.channels.telegram.service.texts import text_of
from intake.forms.service.definitions import form
from shared.language.danger import speaks_of_danger
from shared.language.danger_advice import danger_advice

DISCLOSURE: Final = "DISCLOSE_TO_PROVIDER"


def begin(state: ConversationState, new_id: str, **known: Unpack[Draft]) -> StepResult:
    """Begin an appeal. `known`: answers that are not asked for."""
    draft = Draft(id=new_id)
    draft.update(known)
    begun = replace(state, step=Step.REGION, draft=draft)
    return StepResult(begun, [ask(begun)])


def to_menu(state: ConversationState, text: str) -> StepResult:
    """Drop the draft and show the menu. What was filed last stays known, because its button can be pressed again."""
    draft = Draft()
    if "filed" in state.draft:
        draft["filed"] = state.draft["filed"]
    if "album" in state.draft:
        draft["album"] = state.draft["album"]
    language = state.shown_language
    return StepResult(replace(state, step=Step.MENU, draft=draft), [BotReply(text_of(text, language), keyboard=menu_keyboard(language))])


def ask_next(state: ConversationState) -> StepResult:
    """Ask the question of the step. Questions that are answered already, or that the form does not have, are skipped."""
    if state.draft.get("rates") and state.step == Step.SUBJECT:
        provider_id = state.draft.get("provider_id")
        if provider_id:
            return StepResult(state.at(Step.DOCTOR), action=ListDoctors(UUID(provider_id)))
        state = state.at(Step.PROVIDER)
    if state.step == Step.KIND and state.draft.get("kind"):
        state = state.at(Step.CONTACT)
    if state.step == Step.ADDRESS and not _has_field(state, "applicant.address"):
        state = state.at(Step.DISCLOSURE)
    if state.step == Step.DISCLOSURE and not (state.draft.get("provider") and _has_field(state, f"consents.{DISCLOSURE}")):
        state = state.at(Step.PREVIEW)
    return StepResult(state, [ask(state)])


def _has_field(state: ConversationState, field: str) -> bool:
    return form(state.draft["kind"], "bot").field(field) is not None


def articles_found(state: ConversationState, found: list[tuple[str, str, str]]) -> StepResult:
    """Continue after SuggestArticles. `found`: ids, titles and bodies, the best first; without any the next question is asked."""
    shown = state.at(Step.ANSWERS, articles=[list(article) for article in found])
    return StepResult(shown, [ask(shown)]) if found else go_on(shown)


def go_on(state: ConversationState) -> StepResult:
    """Continue with the question that no article answered."""
    return ask_next(state.at(Step.PREVIEW if state.draft.get("kind_asked") else Step.KIND))


def confirm(state: ConversationState) -> StepResult:
    """File the appeal of the draft."""
    draft = state.draft
    service = form(draft["kind"], "bot")
    provider_id, named = draft.get("provider_id"), draft.get("provider")
    given = {"full_name": draft.get("full_name"), "phone": draft.get("phone"), "address": draft.get("address")}
    applicant = {name: value for name, value in given.items() if value}
    consented = {"PROCESSING": bool(applicant), DISCLOSURE: draft.get("disclosed", False)}
    appeal: AppealFields = {
        "language": state.shown_language,
        "kind": service.kind,
        "statutory_form": service.statutory_form,
        "topic": draft.get("topic"),
        "region": draft["region"],
        "provider": {"provider_id": provider_id} if provider_id else {"name": named} if named else None,
        "text": draft["text"],
        "applicant": applicant,
        "consents": [code for code, is_given in consented.items() if is_given],
        "answer_by": "TELEGRAM",
    }
    return StepResult(state, action=FileAppeal(draft["id"], appeal, [UUID(article[0]) for article in draft.get("articles", [])]))


def suggested(state: ConversationState, certain: tuple[str, str] | None, offered: list[tuple[str, str]]) -> StepResult:
    """Continue after SuggestProviders. `offered`: ids and names, the best first; `certain`: the only possible one."""
    if certain is not None:
        return ask_next(state.at(Step.SUBJECT, provider_id=certain[0], provider=certain[1]))
    if not offered and state.draft.get("rates"):
        return StepResult(state, [BotReply(text_of("provider_unknown", state.shown_language)), ask(state)])
    if not offered:
        return ask_next(state.at(Step.SUBJECT, provider_id=None, provider=state.draft["typed"]))
    return ask_next(state.at(Step.PROVIDER_CHOICE, offered=[list(pair) for pair in offered]))


def doctors_listed(state: ConversationState, found: Sequence[tuple[str, str]], query: str, page: int) -> StepResult:
    """Continue after ListDoctors. `found`: ids and names of all doctors that `query` means; a page that does not exist is the nearest."""
    size = script().limits.doctors_on_a_page
    pages = max(1, -(-len(found) // size))
    page = min(page, pages - 1)
    offered = [list(doctor) for doctor in found[page * size : (page + 1) * size]]
    shown = state.at(Step.DOCTOR, doctors=offered, doctor_query=query, doctor_page=page, doctor_pages=pages)
    return StepResult(shown, [ask(shown)])


def doctor_unknown(state: ConversationState) -> StepResult:
    """Continue after a name that no doctor of the organisation has: the whole list is offered again."""
    again = ListDoctors(UUID(state.draft["provider_id"] or ""))
    return StepResult(state, [BotReply(text_of("doctor_unknown", state.shown_language))], action=again)


def no_doctors(state: ConversationState, *, is_roster_known: bool) -> StepResult:
    """Continue after ListDoctors without a choice: the organisation has no list of doctors, or the list cannot be read now."""
    shown = rated_subject(state, None)
    question, notice = ask(shown), "" if is_roster_known else text_of("doctors_unavailable", state.shown_language)
    return StepResult(shown, [replace(question, text="\n\n".join(filter(None, (notice, question.text))))])


def rated_subject(state: ConversationState, doctor: Sequence[str] | None) -> ConversationState:
    """Return the state that asks for the stars. `doctor`: id and name; None: the organisation as a whole is rated."""
    doctor_id, name = doctor or (None, None)
    return state.at(Step.STARS, doctor_id=doctor_id, doctor=name, doctors=[])


def filed(state: ConversationState, number: str, *, pin: str, received: str, due: str) -> StepResult:
    """Continue after FileAppeal with the receipt."""
    language = state.shown_language
    receipt = text_of("filed", language, number=number, pin=pin, received=received, due=due)
    if speaks_of_danger(state.draft["text"]):
        receipt = f"{danger_advice(language).whole}\n\n{receipt}"
    after = replace(state, step=Step.MENU, draft=Draft(filed={"tag": state.tag, "number": number}))
    return StepResult(after, [BotReply(receipt, keyboard=menu_keyboard(language))])


def not_filed(state: ConversationState) -> StepResult:
    """Continue after a refusal: the draft stays."""
    return StepResult(state, [BotReply(text_of("not_filed", state.shown_language)), ask(state)])


def filed_before(state: ConversationState) -> StepResult:
    """Continue after an interruption in which the appeal was registered with another text: the registered one is listed."""
    return StepResult(replace(state, step=Step.MENU, draft=Draft()), action=ListAppeals())


def provider_rated(state: ConversationState) -> StepResult:
    """Continue after RateProvider."""
    return to_menu(state, "provider_rated")


def provider_not_rated(state: ConversationState) -> StepResult:
    """Continue after a rating that was refused: too many on one day, or the organisation or the doctor is gone from the directory."""
    return to_menu(state, "provider_not_rated")
