"""The question whether an offer of a provider holds: its two buttons, and the replies to an answer."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from intake.channels.telegram.service.steps import AnswerOffer, BotReply, Button, Buttons, ConversationState, StepResult
from intake.channels.telegram.service.texts import button_label, text_of
from intake.register.codes import OfferKind
from shared.domain.labels import Language

BUTTON_CODES: Final = {"py": True, "pn": False}
"""The codes of the buttons, with the answer that each gives."""


_THANKS: Final[Mapping[OfferKind, tuple[str, str]]] = {
    OfferKind.PROPOSAL: ("solved", "unsolved"),
    OfferKind.COMMITMENT: ("promise_kept", "promise_broken"),
    OfferKind.CONSENT: ("consent_given", "consent_refused"),
}
"""The texts that thank for a yes and for a no."""


def answer_buttons(offer_id: UUID, language: Language) -> Buttons:
    """Return the buttons under the question."""
    return [[Button(button_label("yes", language), f"py:{offer_id.hex}"), Button(button_label("no", language), f"pn:{offer_id.hex}")]]


def press(state: ConversationState, code: str, value: str) -> StepResult:
    """Handle a button under the question. The action checks that the offer is about an appeal of the chat."""
    try:
        offer_id = UUID(hex=value)
    except ValueError:
        return StepResult(state, [BotReply(text_of("stale", state.shown_language))])
    return StepResult(state, action=AnswerOffer(offer_id, BUTTON_CODES[code]))


def answered(state: ConversationState, offer_id: UUID, kind: OfferKind, *, yes: bool, seconds: int) -> StepResult:
    """Return the thanks for an answer, with a button to change it during the next `seconds`."""
    language = state.shown_language
    name = _THANKS[kind][0 if yes else 1]
    code, label = ("pn", "change_to_no") if yes else ("py", "change_to_yes")
    change = [[Button(button_label(label, language), f"{code}:{offer_id.hex}")]] if seconds else []
    note = text_of("changeable", language, seconds=str(seconds)) if seconds else ""
    return StepResult(state, [BotReply("\n\n".join(filter(None, (text_of(name, language), note))), buttons=change)])


def answered_before(state: ConversationState) -> StepResult:
    """Return the reply to an answer that comes too late to be changed."""
    return StepResult(state, [BotReply(text_of("offer_answered", state.shown_language))])
