"""The question of each step, with its buttons."""

from typing import Final

from intake.channels.telegram.service.steps import Button, Say, Talk
from intake.channels.telegram.service.texts import button, script, words
from intake.forms.service.consents import consent
from intake.forms.service.definitions import form, services
from shared.domain.labels import LANGUAGES, Language
from shared.domain.phones import mask_phone
from shared.domain.regions import CENTRAL_OFFICE, regions

MENU: Final = "MENU"
PAGE: Final = "page"
_LANGUAGE_NAMES: Final = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


def menu(language: Language) -> list[list[str]]:
    """The keyboard of the main menu."""
    return [[button(name, language) for name in row] for row in script().menu]


def choose_language() -> Say:
    text = "\n".join(words("choose_language", each) for each in LANGUAGES)
    return Say(text, buttons=[[Button(_LANGUAGE_NAMES[each], f"l:{each}") for each in LANGUAGES]])


def welcome(talk: Talk) -> Say:
    language = talk.speaks
    return Say(f"{words('welcome', language)}\n\n{words('menu', language)}", keyboard=menu(language))


def ask(talk: Talk) -> Say:
    """The question at which the conversation stands."""
    return _QUESTIONS[talk.step](talk)


def resumed(before: Talk, talk: Talk, *, is_told: bool) -> list[Say]:
    """What a person needs to hear who was `before` and stands at `talk`, once an update has found its place.

    `is_told`: they hear the question of `talk` without this.
    """
    says = []
    if before.language is None and talk.language is not None:
        says.append(welcome(talk))
        is_told = is_told or talk.step == MENU
    elif before.step == "PHONE" and talk.step not in {"PHONE", MENU}:
        says.append(Say(words("thanks", talk.speaks), keyboard=menu(talk.speaks)))
    return says if is_told or talk.step not in _QUESTIONS or talk.language is None else [*says, ask(talk)]


def danger(talk: Talk) -> Say:
    """Where to call when a life is in danger: in every language of the country while none is chosen."""
    languages = [talk.language] if talk.language else LANGUAGES[:2]
    return Say("\n\n".join(words("danger", each) for each in languages), urgent=True)


def pressable(talk: Talk, name: str, data: str) -> Button:
    """A button of the appeal that is being written; `data`: a code, a colon and a value."""
    return Button(button(name, talk.speaks), f"{data}:{talk.tag}")


def _menu(talk: Talk) -> Say:
    return Say(words("menu", talk.speaks), keyboard=menu(talk.speaks))


def _region(talk: Talk) -> Say:
    size, page = script().limits.regions_on_a_page, talk.draft.get(PAGE, 0)
    places = [each for each in regions().values() if each.code != CENTRAL_OFFICE]
    pages = -(-len(places) // size)
    rows = [[Button(each.label.in_(talk.speaks), f"r:{each.code}:{talk.tag}")] for each in places[page * size : (page + 1) * size]]
    turned = [pressable(talk, "previous", f"rp:{page - 1}")] if page else []
    turned += [pressable(talk, "next", f"rp:{page + 1}")] if page + 1 < pages else []
    rows += [turned, [pressable(talk, "no_region", f"r:{CENTRAL_OFFICE}")], [pressable(talk, "cancel", "x:")]]
    return Say(words("region", talk.speaks, page=str(page + 1), pages=str(pages)), buttons=rows)


def _provider(talk: Talk) -> Say:
    return Say(words("provider", talk.speaks), buttons=[[pressable(talk, "no_provider", "p:n")], [pressable(talk, "cancel", "x:")]])


def _provider_choice(talk: Talk) -> Say:
    rows = [[Button(name, f"p:{place}:{talk.tag}")] for place, (_, name) in enumerate(talk.draft["offered"])]
    return Say(words("provider_choice", talk.speaks), buttons=[*rows, [pressable(talk, "not_listed", "p:x")]])


def _matter(talk: Talk) -> Say:
    return Say(words("matter", talk.speaks), buttons=[[pressable(talk, "cancel", "x:")]])


def _kind(talk: Talk) -> Say:
    rows = [[Button(each.label.in_(talk.speaks), f"k:{each.code}:{talk.tag}")] for each in services("bot")]
    return Say(words("kind", talk.speaks), buttons=rows)


def _contact(talk: Talk) -> Say:
    rows = [[pressable(talk, "agree", "c:y")], [pressable(talk, "anonymous", "c:n")]]
    return Say(words("contact", talk.speaks), buttons=rows)


def _name(talk: Talk) -> Say:
    return Say(words("name", talk.speaks))


def _phone(talk: Talk) -> Say:
    return Say(words("phone", talk.speaks), keyboard=[[button("share_phone", talk.speaks)], [button("skip", talk.speaks)]], contact=True)


def _address(talk: Talk) -> Say:
    return Say(words("address", talk.speaks), buttons=[[pressable(talk, "skip", "na:")], [pressable(talk, "cancel", "x:")]])


def _disclosure(talk: Talk) -> Say:
    """The consent with its whole content, as the law wants it (No. 94-V art. 8(4))."""
    asked = consent("DISCLOSE_TO_PROVIDER", talk.speaks)
    text = "\n\n".join([asked.label, *(f"{term}: {content}" for term, content in asked.content)])
    return Say(text, buttons=[[pressable(talk, "disclose", "d:y")], [pressable(talk, "withhold", "d:n")]])


def _preview(talk: Talk) -> Say:
    draft, language = talk.draft, talk.speaks
    nobody, phone, provider = words("nobody", language), draft.get("phone"), draft.get("provider")
    applicant = ", ".join(filter(None, (draft.get("full_name"), mask_phone(phone) if phone else None, draft.get("address"))))
    if provider and "disclosed" in draft:
        provider = f"{provider} ({words('disclosed' if draft['disclosed'] else 'withheld', language)})"
    text = words(
        "preview",
        language,
        kind=form(draft["kind"], "bot").label.in_(language),
        region=regions()[draft["region"]].label.in_(language),
        provider=provider or nobody,
        applicant=applicant or nobody,
        text=draft["text"],
    )
    rows = [[pressable(talk, name, f"{code}:")] for name, code in (("confirm", "ok"), ("rewrite", "rw"), ("cancel", "x"))]
    return Say(text, buttons=rows)


def _why(talk: Talk) -> Say:
    return Say(words("why_unresolved", talk.speaks))


def _reply(talk: Talk) -> Say:
    return Say(words("write_reply", talk.speaks))


_QUESTIONS: Final = {
    MENU: _menu,
    "REGION": _region,
    "PROVIDER": _provider,
    "PROVIDER_CHOICE": _provider_choice,
    "MATTER": _matter,
    "KIND": _kind,
    "CONTACT": _contact,
    "NAME": _name,
    "PHONE": _phone,
    "ADDRESS": _address,
    "DISCLOSURE": _disclosure,
    "PREVIEW": _preview,
    "WHY": _why,
    "REPLY": _reply,
}
