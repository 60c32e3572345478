"""The conversation as a pure state machine: from where it stands and what the person does to what is said and done.

An appeal is written in steps: REGION, PROVIDER, PROVIDER_CHOICE, MATTER, KIND, CONTACT, NAME, PHONE, ADDRESS, DISCLOSURE, PREVIEW; the form
says whether ADDRESS and DISCLOSURE are asked. MENU lies outside of it, and EXPIRED is a MENU whose draft was forgotten. WHY and REPLY ask
for one message about an appeal and then go back (`following`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from intake.channels.telegram.service import following
from intake.channels.telegram.service.prompts import MENU, PAGE, ask, choose_language, danger, menu, pressable, welcome
from intake.channels.telegram.service.steps import (
    Attached,
    Button,
    Edited,
    Event,
    File,
    Heard,
    History,
    InGroup,
    Left,
    Pressed,
    Said,
    Say,
    SharedContact,
    Suggest,
    Talk,
    Turn,
)
from intake.channels.telegram.service.texts import button, script, words
from intake.forms.service.definitions import form, services
from shared.domain.identifiers import holds_iin
from shared.domain.labels import LANGUAGES, Language
from shared.domain.phones import InvalidPhone, normalise_personal_phone
from shared.domain.regions import regions
from shared.domain.text import clean, shows_something
from shared.language.danger import speaks_of_danger

EXPIRED: Final = "EXPIRED"
_LONGEST: Final = {"PROVIDER": 300, "NAME": 200, "ADDRESS": 500}  # characters, as `AppealIn` takes them
_WITH_MATTER: Final = frozenset({"KIND", "CONTACT", "NAME", "PHONE", "ADDRESS", "DISCLOSURE", "PREVIEW"})
_ASKING_FOR_TEXT: Final = frozenset({"PROVIDER", "MATTER", "NAME", "PHONE", "ADDRESS", *following.STEPS})
_DISCLOSURE: Final = "DISCLOSE_TO_PROVIDER"


def turn(talk: Talk, event: Event, new_id: str) -> Turn:
    """What follows from an event. `new_id`: of an appeal that begins with it."""
    following = _once_an_album(talk, event, _turn(talk, event, new_id))
    return following.after(danger(talk)) if _is_alarming(event) else following


def too_late(talk: Talk, event: Event) -> Sequence[Say | Heard]:
    """What is said to an event that comes after something newer was done for good: it moves nothing."""
    if isinstance(event, Pressed):
        code, _, tag = _read(event)
        return _stale(talk, event, code, tag).says[:1]
    return [danger(talk)] if _is_alarming(event) else []


def _is_alarming(event: Event) -> bool:
    if isinstance(event, Attached):
        return speaks_of_danger(event.caption)
    return isinstance(event, Said | Edited) and speaks_of_danger(event.text)


def _once_an_album(talk: Talk, event: Event, following: Turn) -> Turn:
    """An album's files come one by one: the first is answered, and of the others those with a caption. The draft notes the latest album."""
    if not isinstance(event, Attached) or event.album is None:
        return following
    if event.album == talk.draft.get("album") and not event.caption:
        return Turn(talk)
    return replace(following, talk=following.talk.at(following.talk.step, album=event.album))


def _turn(talk: Talk, event: Event, new_id: str) -> Turn:
    if isinstance(event, Left):
        return Turn(talk, left=True)
    if isinstance(event, InGroup):
        return Turn(talk, [Say("\n\n".join(words("no_groups", each) for each in LANGUAGES[:2]))])
    if talk.step == EXPIRED:
        known = Talk(talk.language)
        return _turn(known, event, new_id).after(Say(words("expired", talk.speaks), keyboard=menu(talk.speaks)))
    if isinstance(event, Pressed):
        return _pressed(talk, event, new_id)
    if talk.language is None:
        return Turn(talk, [choose_language()])
    return _told(talk, event, new_id)


def _told(talk: Talk, event: Said | Edited | SharedContact | Attached, new_id: str) -> Turn:
    if isinstance(event, Said):
        return _said(talk, event, new_id)
    if isinstance(event, Edited):
        return _edited(talk, event)
    if isinstance(event, SharedContact):
        return _shared(talk, event)
    return _attached(talk, event, new_id)


def _attached(talk: Talk, event: Attached, new_id: str) -> Turn:
    """A file is not accepted; its caption is, where a text is asked for."""
    caption = clean(event.caption)
    if talk.step not in _ASKING_FOR_TEXT or not shows_something(caption):
        return Turn(talk, [Say(words("no_files", talk.speaks))])
    if holds_iin(caption):
        return Turn(talk, [Say(words("no_iin", talk.speaks))])
    taken = _said(talk, Said(event.message_id, caption.lstrip("/")), new_id)
    first = next((each for each in taken.says if isinstance(each, Say)), Say(""))
    noted = replace(first, text=f"{words('caption_only', talk.speaks)}\n\n{first.text}".rstrip())
    return replace(taken, says=[noted, *(each for each in taken.says if each is not first)])


