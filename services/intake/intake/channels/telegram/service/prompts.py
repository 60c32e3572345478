"""The question of each step, with its buttons."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from intake.channels.telegram.codes import Step
from intake.channels.telegram.policy import script
from intake.channels.telegram.service.steps import BotReply, Button, ConversationState
from intake.channels.telegram.service.texts import button_label, text_of
from intake.forms.service.consents import consent
from intake.forms.service.definitions import form, services
from shared.domain.labels import LANGUAGES, Language
from shared.domain.phones import mask_phone
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.language.danger_advice import danger_advice

_LANGUAGE_NAMES: Final = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


def menu_keyboard(language: Language) -> list[list[str]]:
    """Return the keyboard of the main menu."""
    return [[button_label(name, language) for name in row] for row in script().menu]


def choose_language() -> BotReply:
    """Return the question for a language, in every language."""
    text = "\n".join(text_of("choose_language", language) for language in LANGUAGES)
    return BotReply(text, buttons=[[Button(_LANGUAGE_NAMES[language], f"l:{language}") for language in LANGUAGES]])


def welcome(state: ConversationState) -> BotReply:
    """Return the greeting with the main menu."""
    language = state.shown_language
    return BotReply(
        f"{text_of('welcome', language, danger=danger_advice(language).whole)}\n\n{text_of('menu', language)}",
        keyboard=menu_keyboard(language),
    )


def ask(state: ConversationState) -> BotReply:
    """Return the question of the current step."""
    return _QUESTIONS[state.step](state)


def resume(before: ConversationState, state: ConversationState, *, is_asked: bool) -> list[BotReply]:
    """Return the messages for a person whose state changed from `before` to `state` when a late update was replayed.

    `is_asked`: the question of `state` is sent elsewhere.
    """
    replies = []
    if before.language is None and state.language is not None:
        replies.append(welcome(state))
        is_asked = is_asked or state.step == Step.MENU
    elif before.step == Step.PHONE and state.step not in {Step.PHONE, Step.MENU}:
        replies.append(BotReply(text_of("thanks", state.shown_language), keyboard=menu_keyboard(state.shown_language)))
    return replies if is_asked or state.step not in _QUESTIONS or state.language is None else [*replies, ask(state)]


def danger(state: ConversationState) -> BotReply:
    """Return the emergency numbers, in both state languages while no language is chosen."""
    languages = [state.language] if state.language else LANGUAGES[:2]
    return BotReply("\n\n".join(danger_advice(language).whole for language in languages), urgent=True)


def draft_button(state: ConversationState, name: str, data: str) -> Button:
    """Return a button of the current draft; `data`: a code, a colon and a value."""
    return Button(button_label(name, state.shown_language), f"{data}:{state.tag}")


def _menu(state: ConversationState) -> BotReply:
    return BotReply(text_of("menu", state.shown_language), keyboard=menu_keyboard(state.shown_language))


def _region(state: ConversationState) -> BotReply:
    size, page, language = script().limits.regions_on_a_page, state.draft.get("page", 0), state.shown_language
    listed = [region for region in regions().values() if region.code != CENTRAL_OFFICE]
    pages = -(-len(listed) // size)
    rows = [[Button(region.label.in_(language), f"r:{region.code}:{state.tag}")] for region in listed[page * size : (page + 1) * size]]
    paging = [draft_button(state, "previous", f"rp:{page - 1}")] if page else []
    paging += [draft_button(state, "next", f"rp:{page + 1}")] if page + 1 < pages else []
    anywhere = [] if state.draft.get("rates") else [draft_button(state, "no_region", f"r:{CENTRAL_OFFICE}")]
    rows += [paging, anywhere, [draft_button(state, "cancel", "x:")]]
    return BotReply(text_of("region", language, page=str(page + 1), pages=str(pages)), buttons=rows)


def _provider(state: ConversationState) -> BotReply:
    without = [] if state.draft.get("rates") else [[draft_button(state, "no_provider", "p:n")]]
    rows = [*without, [draft_button(state, "cancel", "x:")]]
    return BotReply(text_of("provider", state.shown_language), buttons=rows)


def _provider_choice(state: ConversationState) -> BotReply:
    rows = [[Button(name, f"p:{index}:{state.tag}")] for index, (_, name) in enumerate(state.draft["offered"])]
    other = "write_again" if state.draft.get("rates") else "not_listed"
    return BotReply(text_of("provider_choice", state.shown_language), buttons=[*rows, [draft_button(state, other, "p:x")]])


def _subject(state: ConversationState) -> BotReply:
    return BotReply(text_of("matter", state.shown_language), buttons=[[draft_button(state, "cancel", "x:")]])


def _answers(state: ConversationState) -> BotReply:
    language, articles = state.shown_language, state.draft["articles"]
    texts = [f"{number}. {title}\n{body}" for number, (_, title, body) in enumerate(articles, start=1)]
    label = button_label("answers_me", language)
    numbers = [f" ({number})" if len(articles) > 1 else "" for number in range(1, len(articles) + 1)]
    rows = [[Button(f"{label}{number}", f"aa:{index}:{state.tag}")] for index, number in enumerate(numbers)]
    return BotReply("\n\n".join((text_of("articles", language), *texts)), buttons=[*rows, [draft_button(state, "continue", "ac:")]])


def _kind(state: ConversationState) -> BotReply:
    rows = [[Button(service.label.in_(state.shown_language), f"k:{service.code}:{state.tag}")] for service in services("bot")]
    return BotReply(text_of("kind", state.shown_language), buttons=rows)


def _contact(state: ConversationState) -> BotReply:
    rows = [[draft_button(state, "agree", "c:y")], [draft_button(state, "anonymous", "c:n")]]
    return BotReply(text_of("contact", state.shown_language), buttons=rows)


def _name(state: ConversationState) -> BotReply:
    return BotReply(text_of("name", state.shown_language))


def _phone(state: ConversationState) -> BotReply:
    language = state.shown_language
    keyboard = [[button_label("share_phone", language)], [button_label("skip", language)]]
    return BotReply(text_of("phone", language), keyboard=keyboard, contact=True)


def _address(state: ConversationState) -> BotReply:
    rows = [[draft_button(state, "skip", "na:")], [draft_button(state, "cancel", "x:")]]
    return BotReply(text_of("address", state.shown_language), buttons=rows)


def _disclosure(state: ConversationState) -> BotReply:
    """The consent with its whole content (No. 94-V art. 8(4))."""
    asked = consent("DISCLOSE_TO_PROVIDER", state.shown_language)
    text = "\n\n".join([asked.label, *(f"{term}: {content}" for term, content in asked.content)])
    return BotReply(text, buttons=[[draft_button(state, "disclose", "d:y")], [draft_button(state, "withhold", "d:n")]])


def _preview(state: ConversationState) -> BotReply:
    draft, language = state.draft, state.shown_language
    nobody, phone, provider = text_of("nobody", language), draft.get("phone"), draft.get("provider")
    applicant = ", ".join(filter(None, (draft.get("full_name"), mask_phone(phone) if phone else None, draft.get("address"))))
    if provider and "disclosed" in draft:
        provider = f"{provider} ({text_of('disclosed' if draft['disclosed'] else 'withheld', language)})"
    text = text_of(
        "preview",
        language,
        kind=form(draft["kind"], "bot").label.in_(language),
        region=regions()[draft["region"]].label.in_(language),
        provider=provider or nobody,
        applicant=applicant or nobody,
        text=draft["text"],
    )
    rows = [[draft_button(state, name, f"{code}:")] for name, code in (("confirm", "ok"), ("rewrite", "rw"), ("cancel", "x"))]
    return BotReply(text, buttons=rows)


def _doctor(state: ConversationState) -> BotReply:
    page, pages = state.draft.get("doctor_page", 0), state.draft.get("doctor_pages", 1)
    rows = [[Button(name, f"dr:{UUID(doctor_id).hex}:{state.tag}")] for doctor_id, name in state.draft.get("doctors", [])]
    paging = [draft_button(state, "previous", f"dp:{page - 1}")] if page else []
    paging += [draft_button(state, "next", f"dp:{page + 1}")] if page + 1 < pages else []
    text = text_of("doctor", state.shown_language, page=str(page + 1), pages=str(pages))
    whole = [draft_button(state, "whole_provider", "dr:w")]
    return BotReply(text, buttons=[whole, *rows, paging, [draft_button(state, "cancel", "x:")]])


def _stars(state: ConversationState) -> BotReply:
    stars = [Button(f"{score} ★", f"st:{score}:{state.tag}") for score in range(1, 6)]
    rated = " – ".join(filter(None, (state.draft.get("provider"), state.draft.get("doctor"))))
    text = text_of("stars", state.shown_language, provider=rated)
    return BotReply(text, buttons=[stars, [draft_button(state, "cancel", "x:")]])


def _reason(state: ConversationState) -> BotReply:
    return BotReply(text_of("why_unresolved", state.shown_language))


def _reply(state: ConversationState) -> BotReply:
    return BotReply(text_of("write_reply", state.shown_language))


_QUESTIONS: Final[Mapping[Step, Callable[[ConversationState], BotReply]]] = {
    Step.MENU: _menu,
    Step.REGION: _region,
    Step.PROVIDER: _provider,
    Step.PROVIDER_CHOICE: _provider_choice,
    Step.SUBJECT: _subject,
    Step.ANSWERS: _answers,
    Step.KIND: _kind,
    Step.CONTACT: _contact,
    Step.NAME: _name,
    Step.PHONE: _phone,
    Step.ADDRESS: _address,
    Step.DISCLOSURE: _disclosure,
    Step.PREVIEW: _preview,
    Step.DOCTOR: _doctor,
    Step.STARS: _stars,
    Step.REASON: _reason,
    Step.REPLY: _reply,
}
