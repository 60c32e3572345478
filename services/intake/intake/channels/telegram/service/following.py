"""What is said of appeals that were filed: their list, where each stands, its answer, the person's judgement and replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from intake.channels.telegram.service.prompts import MENU, ask, menu
from intake.channels.telegram.service.steps import Button, Find, Judge, Rate, ReadAnswer, ReadQuestion, Reply, Say, Show, Talk, Turn
from intake.channels.telegram.service.texts import button, words
from shared.domain.identifiers import InvalidNumber, RegistrationNumber
from shared.domain.labels import Language
from shared.domain.taxonomy import taxonomy

STEPS: Final = frozenset({"WHY", "REPLY"})
PRESSES: Final = frozenset({"a", "an", "ou", "od", "rt", "re"})
_ASKED: Final = frozenset({"AWAITING_APPLICANT", "NEEDS_FIX"})
_SCORES: Final = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Followed:
    """An appeal as its own chat sees it; `due` is a date in words."""

    appeal_id: UUID
    number: str
    status: str
    due: str


def back(talk: Talk) -> Talk:
    """Out of WHY and REPLY, to where the person was before."""
    if talk.step not in STEPS:
        return talk
    return talk.at(str(talk.draft["back"]), about=None, back=None)


def pressed(talk: Talk, code: str, value: str) -> Turn:
    """A button under a message about an appeal. Whose appeal it is, the one who does the work asks."""
    talk = back(talk)
    score, _, of = value.rpartition(".")
    try:
        appeal_id = UUID(hex=of)
    except ValueError:
        return Turn(talk, [Say(words("stale", talk.speaks))])
    if code == "a":
        return Turn(talk, effect=Show(appeal_id))
    if code == "an":
        return Turn(talk, effect=ReadAnswer(appeal_id))
    if code == "ou":
        return Turn(talk, effect=Judge(appeal_id, resolved=True))
    if code == "rt" and score in _SCORES:
        return Turn(talk, effect=Rate(appeal_id, int(score)))
    asking = talk.at("WHY" if code == "od" else "REPLY", about=appeal_id.hex, back=talk.step)
    return Turn(asking, [ask(asking)]) if code == "od" else Turn(asking, effect=ReadQuestion(appeal_id))


def said(talk: Talk, text: str) -> Turn:
    """The message that WHY or REPLY asked for."""
    appeal_id = UUID(hex=str(talk.draft["about"]))
    effect = Judge(appeal_id, resolved=False, reason=text) if talk.step == "WHY" else Reply(appeal_id, text)
    return Turn(back(talk), effect=effect)


def listed(talk: Talk, appeals: Sequence[Followed]) -> Turn:
    language = talk.speaks
    if not appeals:
        return Turn(talk, [Say(words("no_appeals", language), keyboard=menu(language) if talk.step == MENU else ())])
    rows = [[Button(f"{each.number} · {_status(each, language)}", f"a:{each.appeal_id.hex}")] for each in appeals]
    return Turn(talk, [Say(words("history", language), buttons=rows)])


def shown(talk: Talk, appeal: Followed | None) -> Turn:
    """Where an appeal stands, with what may be done; None: it is not this chat's."""
    if appeal is None:
        return impossible(talk)
    text = words("appeal", talk.speaks, number=appeal.number, status=_status(appeal, talk.speaks), due=appeal.due)
    return Turn(talk, [Say(text, buttons=actions(appeal.appeal_id, appeal.status, talk.speaks))])


def numbered(talk: Talk, text: str) -> Turn | None:
    """The search for the registration number that a message consists of, however it was pasted; None for any other message."""
    try:
        return Turn(talk, effect=Find(str(RegistrationNumber.parse(text))))
    except InvalidNumber:
        return None


def not_here(talk: Talk) -> Turn:
    """No appeal of this chat has the number that was written."""
    return Turn(talk, [Say(words("no_such_number", talk.speaks))])


def actions(appeal_id: UUID, status: str, language: Language) -> list[list[Button]]:
    """The buttons of an appeal in this status."""

    def one(name: str, code: str) -> Button:
        return Button(button(name, language), f"{code}:{appeal_id.hex}")

    if status == "ANSWERED":
        return [[one("read", "an")], [one("resolved", "ou"), one("unresolved", "od")]]
    if status == "CLOSED":
        return [[one("read", "an")], scores(appeal_id)]
    return [[one("reply", "re")]] if status in _ASKED else []


def scores(appeal_id: UUID) -> list[Button]:
    return [Button(score, f"rt:{score}.{appeal_id.hex}") for score in _SCORES]


def answered(talk: Talk, appeal_id: UUID, text: str | None, *, is_open: bool) -> Turn:
    """The answer's words; None: they cannot be fetched now. `is_open`: it waits for the person's judgement."""
    if text is None:
        return Turn(talk, [Say(words("answer_later", talk.speaks))])
    rows = actions(appeal_id, "ANSWERED", talk.speaks)[1:] if is_open else [scores(appeal_id)]
    return Turn(talk, [Say(text, buttons=rows)])


def questioned(talk: Talk, text: str | None) -> Turn:
    """The Fund's question and the wish for a reply; None: it cannot be fetched now, or nothing is asked."""
    return Turn(talk, [*([Say(text)] if text else []), ask(talk)])


def judged(talk: Talk, appeal_id: UUID, *, resolved: bool, followed_by: str | None) -> Turn:
    """After Judge; `followed_by` is the number of the appeal in which the matter goes on."""
    if resolved:
        return Turn(talk, [Say(words("confirmed", talk.speaks), buttons=[scores(appeal_id)])])
    if followed_by is None:
        return Turn(talk, [Say(words("goes_on", talk.speaks))])
    return Turn(talk, [Say(words("goes_on_as", talk.speaks, number=followed_by))])


def rated(talk: Talk) -> Turn:
    return Turn(talk, [Say(words("rated", talk.speaks))])


def replied(talk: Talk) -> Turn:
    return Turn(talk, [Say(words("replied", talk.speaks))])


def impossible(talk: Talk) -> Turn:
    return Turn(back(talk), [Say(words("not_possible", talk.speaks))])


def _status(appeal: Followed, language: Language) -> str:
    return taxonomy().statuses[appeal.status].label.in_(language)