def begin(talk: Talk, new_id: str, **known: Any) -> Turn:
    begun = replace(talk, step="REGION", draft={"id": new_id, **known})
    return Turn(begun, [ask(begun)])


def to_menu(talk: Talk, said: str) -> Turn:
    """Leave the draft behind; what was filed last stays known, for a button pressed twice."""
    kept = {name: value for name, value in talk.draft.items() if name in {"filed", "album"}}
    return Turn(replace(talk, step=MENU, draft=kept), [Say(words(said, talk.speaks), keyboard=menu(talk.speaks))])


def _said(talk: Talk, event: Said, new_id: str) -> Turn:
    text = clean(event.text)
    command = text.split()[0].partition("@")[0].lower() if text.startswith("/") else script().sent_by.get(text)
    if command is not None:
        return _commanded(talk, command, new_id)
    if holds_iin(text):
        return Turn(talk, [Say(words("no_iin", talk.speaks))])
    if not shows_something(text):
        return Turn(talk, [ask(talk)])
    if talk.step in following.STEPS:
        return following.said(talk, text)
    if len(text) > _LONGEST.get(talk.step, len(text)):
        return Turn(talk, [Say(words("too_long", talk.speaks))])
    return _written(talk, event.message_id, text)


def _written(talk: Talk, message_id: int, text: str) -> Turn:
    if talk.step == "PROVIDER":
        return Turn(talk.at("PROVIDER", typed=text), effect=Suggest(talk.draft["region"], text))
    if talk.step == "MATTER":
        return _asked(talk.at("PREVIEW" if talk.draft.get("kind_asked") else "KIND", text=text, text_id=message_id))
    if talk.step == "NAME":
        return _asked(talk.at("PHONE", full_name=text))
    if talk.step == "PHONE":
        return _phone(talk, text)
    if talk.step == "ADDRESS":
        return _address(talk, text)
    return (following.numbered(talk, text) if talk.step == MENU else None) or _use_buttons(talk)


def _use_buttons(talk: Talk) -> Turn:
    """The step's question again, in one message with the reason where its buttons are meant."""
    question = ask(talk)
    if talk.step == MENU or talk.step in _ASKING_FOR_TEXT:
        return Turn(talk, [question])
    return Turn(talk, [replace(question, text=f"{words('use_buttons', talk.speaks)}\n\n{question.text}")])


def _asked(talk: Talk) -> Turn:
    """Ask the step's question; one that is answered already, or that the form does not ask, is passed over."""
    if talk.step == "KIND" and talk.draft.get("kind"):
        talk = talk.at("CONTACT")
    if talk.step == "ADDRESS" and not _has(talk, "applicant.address"):
        talk = talk.at("DISCLOSURE")
    if talk.step == "DISCLOSURE" and not (talk.draft.get("provider") and _has(talk, f"consents.{_DISCLOSURE}")):
        talk = talk.at("PREVIEW")
    return Turn(talk, [ask(talk)])


def _has(talk: Talk, field: str) -> bool:
    return form(talk.draft["kind"], "bot").field(field) is not None


def _commanded(talk: Talk, command: str, new_id: str) -> Turn:
    if talk.step in following.STEPS:
        talk = following.back(talk)
        if command == "/cancel":
            return Turn(talk, [ask(talk)])
    if command in {"/start", "send"} and talk.step != MENU:
        offered = (("continue", "go"), ("anew", "new"), ("cancel", "x"))
        return Turn(talk, [Say(words("kept", talk.speaks), buttons=[[pressable(talk, name, f"{code}:")] for name, code in offered])])
    if command == "send":
        return begin(talk, new_id)
    if command == "/cancel":
        return to_menu(talk, "cancelled")
    if command == "history":
        return Turn(talk, effect=History())
    return Turn(talk, [_said_to(talk, command)])


def _said_to(talk: Talk, command: str) -> Say:
    """The answer to a command that changes nothing."""
    if command == "/start":
        return welcome(talk)
    if command in {"language", "/lang", "/language"}:
        return choose_language()
    if command in script().sections:
        return Say(words(command, talk.speaks), buttons=[[Button(button("ask", talk.speaks), f"ask:{command}")]])
    return ask(talk)


def _edited(talk: Talk, event: Edited) -> Turn:
    """The matter may be changed until the appeal is sent; nothing else is read again."""
    if talk.step in _WITH_MATTER and talk.draft.get("text_id") == event.message_id:
        if holds_iin(event.text):
            return Turn(talk, [Say(words("no_iin", talk.speaks))])
        text = clean(event.text)
        if not shows_something(text):
            return Turn(talk, [Say(words("edit_late", talk.speaks))])
        changed = talk.at(talk.step, text=text)
        return Turn(changed, [ask(changed) if talk.step == "PREVIEW" else Say(words("edit_taken", talk.speaks))])
    if event.is_caption and talk.step in {"MATTER", *following.STEPS}:
        return _attached(talk, Attached(event.message_id, event.text), "")
    return Turn(talk, [Say(words("edit_late", talk.speaks))])


def _shared(talk: Talk, event: SharedContact) -> Turn:
    if talk.step != "PHONE":
        return _use_buttons(talk)
    if not event.is_own:
        return Turn(talk, [Say(words("not_own_phone", talk.speaks))])
    return _phone(talk, event.phone if event.phone.startswith("+") else f"+{event.phone}")


def _phone(talk: Talk, typed: str) -> Turn:
    if typed == button("skip", talk.speaks):
        return _thanked(talk.at("ADDRESS"))
    try:
        return _thanked(talk.at("ADDRESS", phone=normalise_personal_phone(typed)))
    except InvalidPhone:
        return Turn(talk, [Say(words("bad_phone", talk.speaks))])


def _thanked(talk: Talk) -> Turn:
    """The keyboard that shared the number gives way to the menu's."""
    return _asked(talk).after(Say(words("thanks", talk.speaks), keyboard=menu(talk.speaks)))


def _address(talk: Talk, typed: str) -> Turn:
    return _asked(talk.at("DISCLOSURE", address=None if typed == button("skip", talk.speaks) else typed))


def _pressed(talk: Talk, event: Pressed, new_id: str) -> Turn:
    code, value, tag = _read(event)
    heard = Heard(event.query_id)
    if code == "l" and value in LANGUAGES:
        return _language(talk, value).after(heard)
    if talk.language is None:
        return Turn(talk, [heard, choose_language()])
    if code in following.PRESSES:
        return following.pressed(talk, code, value).after(heard)
    done = _of_draft(following.back(talk), code, value, tag, new_id)
    return _stale(talk, event, code, tag) if done is None else done.after(heard)


def _read(press: Pressed) -> tuple[str, str, str]:
    """What a button stands for, its value, and the appeal that was being written."""
    code, value, tag = (*press.data.split(":"), "", "")[:3]
    return code, value, tag


def _of_draft(talk: Talk, code: str, value: str, tag: str, new_id: str) -> Turn | None:
    """A button of the appeal that is being written, or one that begins it; None where it stands for nothing now."""
    if code == "ask" and value in script().sections and talk.step == MENU:
        return begin(talk, new_id, kind="CONSULTATION", topic=script().sections[value])
    if not tag or tag != talk.tag:
        return None
    if code == "new":
        return begin(talk, new_id)
    steps, act = _PRESSES.get(code, (_ANY, None))
    return act(talk, value) if act is not None and (talk.step in steps or not steps) else None


def _stale(talk: Talk, event: Pressed, code: str, tag: str) -> Turn:
    """A button of another step or an older appeal: said kindly, and where the person stands now."""
    done: Mapping[str, str] = talk.draft.get("filed", {})
    if code == "ok" and tag and done.get("tag") == tag:
        return Turn(talk, [Heard(event.query_id, words("already_filed", talk.speaks, number=done["number"]))])
    return Turn(talk, [Heard(event.query_id, words("stale", talk.speaks)), *([] if talk.step == MENU else [ask(talk)])])


def _language(talk: Talk, value: str) -> Turn:
    language: Language = next(each for each in LANGUAGES if each == value)
    is_first = talk.language is None
    talk = replace(talk, language=language)
    if is_first or talk.step == MENU:
        return Turn(talk, [welcome(talk) if is_first else ask(talk)])
    return Turn(talk, [Say(words("menu", language), keyboard=menu(language)), ask(talk)])


def _page(talk: Talk, value: str) -> Turn:
    changed = talk.at("REGION", **{PAGE: int(value) if value in {"0", "1"} else 0})
    return Turn(changed, [ask(changed)])


def _region(talk: Talk, value: str) -> Turn:
    if value not in regions():
        return Turn(talk, [ask(talk)])
    return _asked(talk.at("PROVIDER", region=value))


def _provider(talk: Talk, value: str) -> Turn:
    """One of the suggestions by its place; `x`: none of them; `n`: the matter is nobody's in particular."""
    offered = talk.draft.get("offered", [])
    if value.isdecimal() and int(value) < len(offered):
        provider_id, name = offered[int(value)]
        return _asked(talk.at("MATTER", provider_id=provider_id, provider=name))
    if value == "x" and talk.draft.get("typed"):
        return _asked(talk.at("MATTER", provider_id=None, provider=talk.draft["typed"]))
    return _asked(talk.at("MATTER", provider_id=None, provider=None))


def _kind(talk: Talk, value: str) -> Turn:
    return _asked(talk.at("CONTACT", kind=value)) if value in {each.code for each in services("bot")} else Turn(talk, [ask(talk)])


def _contact(talk: Talk, value: str) -> Turn:
    if value == "y":
        return _asked(talk.at("NAME", consented=True, kind_asked=True))
    return _asked(talk.at("DISCLOSURE", consented=False, full_name=None, phone=None, address=None, kind_asked=True))


def _without_address(talk: Talk, _value: str) -> Turn:
    return _asked(talk.at("DISCLOSURE", address=None))


def _disclosure(talk: Talk, value: str) -> Turn:
    return _asked(talk.at("PREVIEW", disclosed=value == "y"))


def _rewrite(talk: Talk, _value: str) -> Turn:
    return _asked(talk.at("MATTER"))


def _send(talk: Talk, _value: str) -> Turn:
    draft = talk.draft
    service = form(draft["kind"], "bot")
    provider_id, named = draft.get("provider_id"), draft.get("provider")
    personal = {name: draft[name] for name in ("full_name", "phone", "address") if draft.get(name)}
    consented = {"PROCESSING": bool(personal), _DISCLOSURE: draft.get("disclosed", False)}
    appeal = {
        "language": talk.speaks,
        "kind": service.kind,
        "statutory_form": service.statutory_form,
        "topic": draft.get("topic"),
        "region": draft["region"],
        "provider": {"provider_id": provider_id} if provider_id else {"name": named} if named else None,
        "text": draft["text"],
        "applicant": personal,
        "consents": [code for code, is_given in consented.items() if is_given],
        "answer_by": "TELEGRAM",
    }
    return Turn(talk, effect=File(str(draft["id"]), appeal))


_ANY: Final[frozenset[str]] = frozenset()
_PRESSES: Final[Mapping[str, tuple[frozenset[str], Callable[[Talk, str], Turn]]]] = {
    "rp": (frozenset({"REGION"}), _page),
    "r": (frozenset({"REGION"}), _region),
    "p": (frozenset({"PROVIDER", "PROVIDER_CHOICE"}), _provider),
    "k": (frozenset({"KIND"}), _kind),
    "c": (frozenset({"CONTACT"}), _contact),
    "na": (frozenset({"ADDRESS"}), _without_address),
    "d": (frozenset({"DISCLOSURE"}), _disclosure),
    "ok": (frozenset({"PREVIEW"}), _send),
    "rw": (frozenset({"PREVIEW"}), _rewrite),
    "x": (_ANY, lambda talk, _value: to_menu(talk, "cancelled")),
    "go": (_ANY, lambda talk, _value: Turn(talk, [ask(talk)])),
}
"""What a button of the appeal that is being written does, and in which steps (none named: in any)."""


def suggested(talk: Talk, sure: tuple[str, str] | None, offered: list[tuple[str, str]]) -> Turn:
    """After Suggest: ids and names of organisations, best first; `sure` is the one that can only be meant."""
    if sure is not None:
        return _asked(talk.at("MATTER", provider_id=sure[0], provider=sure[1]))
    if not offered:
        return _asked(talk.at("MATTER", provider_id=None, provider=talk.draft["typed"]))
    return _asked(talk.at("PROVIDER_CHOICE", offered=[list(each) for each in offered]))


def filed(talk: Talk, number: str, **values: str) -> Turn:
    """After File: the talon, as the words `filed` name its values."""
    talon = words("filed", talk.speaks, number=number, **values)
    if speaks_of_danger(talk.draft["text"]):
        talon = f"{words('danger', talk.speaks)}\n\n{talon}"
    said = Say(talon, keyboard=menu(talk.speaks))
    return Turn(replace(talk, step=MENU, draft={"filed": {"tag": talk.tag, "number": number}}), [said])


def not_filed(talk: Talk) -> Turn:
    return Turn(talk, [Say(words("not_filed", talk.speaks)), ask(talk)])


def filed_before(talk: Talk) -> Turn:
    """The appeal was registered with other words before an interruption: what is registered stands, and is listed."""
    return Turn(replace(talk, step=MENU, draft={}), effect=History())
